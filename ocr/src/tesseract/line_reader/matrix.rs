use super::{Unsupported, cursor::Cursor, simd::Simd};

#[cfg(target_arch = "x86_64")]
use super::{matrix_avx2, matrix_avx512};

/// Outputs that are computed together.
pub(super) const BLOCK: usize = 16;
/// Inputs that are multiplied together.
pub(super) const GROUP: usize = 4;
/// Activations are stored as bytes: -127 to 127 plus this.
pub(super) const ZERO: u8 = 128;
/// What an activation or weight of 1.0 is stored as, before [`ZERO`].
const ONE: i32 = 127;

/// The weights of a layer, one byte each, laid out for the product of many inputs at once (the format and the
/// arithmetic are those of Tesseract's weightmatrix.cpp and intsimdmatrix.cpp: integers, then one factor an output).
#[derive(Debug)]
pub(super) struct Matrix {
    /// for each block of outputs, for each group of inputs: 16 x 4 weights, those of one output packed in an i32
    pub(super) blocks: Vec<[i32; BLOCK]>,
    /// groups of inputs, the last one filled up with zero weights
    pub(super) groups: usize,
    /// for each block: the bias of each output, less what [`ZERO`] adds to its sum
    pub(super) offsets: Vec<[i32; BLOCK]>,
    /// for each block: the factor of each output
    pub(super) scales: Vec<[f32; BLOCK]>,
}

/// Weights as the file has them.
#[derive(Debug)]
pub(super) struct Weights {
    /// row by row, an output each: its weights, then its bias
    rows: Vec<Vec<i8>>,
    scales: Vec<f32>,
}

/// A weight matrix of more values is no line reader's.
const MOST_VALUES: usize = 1 << 28;

impl Weights {
    pub(super) fn new(cursor: &mut Cursor) -> Result<Self, Unsupported> {
        const IS_INTEGER: u8 = 1;
        const HAS_DOUBLES: u8 = 128;
        let mode = cursor.u8()?;
        if mode & IS_INTEGER == 0 || mode & HAS_DOUBLES == 0 {
            return Err(Unsupported("its weights are not integers"));
        }
        let (outputs, columns) = (cursor.size()?, cursor.size()?);
        if outputs == 0 || columns < 2 || outputs.saturating_mul(columns) > MOST_VALUES {
            return Err(Unsupported("a layer has a bad size"));
        }
        cursor.u8()?; // the value of cells that are empty
        let values = cursor.bytes(outputs * columns)?;
        let rows = values.chunks(columns).map(|row| row.iter().map(|&byte| byte.cast_signed()).collect()).collect();
        let count = cursor.size()?;
        if count < outputs || count > MOST_VALUES {
            return Err(Unsupported("a layer has a bad size"));
        }
        let mut scales = Vec::new();
        for _ in 0..count {
            #[expect(clippy::cast_possible_truncation, reason = "Tesseract computes with f32, too")]
            let scale = cursor.f64()? as f32;
            if !scale.is_finite() || scale < 0.0 {
                return Err(Unsupported("a factor of its weights is no number"));
            }
            scales.push(scale / 127.0);
        }
        scales.truncate(outputs);
        Ok(Self { rows, scales })
    }

    #[cfg(test)]
    pub(super) fn of(rows: Vec<Vec<i8>>, scales: Vec<f32>) -> Self {
        Self { rows, scales }
    }

    pub(super) fn outputs(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn inputs(&self) -> usize {
        self.rows.first().map_or(0, |row| row.len() - 1)
    }
}

impl Matrix {
    pub(super) fn new(weights: &Weights) -> Self {
        Self::interleaved(std::slice::from_ref(weights))
    }

    /// Lays several matrices of one size side by side: a block of outputs of the first, the same block of the
    /// second, and so on.
    pub(super) fn interleaved(parts: &[Weights]) -> Self {
        let inputs = parts.first().map_or(0, Weights::inputs);
        let outputs = parts.first().map_or(0, Weights::outputs);
        let groups = inputs.div_ceil(GROUP);
        let mut matrix = Self { blocks: Vec::new(), groups, offsets: Vec::new(), scales: Vec::new() };
        for start in (0..outputs).step_by(BLOCK) {
            for part in parts {
                matrix.push_block(part, start, inputs);
            }
        }
        matrix
    }

