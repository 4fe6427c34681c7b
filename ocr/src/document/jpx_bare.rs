/// Copies a JPEG 2000 file without what its camera and its editors wrote into it (XMP, UUID and XML boxes, ISO/IEC 15444-1,
/// annex I), if it is one that PDF/A-2 takes without a look inside; else `None`. The coded pixels are the same, byte by byte.
pub(super) fn plain_jpx(file: &[u8]) -> Option<Vec<u8>> {
    if !is_plain(file) {
        return None;
    }
    let mut bare = Vec::with_capacity(file.len());
    for (kind, content) in boxes(file) {
        match kind {
            b"jP  " | b"ftyp" | b"jp2c" => push_box(&mut bare, kind, content)?,
            b"jp2h" => {
                let mut header = Vec::new();
                for (kind, content) in boxes(content).filter(|(kind, _)| matches!(*kind, b"ihdr" | b"bpcc" | b"colr")) {
                    push_box(&mut header, kind, content)?;
                }
                push_box(&mut bare, kind, &header)?;
            }
            _ => {}
        }
    }
    find_box(&bare, b"jp2c").is_some().then_some(bare)
}

fn push_box(bare: &mut Vec<u8>, kind: &[u8], content: &[u8]) -> Option<()> {
    bare.extend(u32::try_from(content.len() + 8).ok()?.to_be_bytes());
    bare.extend_from_slice(kind);
    bare.extend_from_slice(content);
    Some(())
}

/// Says whether a JPEG 2000 file is one that PDF/A-2 takes without a look inside (ISO 19005-2, 6.2.8.3): one colour
/// space, which it lists by number as sRGB, grey or sYCC; grey or three colours; no palette, nothing clear.
fn is_plain(file: &[u8]) -> bool {
    const SIGNATURE: &[u8] = b"\0\0\0\x0cjP  \r\n\x87\n";
    let Some(header) = file.starts_with(SIGNATURE).then(|| find_box(file, b"jp2h")).flatten() else { return false };
    let has_plain_pixels = find_box(header, b"ihdr").is_some_and(|box_| {
        let colors = box_.get(8..10).map(|count| u16::from_be_bytes([count[0], count[1]]));
        // 255: each channel has bits of its own
        matches!(colors, Some(1 | 3)) && box_.get(10).is_some_and(|bits| *bits != 255)
    });
    let spaces: Vec<&[u8]> = boxes(header).filter(|(kind, _)| *kind == b"colr").map(|(_, content)| content).collect();
    let has_plain_colors = matches!(spaces[..], [[1, _, _, 0, 0, 0, 16..=18]]);
    let has_more = [&b"pclr"[..], b"cmap", b"cdef"].iter().any(|kind| find_box(header, kind).is_some());
    has_plain_pixels && has_plain_colors && !has_more
}

fn find_box<'a>(data: &'a [u8], kind: &[u8]) -> Option<&'a [u8]> {
    boxes(data).find(|(name, _)| *name == kind).map(|(_, content)| content)
}

/// Walks the boxes of a JPEG 2000 file: length, kind, content.
fn boxes(mut rest: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    std::iter::from_fn(move || {
        let [l3, l2, l1, l0, ..] = *rest else { return None };
        let length = match u32::from_be_bytes([l3, l2, l1, l0]) as usize {
            0 => rest.len(),
            length => length,
        };
        let (whole, behind) = rest.split_at_checked(length)?;
        rest = behind;
        Some((whole.get(4..8)?, whole.get(8..)?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn box_of(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len() + 8).unwrap().to_be_bytes();
        [&length[..], kind, content].concat()
    }

    fn jpx(colors: u8, header: &[Vec<u8>]) -> Vec<u8> {
        let pixels = box_of(b"ihdr", &[0, 0, 0, 9, 0, 0, 0, 9, 0, colors, 7, 7, 0, 0]);
        let header = box_of(b"jp2h", &[pixels, header.concat()].concat());
        [box_of(b"jP  ", b"\r\n\x87\n"), box_of(b"ftyp", b"jp2 "), header].concat()
    }

    #[test]
    fn jpeg_2000_is_taken_when_its_colours_are_known() {
        let rgb = box_of(b"colr", &[1, 0, 0, 0, 0, 0, 16]);
        assert!(is_plain(&jpx(3, std::slice::from_ref(&rgb))));
        assert!(!is_plain(&jpx(4, std::slice::from_ref(&rgb))), "something is clear");
        assert!(!is_plain(&jpx(3, &[rgb.clone(), rgb.clone()])), "two spaces");
        assert!(!is_plain(&jpx(3, &[rgb, box_of(b"pclr", b"")])), "a palette");
        assert!(!is_plain(&jpx(3, &[box_of(b"colr", &[2, 0, 0, 1, 2, 3])])), "a profile");
        assert!(!is_plain(b"\xff\x4f\xff\x51"), "bare code");
        assert!(!is_plain(&[]) && !is_plain(&jpx(3, &[vec![0, 0, 0, 3]])));
    }

    #[test]
    fn what_an_editor_wrote_is_gone_and_the_pixels_are_the_same() {
        let rgb = box_of(b"colr", &[1, 0, 0, 0, 0, 0, 16]);
        let told = box_of(b"xml ", b"<gps>CANARY</gps>");
        let head = jpx(3, &[rgb, told.clone()]);
        let file =
            [head.clone(), told, box_of(b"uuid", b"CANARY"), box_of(b"jp2c", b"coded"), b"CANARY".to_vec()].concat();
        let bare = plain_jpx(&file).expect("plain");
        assert!(!bare.windows(6).any(|six| six == b"CANARY"));
        assert_eq!((find_box(&bare, b"jp2c"), is_plain(&bare)), (Some(&b"coded"[..]), true));
        assert_eq!(plain_jpx(&head), None, "no pixels");
        // the length 0: up to the end of the file
        let open = [head, vec![0, 0, 0, 0], b"jp2ccoded".to_vec()].concat();
        assert_eq!(find_box(&plain_jpx(&open).expect("plain"), b"jp2c"), Some(&b"coded"[..]));
    }
}
