use super::jpeg::next_segment;

/// Copies a JPEG without what its camera and its editors wrote into it: EXIF with place and time, XMP, IPTC, comments,
/// thumbnails, and whatever lies behind its end. What decoders need stays: JFIF, the ICC profile, Adobe's colour marker. The
/// coded pixels are the same, byte by byte (ITU T.81 §B.1.1.3 and §B.2.4.6: application data and comments).
pub(crate) fn without_metadata(bytes: &[u8]) -> Vec<u8> {
    let mut bare = Vec::with_capacity(bytes.len());
    let (mut at, mut copied) = (2.min(bytes.len()), 0);
    while let Some((marker, segment)) = next_segment(bytes, &mut at) {
        if marker == 0xd9 {
            bare.extend_from_slice(&bytes[copied..at]);
            return bare;
        }
        let kept = match marker {
            0xe0 if segment.starts_with(b"JFIF\0") && segment.len() > JFIF_LEN => {
                // the last two bytes are the size of a thumbnail
                Kept::Instead([&segment[..JFIF_LEN - 2], &[0, 0]].concat())
            }
            0xe0 => Kept::or_dropped(segment.starts_with(b"JFIF\0")),
            0xe2 => Kept::or_dropped(segment.starts_with(b"ICC_PROFILE\0")),
            0xee if segment.starts_with(b"Adobe") && segment.len() > ADOBE_LEN => {
                Kept::Instead(segment[..ADOBE_LEN].to_vec())
            }
            0xee => Kept::or_dropped(segment.starts_with(b"Adobe")),
            0xe1..=0xef | 0xfe => Kept::Nothing,
            _ => Kept::All,
        };
        if kept == Kept::All {
            continue;
        }
        // marker and length, two bytes each, stand before it
        bare.extend_from_slice(&bytes[copied..at - segment.len() - 4]);
        copied = at;
        if let Kept::Instead(content) = kept {
            bare.extend_from_slice(&[0xff, marker]);
            bare.extend_from_slice(&u16::try_from(content.len() + 2).unwrap_or_default().to_be_bytes());
            bare.extend_from_slice(&content);
        }
    }
    bare.extend_from_slice(&bytes[copied..]);
    bare
}

/// Length of a JFIF header without thumbnail.
const JFIF_LEN: usize = 14;

/// Length of Adobe's colour marker: its name, a version, two words of flags, and how colours are coded.
const ADOBE_LEN: usize = 12;

#[derive(PartialEq, Eq)]
enum Kept {
    All,
    Instead(Vec<u8>),
    Nothing,
}

impl Kept {
    const fn or_dropped(is_needed: bool) -> Self {
        if is_needed { Self::All } else { Self::Nothing }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len() + 2).expect("short").to_be_bytes();
        [&[0xff, marker], length.as_slice(), content].concat()
    }

    fn a_jpeg() -> Vec<u8> {
        let mut bytes = Vec::new();
        let pixels: Vec<u8> = (0..64 * 48 * 3_usize).map(|index| u8::try_from(index % 251).expect("byte")).collect();
        jpeg_encoder::Encoder::new(&mut bytes, 80)
            .encode(&pixels, 64, 48, jpeg_encoder::ColorType::Rgb)
            .expect("coded");
        bytes
    }

    #[test]
    fn what_a_camera_wrote_is_gone_and_the_pixels_are_the_same() {
        let plain = a_jpeg();
        let first = {
            let mut at = 2;
            next_segment(&plain, &mut at).expect("JFIF");
            at
        };
        let thumbnail = [b"JFIF\0\x01\x01\0\0\x48\0\x48\x01\x01".as_slice(), b"CANARY!!!"].concat();
        let dirty = [
            &plain[..2],
            &segment(0xe0, &thumbnail)[..],
            &segment(0xe0, b"JFXX\0CANARY"),
            &segment(0xe1, b"Exif\0\0CANARY 52.5 N 13.4 E"),
            &segment(0xe1, b"http://ns.adobe.com/xap/1.0/\0CANARY"),
            &segment(0xe2, b"MPF\0CANARY"),
            &segment(0xe2, b"ICC_PROFILE\0\x01\x01kept"),
            &segment(0xed, b"Photoshop 3.0\0CANARY"),
            &segment(0xee, b"Adobe\0d\0\0\0\0\x01CANARY"),
            &segment(0xfe, b"CANARY"),
            &plain[first..],
            b"CANARY of a film behind the picture",
        ]
        .concat();
        let bare = without_metadata(&dirty);
        assert!(!bare.windows(6).any(|window| window == b"CANARY"));
        for kept in [b"JFIF\0".as_slice(), b"ICC_PROFILE\0\x01\x01kept", b"\0\x0eAdobe\0d\0\0\0\0\x01"] {
            assert!(bare.windows(kept.len()).any(|window| window == kept));
        }
        assert!(bare.ends_with(&plain[first..]));
        let decode = |bytes: &[u8]| zune_jpeg::JpegDecoder::new(zune_core::bytestream::ZCursor::new(bytes)).decode();
        assert_eq!(decode(&bare).expect("decoded").len(), decode(&plain).expect("decoded").len());
        assert_eq!(without_metadata(&bare), bare, "nothing more to take away");
    }

    #[test]
    fn what_is_no_jpeg_or_ends_early_does_no_harm() {
        let plain = a_jpeg();
        for length in 0..plain.len() {
            let bare = without_metadata(&plain[..length]);
            assert!(bare.len() <= length);
        }
        assert_eq!(without_metadata(b"nothing"), b"nothing");
    }
}
