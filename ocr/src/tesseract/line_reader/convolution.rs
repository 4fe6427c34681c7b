use super::{
    Unsupported,
    activation::tanh_bytes,
    cursor::Cursor,
    line_image::LineImage,
    matrix::{BLOCK, GROUP, Matrix, Weights, ZERO},
    noise::Noise,
    simd::Simd,
};

/// The first layers of the network: 3 x 3 pixels, squashed to 16 features, and of each 3 x 3 of these the largest
/// (Tesseract's convolve.cpp, fullyconnected.cpp, maxpool.cpp).
#[derive(Debug)]
pub(super) struct Convolution {
    weights: Matrix,
}

/// Side of the square that the convolution sees, and of the one of which the largest is kept.
pub(super) const SIDE: usize = 3;
const SEEN: usize = SIDE * SIDE;
const FEATURES: usize = BLOCK;

impl Convolution {
    pub(super) fn new(cursor: &mut Cursor) -> Result<Self, Unsupported> {
        Self::of(&Weights::new(cursor)?)
    }

    fn of(weights: &Weights) -> Result<Self, Unsupported> {
        if weights.inputs() != SEEN || weights.outputs() != FEATURES {
            return Err(Unsupported("its convolution has another shape"));
        }
        Ok(Self { weights: Matrix::new(weights) })
    }

    /// Reads a line image: rows of `width / 3` x 16 values, a third as many rows as the image has. What lies beyond
    /// the image is noise, as in training.
    ///
    /// Squashing keeps the order of values, so the largest is looked for before it, where that is cheap.
    pub(super) fn read(&self, simd: Simd, image: &LineImage, mut noise: Noise) -> Vec<u8> {
        let (columns, rows) = (image.width / SIDE, image.height / SIDE);
        let mut out = vec![ZERO; columns * rows * FEATURES];
        let mut seen = vec![0; image.width * self.weights.row_bytes()];
        let mut values = vec![0.0; image.width * FEATURES];
        let mut largest = vec![0.0; columns * FEATURES];
        for (row, out) in out.chunks_exact_mut(columns * FEATURES).enumerate() {
            largest.fill(f32::NEG_INFINITY);
            for y in row * SIDE..(row + 1) * SIDE {
                see(image, y, &mut noise, &mut seen);
                self.weights.multiply(simd, &seen, &mut values);
                keep_largest(&values, &mut largest);
            }
            tanh_bytes(simd, &largest, out);
        }
        out
    }
}

/// Lays out the 3 x 3 pixels around each pixel of a row: column by column, each from top to bottom.
fn see(image: &LineImage, y: usize, noise: &mut Noise, seen: &mut [u8]) {
    let (seen, _) = seen.as_chunks_mut::<{ SEEN.next_multiple_of(GROUP) }>();
    let row = |y: usize| &image.pixels[y * image.width..][..image.width];
    let rows = [y.checked_sub(1).map(row), Some(row(y)), (y + 1 < image.height).then(|| row(y + 1))];
    for (x, seen) in seen.iter_mut().enumerate() {
        for dx in 0..SIDE {
            let column = (x + dx).checked_sub(1).filter(|&column| column < image.width);
            for (dy, row) in rows.iter().enumerate() {
                seen[dx * SIDE + dy] = match (column, row) {
                    (Some(column), Some(row)) => row[column],
                    _ => noise.next_byte(),
                };
            }
        }
    }
}

fn keep_largest(values: &[f32], largest: &mut [f32]) {
    let (values, _) = values.as_chunks::<{ SIDE * FEATURES }>();
    let (largest, _) = largest.as_chunks_mut::<FEATURES>();
    for (values, largest) in values.iter().zip(largest) {
        for part in values.chunks_exact(FEATURES) {
            for (largest, &value) in largest.iter_mut().zip(part) {
                *largest = if value > *largest { value } else { *largest };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_largest_of_nine() {
        // feature 0 copies the pixel, feature 1 its left neighbour, feature 2 the one above
        let mut rows = vec![vec![0; SEEN + 1]; FEATURES];
        (rows[0][4], rows[1][1], rows[2][3]) = (127, 127, 127);
        let layer = Convolution::of(&Weights::of(rows, vec![1.0 / 127.0 / 127.0; FEATURES])).unwrap();
        let mut image = LineImage { width: 7, height: 6, pixels: vec![ZERO; 42] };
        image.pixels[4 * 7 + 2] = ZERO + 127;
        for simd in Simd::all() {
            let out = layer.read(simd, &image, Noise::new(0));
            assert_eq!(out.len(), 2 * 2 * FEATURES);
            let cell = |row: usize, column: usize, feature: usize| out[(row * 2 + column) * FEATURES + feature];
            let bright = ZERO + 97; // tanh(1) x 127
            assert_eq!([cell(0, 1, 0), cell(1, 0, 0), cell(1, 1, 0)], [ZERO, bright, ZERO]);
            assert_eq!([cell(1, 1, 1), cell(1, 0, 2)], [bright, bright]);
        }
    }
}
