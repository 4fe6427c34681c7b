use super::gray::{Gray, otsu};

/// Says whether a page is noise and nothing else: every pixel is ink or paper by chance alone. An engine looks for lines
/// in it for minutes (170 s of CPU on 9 megapixels) and finds none.
///
/// A page with one word on it is none: not when its paper is dithered to black and white, where ink and paper take turns
/// more often than by chance, nor in the midst of noise. Pixels are what noise is made of, so its sizes are
/// in pixels.
pub(crate) fn is_noise(page: &Gray) -> bool {
    let threshold = otsu(&page.histogram());
    takes_turns(page, threshold) && every_tile(page, threshold).is_some_and(|tiles| tiles.iter().all(Tile::is_chance))
}

/// Says whether ink and paper take turns so often that a closer look pays: seldom is no print.
fn takes_turns(page: &Gray, threshold: u8) -> bool {
    /// Strokes for each pixel: chance has 0.25 where half is ink, the densest small print 0.05.
    const MOST_STROKES: f64 = 0.2;
    /// A sample of rows is enough.
    const STEP: usize = 4;
    let is_ink = |value: u8| value < threshold;
    let (mut strokes, mut pixels) = (0, 0);
    for row in page.pixels.chunks_exact(page.width).step_by(STEP) {
        strokes += row.windows(2).filter(|pair| is_ink(pair[0]) && !is_ink(pair[1])).count();
        pixels += row.len();
    }
    strokes as f64 > MOST_STROKES * pixels as f64
}

/// A square of a page, beside what chance would make of it.
struct Tile {
    /// How much more ink it has than the page, in standard deviations of chance.
    more_ink: f64,
    /// Variance of the ink in its blocks, divided by that of chance: letters lump (2 to 60), dithering spreads (0.1).
    variance: f64,
}

impl Tile {
    /// Pixels across a block: as the stroke of a letter.
    const BLOCK: usize = 4;
    /// Blocks across: one word of small print changes the tile that it is in.
    const BLOCKS: usize = 16;
    const SIDE: usize = Self::BLOCK * Self::BLOCKS;

    /// Chance stays within these for 2,000 tiles by a wide margin: at most 3.5, and 0.68 to 1.32.
    fn is_chance(&self) -> bool {
        self.more_ink.abs() < 5.0 && (0.6..1.5).contains(&self.variance)
    }

    /// Counts the ink in the blocks of a band as wide as the page and as high as a tile, from `left` on.
    fn measure(band: &[u8], width: usize, left: usize, threshold: u8, ink: f64) -> Self {
        let mut counts = [0_u8; Self::BLOCKS * Self::BLOCKS];
        for (y, row) in band.chunks_exact(width).enumerate() {
            for (x, &value) in row[left..left + Self::SIDE].iter().enumerate() {
                counts[y / Self::BLOCK * Self::BLOCKS + x / Self::BLOCK] += u8::from(value < threshold);
            }
        }
        let blocks = counts.len() as f64;
        let block_pixels = (Self::BLOCK * Self::BLOCK) as f64;
        let mean = counts.iter().map(|&count| f64::from(count)).sum::<f64>() / blocks;
        let variance = counts.iter().map(|&count| (f64::from(count) - mean).powi(2)).sum::<f64>() / blocks;
        // of a sum of as many throws of a coin that shows ink `ink` of the time
        let chance = block_pixels * ink * (1.0 - ink);
        Self { more_ink: (mean - block_pixels * ink) / (chance / blocks).sqrt(), variance: variance / chance }
    }
}

/// Measures all whole tiles of a page; `None` when it has none, or no ink, or nothing else.
fn every_tile(page: &Gray, threshold: u8) -> Option<Vec<Tile>> {
    let ink = page.pixels.iter().filter(|&&value| value < threshold).count() as f64 / page.pixels.len() as f64;
    let columns = page.width / Tile::SIDE;
    let bands = page.pixels.chunks_exact(page.width * Tile::SIDE);
    let tiles: Vec<Tile> = bands
        .flat_map(|band| (0..columns).map(move |column| (band, column * Tile::SIDE)))
        .map(|(band, left)| Tile::measure(band, page.width, left, threshold, ink))
        .collect();
    (ink > 0.0 && ink < 1.0 && !tiles.is_empty()).then_some(tiles)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTH: usize = 1_000;
    const HEIGHT: usize = 800;

    /// Paper of `paper` with lines of `lines` bars of 3 x 9 pixels.
    fn print(paper: u8, lines: usize) -> Gray {
        let mut page = Gray { width: WIDTH, height: HEIGHT, pixels: vec![paper; WIDTH * HEIGHT] };
        for (line, column, y) in
            (0..lines).flat_map(|line| (0..60).flat_map(move |x| (0..9).map(move |y| (line, x, y))))
        {
            let at = (40 + line * 24 + y) * WIDTH + 100 + column * 9;
            page.pixels[at..at + 3].fill(10);
        }
        page
    }

    /// Puts chance in the place of that many pixels of 256.
    fn spoil(mut page: Gray, of_256: u32) -> Gray {
        let mut state = 1_u32;
        let mut chance = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 24
        };
        for value in &mut page.pixels {
            let (is_lost, other) = (chance() < of_256, chance());
            if is_lost {
                *value = u8::try_from(other).unwrap();
            }
        }
        page
    }

    /// Makes a page black and white (Floyd and Steinberg 1976).
    fn dither(page: &Gray) -> Gray {
        let mut rest: Vec<f64> = page.pixels.iter().map(|&value| f64::from(value)).collect();
        let mut pixels = vec![0; rest.len()];
        for at in 0..rest.len() {
            pixels[at] = if rest[at] < 128.0 { 0 } else { 255 };
            let error = rest[at] - f64::from(pixels[at]);
            for (next, share) in [(1, 7.0), (WIDTH - 1, 3.0), (WIDTH, 5.0), (WIDTH + 1, 1.0)] {
                if let Some(value) = rest.get_mut(at + next) {
                    *value += error * share / 16.0;
                }
            }
        }
        Gray { pixels, ..*page }
    }

    #[test]
    fn chance_alone_is_noise() {
        assert!(is_noise(&spoil(print(230, 0), 256)));
        let bits = spoil(print(230, 0), 256).pixels.iter().map(|&value| if value < 80 { 0 } else { 255 }).collect();
        assert!(is_noise(&Gray { width: WIDTH, height: HEIGHT, pixels: bits }));
    }

    #[test]
    fn print_on_dithered_paper_is_read() {
        for paper in [110, 128, 150, 180] {
            for lines in [0, 1, 30] {
                let page = dither(&print(paper, lines));
                assert!(takes_turns(&page, 128) && !is_noise(&page), "paper {paper}, {lines} lines");
            }
        }
    }

    #[test]
    fn print_that_lost_most_of_its_pixels_is_read() {
        let page = spoil(print(230, 30), 154);
        assert!(takes_turns(&page, otsu(&page.histogram())) && !is_noise(&page));
    }

    #[test]
    fn one_line_in_the_midst_of_noise_is_read() {
        let mut page = spoil(print(230, 0), 256);
        for (value, line) in page.pixels.iter_mut().zip(print(230, 1).pixels) {
            *value = line.min(*value);
        }
        assert!(takes_turns(&page, 128) && !is_noise(&page));
    }

    #[test]
    fn a_page_without_a_tile_is_read() {
        let page = Gray { width: 8, height: 8, pixels: [0, 255].repeat(32) };
        assert!(!is_noise(&page));
    }
}
