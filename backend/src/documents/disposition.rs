//! `Content-Disposition: attachment` with any name (RFC 6266, RFC 8187).

use std::fmt::Write;

use http::HeaderValue;

/// Makes the header: a plain name for old clients, the real one for all others.
pub(super) fn attachment(name: &str) -> HeaderValue {
    let plain: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    let mut encoded = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(byte.into());
        } else {
            // Writing to a string can't fail.
            write!(encoded, "%{byte:02X}").ok();
        }
    }
    let value = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}");
    HeaderValue::try_from(value).unwrap_or(HeaderValue::from_static("attachment"))
}

/// Replaces the file name's extension, if it has one, as in `scan.pdf` → `scan.txt`.
pub(super) fn with_extension(name: &str, extension: &str) -> String {
    let stem = match name.rsplit_once('.') {
        Some((stem, old)) if !stem.is_empty() && old.len() <= 5 => stem,
        _ => name,
    };
    format!("{stem}.{extension}")
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || " -_.()+,=@".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_breaks_out_of_the_header() {
        for (name, header) in [
            ("scan 1.pdf", r#"attachment; filename="scan 1.pdf"; filename*=UTF-8''scan%201.pdf"#),
            ("a\"; x=y.pdf", r#"attachment; filename="a__ x=y.pdf"; filename*=UTF-8''a%22%3B%20x%3Dy.pdf"#),
            ("Ärzte.pdf", r#"attachment; filename="_rzte.pdf"; filename*=UTF-8''%C3%84rzte.pdf"#),
            ("a\r\nb", r#"attachment; filename="a__b"; filename*=UTF-8''a%0D%0Ab"#),
            ("%41\\", r#"attachment; filename="_41_"; filename*=UTF-8''%2541%5C"#),
        ] {
            assert_eq!(attachment(name), header);
        }
    }

    #[test]
    fn the_extension_tells_what_is_inside() {
        assert_eq!(with_extension("scan.pdf", "txt"), "scan.txt");
        assert_eq!(with_extension("v1.2 of the report", "txt"), "v1.2 of the report.txt");
        assert_eq!(with_extension(".pdf", "json"), ".pdf.json");
        assert_eq!(with_extension("scan", "json"), "scan.json");
    }
}
