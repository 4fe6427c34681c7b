//! What a browser says that it is, reduced to words of two short lists: enough to know one's own machines again, and nothing
//! that somebody could be followed by.

use http::{HeaderMap, header::USER_AGENT};

/// The first that occurs counts: many browsers name those that they are like.
const BROWSERS: [(&str, &str); 7] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
];

const SYSTEMS: [(&str, &str); 7] = [
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iOS"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

/// Names the browser and the system, such as "Firefox on Linux"; `None`: neither is known.
pub(crate) fn device(headers: &HeaderMap) -> Option<String> {
    let agent = headers.get(USER_AGENT)?.to_str().ok()?;
    let find =
        |list: &[(&str, &'static str)]| list.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name);
    match (find(&BROWSERS), find(&SYSTEMS)) {
        (Some(browser), Some(system)) => Some(format!("{browser} on {system}")),
        (Some(one), None) | (None, Some(one)) => Some(one.to_owned()),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_told_apart_and_nothing_else_is_kept() {
        let of = |agent: &str| device(&HeaderMap::from_iter([(USER_AGENT, agent.parse().expect("a header"))]));
        let like = "AppleWebKit/537.36 (KHTML, like Gecko)";
        for (agent, name) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", Some("Firefox on Linux")),
            (&format!("Mozilla/5.0 (Windows NT 10.0) {like} Chrome/140.0 Safari/537.36"), Some("Chrome on Windows")),
            (&format!("Mozilla/5.0 (Windows NT 10.0) {like} Chrome/1 Safari/5 Edg/140"), Some("Edge on Windows")),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", Some("Safari on iOS")),
            ("Mozilla/5.0 (Linux; Android 15; Pixel of Ada) Chrome/140", Some("Chrome on Android")),
            ("curl/8.5.0", None),
            ("<script>Linux</script>", Some("Linux")),
        ] {
            assert_eq!(of(agent).as_deref(), name, "{agent}");
        }
        assert_eq!(device(&HeaderMap::new()), None);
    }
}
