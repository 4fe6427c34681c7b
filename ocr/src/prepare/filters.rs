use super::gray::{Gray, brightness};

/// A pixel that is darker or lighter than all eight around it by less than this is print, not a speckle.
const SPECKLE_CONTRAST: u8 = 80;

/// Replaces single speckles by the middle one of the nine pixels around: those that are far darker, or far lighter,
/// than each of their neighbours.
///
/// On when speckles are detected only. Letters stay as they are: the middle of nine for every pixel closes the holes of
/// small print; on forms of 100 dpi with 1 % salt and pepper it gives word F 53, this 78.
pub(crate) fn despeckle(page: &Gray) -> Gray {
    let (width, height) = (page.width, page.height);
    let mut pixels = page.pixels.clone();
    for y in 1..height.saturating_sub(1) {
        for x in 1..width.saturating_sub(1) {
            let mut nine = [0; 9];
            for (row, three) in nine.chunks_exact_mut(3).enumerate() {
                let at = (y + row - 1) * width + x - 1;
                three.copy_from_slice(&page.pixels[at..at + 3]);
            }
            let own = nine[4];
            nine.sort_unstable();
            let stands_out = (own == nine[0] && nine[1] - own >= SPECKLE_CONTRAST)
                || (own == nine[8] && own - nine[7] >= SPECKLE_CONTRAST);
            if stands_out {
                pixels[y * width + x] = nine[4];
            }
        }
    }
    Gray { width, height, pixels }
}

/// Makes `dark` and all below black, `light` and all above white.
///
/// On for faint print only: the engine parts print from paper by itself unless something darker than the print is
/// on the page.
pub(crate) fn stretch(page: &Gray, dark: u8, light: u8) -> Gray {
    let range = f64::from(light.saturating_sub(dark).max(1));
    let map: Vec<u8> =
        (0..=255_u8).map(|value| brightness(255.0 * f64::from(value.saturating_sub(dark)) / range)).collect();
    Gray { pixels: page.pixels.iter().map(|&value| map[usize::from(value)]).collect(), ..*page }
}

/// Takes the blur back that a lens or a shaking hand has put over small print: what a pixel differs from those around
/// it is more than doubled.
///
/// On for small letters with soft edges only: photographed forms of 100 dpi are read with word F 70 instead of 64.
pub(crate) fn sharpen(page: &Gray) -> Gray {
    /// Standard deviation of the blur, in pixels.
    const DEVIATION: f64 = 1.2;
    const AMOUNT: f64 = 1.5;
    let soft = smooth(page, DEVIATION);
    let pixels = page.pixels.iter().zip(&soft.pixels).map(|(&value, &soft)| {
        let (value, soft) = (f64::from(value), f64::from(soft));
        brightness(value + AMOUNT * (value - soft))
    });
    Gray { pixels: pixels.collect(), ..*page }
}

/// Smooths with a Gaussian of this standard deviation in pixels, 0.3 to 10.
pub(crate) fn smooth(page: &Gray, deviation: f64) -> Gray {
    let reach = super::gray::round(deviation * 3.0).max(1);
    let weight = |at: usize| (-((at as f64) / deviation).powi(2) / 2.0).exp();
    let total = weight(0) + 2.0 * (1..=reach).map(weight).sum::<f64>();
    let weights: Vec<f32> = (0..=reach).map(|at| to_f32(weight(at) / total)).collect();
    let across: Vec<f32> = page
        .pixels
        .chunks_exact(page.width)
        .flat_map(|row| (0..row.len()).map(|x| convolve(&weights, x, row.len(), |x| f32::from(row[x]))))
        .collect();
    let mut pixels = Vec::with_capacity(across.len());
    for y in 0..page.height {
        for x in 0..page.width {
            let value = convolve(&weights, y, page.height, |y| across[y * page.width + x]);
            pixels.push(brightness(f64::from(value)));
        }
    }
    Gray { pixels, ..*page }
}

fn convolve(weights: &[f32], at: usize, length: usize, value: impl Fn(usize) -> f32) -> f32 {
    let mut sum = weights[0] * value(at);
    for (distance, weight) in weights.iter().enumerate().skip(1) {
        sum += weight * (value(at.saturating_sub(distance)) + value((at + distance).min(length - 1)));
    }
    sum
}

fn to_f32(value: f64) -> f32 {
    #[expect(clippy::cast_possible_truncation, reason = "a weight from 0.0 to 1.0")]
    let short = value as f32;
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Gray {
        let mut page = Gray { width: 20, height: 20, pixels: vec![200; 400] };
        page.pixels[10 * 20 + 10] = 0;
        page
    }

    #[test]
    fn a_speckle_goes() {
        assert!(despeckle(&page()).pixels.iter().all(|&v| v == 200));
    }

    #[test]
    fn a_thin_stroke_stays() {
        let mut page = page();
        page.pixels[10 * 20 + 11] = 0;
        assert_eq!(despeckle(&page), page);
    }

    #[test]
    fn sharpening_takes_smoothing_back() {
        let mut page = page();
        page.pixels.iter_mut().enumerate().filter(|(at, _)| at % 20 < 10).for_each(|(_, value)| *value = 50);
        let slope = |page: &Gray| page.row(3)[10] - page.row(3)[9];
        let soft = smooth(&page, 1.0);
        assert!(slope(&sharpen(&soft)) > 3 * slope(&soft) / 2, "{} {}", slope(&sharpen(&soft)), slope(&soft));
    }

    #[test]
    fn smoothing_spreads() {
        let soft = smooth(&page(), 1.0);
        assert!(soft.row(10)[10] > 100 && soft.row(10)[11] < 200);
    }
}
