use super::matrix::ZERO;

/// A line of text as the network sees it.
#[derive(Clone, Debug)]
pub(super) struct LineImage {
    /// Pixels from left to right.
    pub(super) width: usize,
    /// Pixels from top to bottom: the height the network asks for.
    pub(super) height: usize,
    /// Row by row; black is 1, white 255, [`ZERO`] lies between.
    pub(super) pixels: Vec<u8>,
}

impl LineImage {
    /// Stretches the contrast of a grey line so that its ink is black and its paper white
    /// (`NetworkIO::FromPix` of Tesseract's networkio.cpp).
    pub(super) fn new(width: usize, height: usize, grey: &[u8], is_inverted: bool) -> Self {
        let mirror = |value: u8| if is_inverted { 255 - value } else { value };
        let middle: Vec<u8> = grey[height / 2 * width..][..width].iter().map(|&value| mirror(value)).collect();
        let (black, white) = black_and_white(&middle);
        let contrast = (white - black) / 2.0;
        let contrast = if contrast <= 0.0 { 1.0 } else { contrast };
        let mut stretched = [0; 256];
        for (value, stretched) in (0..=u8::MAX).zip(&mut stretched) {
            let level = (f32::from(mirror(value)) - black) / contrast - 1.0;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 1 to 255")]
            let byte = ((level * 128.0).round().clamp(-127.0, 127.0) + f32::from(ZERO)) as u8;
            *stretched = byte;
        }
        Self { width, height, pixels: grey.iter().map(|&value| stretched[usize::from(value)]).collect() }
    }
}

/// Guesses black and white from a row through the middle of the line: the quarter of its local minima, the three
/// quarters of its maxima (`ComputeBlackWhite`).
fn black_and_white(row: &[u8]) -> (f32, f32) {
    let (mut minima, mut maxima) = ([0_u32; 256], [0_u32; 256]);
    for window in row.windows(3) {
        let (before, value, after) = (window[0], window[1], window[2]);
        if (value < before && value <= after) || (value <= before && value < after) {
            minima[usize::from(value)] += 1;
        }
        if (value > before && value >= after) || (value >= before && value > after) {
            maxima[usize::from(value)] += 1;
        }
    }
    (share(&minima, 0.25).unwrap_or(1.0), share(&maxima, 0.75).unwrap_or(256.0))
}

/// The value below which a share of the counted values lies, in proportion within a step (`STATS::ile`, which counts
/// from 1); none when nothing was counted.
fn share(counts: &[u32; 256], share: f64) -> Option<f32> {
    let total: u32 = counts.iter().sum();
    let target = (share * f64::from(total)).max(1.0);
    let mut sum = 0;
    for (&count, value) in counts.iter().zip(1..) {
        sum += count;
        if f64::from(sum) >= target {
            let beyond = (f64::from(sum) - target) / f64::from(count);
            #[expect(clippy::cast_possible_truncation, reason = "at most 256")]
            return Some((f64::from(value) - beyond) as f32);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ink_becomes_black_and_paper_white() {
        let row = [200, 50, 200, 60, 200, 50, 200, 200];
        let grey = row.repeat(3);
        let image = LineImage::new(8, 3, &grey, false);
        assert!(image.pixels[1] < 10 && image.pixels[0] > 245);
        let inverted = LineImage::new(8, 3, &grey.iter().map(|value| 255 - value).collect::<Vec<_>>(), true);
        assert_eq!(inverted.pixels, image.pixels);
    }

    #[test]
    fn an_even_line_keeps_its_levels() {
        let image = LineImage::new(3, 1, &[0, 128, 255], false);
        assert_eq!(black_and_white(&[9; 5]), (1.0, 256.0));
        assert_eq!(image.pixels, [1, 127, 255]);
    }
}
