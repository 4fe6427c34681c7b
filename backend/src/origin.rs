//! Which site a request comes from: the second wall, behind `SameSite=Strict`, against forged requests.

use http::{HeaderMap, HeaderValue, Uri, header::ORIGIN};

use crate::Error;

/// The public address of this server.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    /// Scheme, host and port as browsers write them in `Origin`: lower case, without the default port.
    origin: String,
}

impl Site {
    pub(crate) fn new(public_url: &str) -> Result<Self, Error> {
        let wrong = || Error::PublicUrl(public_url.to_owned());
        let uri: Uri = public_url.parse().map_err(|_| wrong())?;
        let host = uri.host().filter(|_| uri.scheme_str() == Some("https")).ok_or_else(wrong)?.to_ascii_lowercase();
        let origin = match uri.port_u16() {
            None | Some(443) => format!("https://{host}"),
            Some(port) => format!("https://{host}:{port}"),
        };
        Ok(Self { origin })
    }

    /// Gives the address of this site, for links that are sent to somebody.
    pub(crate) fn address(&self) -> &str {
        &self.origin
    }

    /// Gives the address that a plain request for this path belongs to.
    pub(crate) fn address_of(&self, uri: &Uri) -> String {
        format!("{}{}", self.origin, uri.path_and_query().map_or("/", |path| path.as_str()))
    }

    /// Says whether a browser says that the request comes from our own pages.
    pub(crate) fn is_origin_of(&self, headers: &HeaderMap) -> bool {
        headers.get(ORIGIN).is_some_and(|origin| origin.as_bytes() == self.origin.as_bytes())
    }

    /// Says whether a request may be answered: it comes from our pages, or from no browser at all. What changes nothing may also be
    /// opened from elsewhere, as a whole page; cookies don't come with that (`SameSite=Strict`).
    pub(crate) fn may_ask(&self, headers: &HeaderMap, is_safe: bool) -> bool {
        if headers.contains_key(ORIGIN) {
            return self.is_origin_of(headers);
        }
        let says = |name: &str, wanted: &[u8]| headers.get(name).is_some_and(|value| value.as_bytes() == wanted);
        match headers.get("sec-fetch-site").map(HeaderValue::as_bytes) {
            None | Some(b"same-origin") => true,
            Some(b"none") => is_safe,
            _ => is_safe && says("sec-fetch-mode", b"navigate") && says("sec-fetch-dest", b"document"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value"))).collect()
    }

    #[test]
    fn the_origin_is_written_as_browsers_do() {
        assert_eq!(Site::new("https://Scan.Example:443/").expect("good").origin, "https://scan.example");
        assert_eq!(Site::new("https://localhost:8443").expect("good").origin, "https://localhost:8443");
        assert!(Site::new("http://localhost").is_err());
        assert!(Site::new("https://").is_err());
    }

    #[test]
    fn only_our_pages_and_programs_may_change() {
        let site = Site::new("https://localhost:8443").expect("good");
        assert!(site.may_ask(&headers(&[("origin", "https://localhost:8443")]), false));
        assert!(site.may_ask(&headers(&[]), false));
        assert!(site.may_ask(&headers(&[("sec-fetch-site", "same-origin")]), false));
        for foreign in [
            &[("origin", "https://localhost:8444")][..],
            &[("origin", "null")],
            &[("origin", "https://localhost:8443.evil.example")],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "none")],
            &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")],
        ] {
            assert!(!site.may_ask(&headers(foreign), false), "{foreign:?}");
        }
    }

    #[test]
    fn other_pages_may_lead_here_and_not_look() {
        let site = Site::new("https://localhost:8443").expect("good");
        let cross = ("sec-fetch-site", "cross-site");
        let navigation = [cross, ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
        assert!(site.may_ask(&headers(&navigation), true));
        assert!(site.may_ask(&headers(&[("sec-fetch-site", "none")]), true));
        for foreign in [
            &[cross][..],
            &[("sec-fetch-site", "same-site")],
            &[cross, ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")],
            &[cross, ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")],
            &[("origin", "https://evil.example")],
        ] {
            assert!(!site.may_ask(&headers(foreign), true), "{foreign:?}");
        }
    }
}
