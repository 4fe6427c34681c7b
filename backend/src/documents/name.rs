//! File names as people gave them, made harmless. They are sealed with the document and never logged.

const MAX_CHARS: usize = 255;

/// Used when nothing is left of a name.
const NAMELESS: &str = "document";

/// Takes the last part of a path, without control characters and without marks that turn the direction of writing,
/// which make `fdp.exe` look like `exe.pdf`.
pub(super) fn clean_name(raw: Option<&str>) -> String {
    let raw = raw.unwrap_or_default();
    let last = raw.rsplit(['/', '\\']).next().unwrap_or_default();
    // Browsers write a quotation mark in a part's header as %22 (WHATWG HTML, multipart/form-data).
    let last = last.replace("%22", "\"");
    let clean: String = last.chars().filter(|c| !c.is_control() && !turns_direction(*c)).take(MAX_CHARS).collect();
    match clean.trim() {
        "" | "." | ".." => NAMELESS.to_owned(),
        name => name.to_owned(),
    }
}

fn turns_direction(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_become_harmless() {
        for (raw, clean) in [
            (Some("scan.pdf"), "scan.pdf"),
            (Some("../../etc/passwd"), "passwd"),
            (Some("C:\\Users\\me\\Röntgen 1.pdf"), "Röntgen 1.pdf"),
            (Some("a\r\nSet-Cookie: x.pdf"), "aSet-Cookie: x.pdf"),
            (Some("x\u{202e}fdp.exe"), "xfdp.exe"),
            (Some("say %22hi%22.pdf"), "say \"hi\".pdf"),
            (Some("nul\0.pdf"), "nul.pdf"),
            (Some("folder/"), "document"),
            (Some(".."), "document"),
            (Some("  "), "document"),
            (None, "document"),
        ] {
            assert_eq!(clean_name(raw), clean, "{raw:?}");
        }
        assert_eq!(clean_name(Some(&"ü".repeat(400))).chars().count(), MAX_CHARS);
    }
}
