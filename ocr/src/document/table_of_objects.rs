use super::PDF_HEADER;

/// Says whether a PDF's table of objects is where its end says, counted from the start of the file or from the header
/// behind some junk; otherwise the renderer took for objects what looks like some.
pub(super) fn is_found(bytes: &[u8]) -> bool {
    const POINTER: &[u8] = b"startxref";
    let Some(at) = bytes.windows(POINTER.len()).rposition(|window| window == POINTER) else { return false };
    let Some((offset, _)) = split_number(&bytes[at + POINTER.len()..]) else { return false };
    let header = header_offset(bytes);
    [offset, offset.saturating_add(header)].iter().any(|&at| bytes.get(at..).is_some_and(is_table))
}

/// Finds where the header stands: behind 1,024 bytes of junk at most (PDF 1.7, appendix H.3, note 13).
pub(crate) fn header_offset(bytes: &[u8]) -> usize {
    let head = &bytes[..bytes.len().min(1024 + PDF_HEADER.len())];
    head.windows(PDF_HEADER.len()).position(|window| window == PDF_HEADER).unwrap_or(0)
}

/// A table begins with a word; a stream of objects with its own numbers.
fn is_table(bytes: &[u8]) -> bool {
    let has_numbers = || {
        let (_, rest) = split_number(bytes)?;
        let (_, rest) = split_number(rest)?;
        Some(rest.trim_ascii_start().starts_with(b"obj"))
    };
    bytes.trim_ascii_start().starts_with(b"xref") || has_numbers() == Some(true)
}

fn split_number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let bytes = bytes.trim_ascii_start();
    let (digits, rest) = bytes.split_at(bytes.iter().take_while(|byte| byte.is_ascii_digit()).count());
    Some((std::str::from_utf8(digits).ok()?.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_found_where_the_end_says() {
        let stream = |number: usize| format!("%PDF-1.7\n4 0 obj\n<</Type/XRef>>\nendobj\nstartxref\n{number}\n%%EOF");
        assert!(is_found(stream(9).as_bytes()));
        assert!(is_found(b"%PDF-1.4\n\nxref\n0 0\nstartxref 9 %%EOF"));
        // a header behind junk
        assert!(is_found(format!("junk {}", stream(9)).as_bytes()));
        assert!(is_found(format!("junk {}", stream(14)).as_bytes()));
        for broken in [&*stream(17), &stream(999), &stream(9)[..30], "startxref\nx\n", ""] {
            assert!(!is_found(broken.as_bytes()), "{broken}");
        }
    }
}
