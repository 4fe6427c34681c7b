/// Pixels as places in a list of colours.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Palette {
    /// The samples of each colour, one after the other.
    pub(super) colors: Vec<u8>,
    /// Bits that a place takes: 1, 2, 4 or 8.
    pub(super) bits: u8,
    /// Places, packed; each row starts on a byte.
    pub(super) indices: Vec<u8>,
}

/// Finds the colours of a picture whose pixels have `channels` bytes (1 or 3) each; `None` when there are so many that
/// places take as much room as the pixels themselves.
pub(super) fn find_palette(bytes: &[u8], channels: usize, width: usize) -> Option<Palette> {
    let most = if channels == 1 { 16 } else { 256 };
    // sorted, so that near places are near colours
    let mut found: Vec<&[u8]> = Vec::new();
    let mut before: &[u8] = &[];
    for pixel in bytes.chunks_exact(channels) {
        if pixel != before {
            before = pixel;
            if let Err(place) = found.binary_search(&pixel) {
                found.insert(place, pixel);
            }
            if found.len() > most {
                return None;
            }
        }
    }
    let bits: u8 = match found.len() {
        0..=2 => 1,
        3..=4 => 2,
        5..=16 => 4,
        _ => 8,
    };
    let per_byte = 8 / usize::from(bits);
    let mut indices = Vec::with_capacity(bytes.len() / channels / per_byte);
    for row in bytes.chunks_exact(channels * width.max(1)) {
        for pixels in row.chunks(channels * per_byte) {
            let mut byte = 0_u8;
            for (at, pixel) in pixels.chunks_exact(channels).enumerate() {
                let place = found.binary_search(&pixel).unwrap_or(0).to_le_bytes()[0];
                byte |= if bits == 8 { place } else { place << (8 - usize::from(bits) * (at + 1)) };
            }
            indices.push(byte);
        }
    }
    Some(Palette { colors: found.concat(), bits, indices })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_colours_take_few_bits() {
        let [white, blue, red] = [[255; 3], [0, 0, 255], [255, 0, 0]];
        let two = find_palette(&[white, blue, white, white, white, blue].concat(), 3, 3).unwrap();
        assert_eq!(two, Palette { colors: [blue, white].concat(), bits: 1, indices: vec![0b1010_0000, 0b1100_0000] });
        let three = find_palette(&[white, blue, red, white, white].concat(), 3, 5).unwrap();
        assert_eq!((three.bits, three.indices), (2, vec![0b1000_0110, 0b1000_0000]));
    }

    #[test]
    fn many_colours_stay_as_they_are() {
        let grays: Vec<u8> = (0..17).collect();
        assert_eq!(find_palette(&grays, 1, 17), None);
        let sixteen = find_palette(&grays[..16], 1, 16).unwrap();
        assert_eq!((sixteen.bits, sixteen.indices[7]), (4, 0xef));
        let colors: Vec<u8> = (0..=255).flat_map(|value| [value, 0, 9]).collect();
        assert_eq!(find_palette(&colors, 3, 256).unwrap().bits, 8);
        assert_eq!(find_palette(&[&colors[..], &[1, 2, 3]].concat(), 3, 257), None);
    }
}