    fn push_block(&mut self, part: &Weights, start: usize, inputs: usize) {
        let end = part.rows.len().min(start + BLOCK);
        let rows = part.rows.get(start..end).unwrap_or_default();
        for group in 0..self.groups {
            let mut block = [0; BLOCK];
            for (packed, row) in block.iter_mut().zip(rows) {
                let weight = |input: usize| if input < inputs { row[input].cast_unsigned() } else { 0 };
                let first = group * GROUP;
                *packed = i32::from_le_bytes([weight(first), weight(first + 1), weight(first + 2), weight(first + 3)]);
            }
            self.blocks.push(block);
        }
        let mut offsets = [0; BLOCK];
        let mut scales = [0.0; BLOCK];
        for (index, row) in rows.iter().enumerate() {
            let sum: i32 = row[..inputs].iter().map(|&weight| i32::from(weight)).sum();
            offsets[index] = i32::from(row[inputs]) * ONE - i32::from(ZERO) * sum;
            scales[index] = part.scales[start + index];
        }
        self.offsets.push(offsets);
        self.scales.push(scales);
    }

    /// Bytes of one row of inputs.
    pub(super) fn row_bytes(&self) -> usize {
        self.groups * GROUP
    }

    /// Values of one row of outputs.
    pub(super) fn row_values(&self) -> usize {
        self.offsets.len() * BLOCK
    }

    /// Multiplies `out.len() / row_values()` rows of inputs; `inputs` and `out` hold the rows one after another.
    /// Missing inputs count as none.
    pub(super) fn multiply(&self, simd: Simd, inputs: &[u8], out: &mut [f32]) {
        match simd {
            Simd::Portable => self.multiply_portably(inputs, out),
            #[cfg(target_arch = "x86_64")]
            Simd::Avx2 => matrix_avx2::multiply(self, inputs, out),
            #[cfg(target_arch = "x86_64")]
            Simd::Avx512 => matrix_avx512::multiply(self, inputs, out),
        }
    }

    fn multiply_portably(&self, inputs: &[u8], out: &mut [f32]) {
        for (row, out) in inputs.chunks_exact(self.row_bytes()).zip(out.chunks_exact_mut(self.row_values())) {
            let (row, _) = row.as_chunks::<GROUP>();
            let blocks = self.blocks.chunks_exact(self.groups).zip(&self.offsets).zip(&self.scales);
            for (out, ((block, offsets), scales)) in out.chunks_exact_mut(BLOCK).zip(blocks) {
                let mut sums = *offsets;
                for (weights, inputs) in block.iter().zip(row) {
                    for (sum, weights) in sums.iter_mut().zip(weights) {
                        let products = weights.to_le_bytes().into_iter().zip(inputs);
                        *sum += products.map(|(w, &i)| i32::from(w.cast_signed()) * i32::from(i)).sum::<i32>();
                    }
                }
                finish(out, &sums, scales);
            }
        }
    }
}

/// Turns sums into outputs.
#[inline(always)]
pub(super) fn finish(out: &mut [f32], sums: &[i32; BLOCK], scales: &[f32; BLOCK]) {
    for ((out, &sum), scale) in out.iter_mut().zip(sums).zip(scales) {
        #[expect(clippy::cast_precision_loss, reason = "sums of some hundred products of bytes stay below 2^24")]
        let sum = sum as f32;
        *out = sum * scale;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multiplies_a_small_matrix() {
        // two outputs of three inputs and a bias: 2a - b + bias, 127c
        let weights = Weights::of(vec![vec![2, -1, 0, 3], vec![0, 0, 127, 0]], vec![0.5, 1.0]);
        let matrix = Matrix::new(&weights);
        let mut out = vec![0.0; matrix.row_values()];
        matrix.multiply(Simd::Portable, &[ZERO + 10, ZERO - 4, ZERO + 1, 99], &mut out);
        assert_eq!(out[..2], [(20.0 + 4.0 + 3.0 * 127.0) * 0.5, 127.0]);
        assert_eq!(out[2..], [0.0; 14]);
    }

    #[test]
    fn every_processor_gives_the_same_bits() {
        let mut seed = 1_u32;
        let mut random = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 24) as u8
        };
        for (outputs, inputs, count) in [(16, 9, 1), (75, 64, 13), (112, 195, 7), (8, 4, 6)] {
            let rows = (0..outputs).map(|_| (0..=inputs).map(|_| random().cast_signed().max(-127)).collect()).collect();
            let matrix = Matrix::new(&Weights::of(rows, (0..outputs).map(|i| 0.001 * i as f32).collect()));
            let bytes: Vec<u8> = (0..count * matrix.row_bytes()).map(|_| random().max(1)).collect();
            let mut expected = vec![0.0; count * matrix.row_values()];
            matrix.multiply(Simd::Portable, &bytes, &mut expected);
            for simd in Simd::all() {
                let mut out = vec![0.0; expected.len()];
                matrix.multiply(simd, &bytes, &mut out);
                assert_eq!(out, expected, "{simd:?}");
            }
        }
    }
}
