//! The product of many rows with a matrix for processors with AVX2: bytes are widened, since the instruction that
//! multiplies bytes there stops at 16 bits. A tile of two rows and 16 outputs stays in registers.
#![expect(unsafe_code, reason = "loads and stores of whole registers, and the call behind the check of the processor")]

use std::arch::x86_64::{
    __m256i, _mm_loadu_si128, _mm_set1_epi32, _mm256_add_epi32, _mm256_cvtepi8_epi16, _mm256_cvtepu8_epi16,
    _mm256_madd_epi16, _mm256_setzero_si256, _mm256_storeu_si256,
};

use super::matrix::{BLOCK, GROUP, Matrix, finish};

/// Outputs in one register, each as two halves of its sum.
const QUAD: usize = 4;
const QUADS: usize = BLOCK / QUAD;

pub(super) fn multiply(matrix: &Matrix, inputs: &[u8], out: &mut [f32]) {
    // SAFETY: this is called only where `Simd::detect` has found this feature.
    unsafe { multiply_with_features(matrix, inputs, out) }
}

#[target_feature(enable = "avx2")]
fn multiply_with_features(matrix: &Matrix, inputs: &[u8], out: &mut [f32]) {
    let (row_bytes, row_values) = (matrix.row_bytes(), matrix.row_values());
    for (inputs, out) in inputs.chunks(row_bytes * 2).zip(out.chunks_mut(row_values * 2)) {
        match (inputs.len() / row_bytes).min(out.len() / row_values) {
            0 => {}
            1 => multiply_rows::<1>(matrix, inputs, out),
            _ => multiply_rows::<2>(matrix, inputs, out),
        }
    }
}

#[target_feature(enable = "avx2")]
fn multiply_rows<const ROWS: usize>(matrix: &Matrix, inputs: &[u8], out: &mut [f32]) {
    let (inputs, _) = inputs.as_chunks::<GROUP>();
    let groups = matrix.groups;
    let rows: [&[[u8; GROUP]]; ROWS] = std::array::from_fn(|row| &inputs[row * groups..(row + 1) * groups]);
    for (block, weights) in matrix.blocks.chunks_exact(groups).enumerate() {
        let mut sums = [[_mm256_setzero_si256(); QUADS]; ROWS];
        for (group, weights) in weights.iter().enumerate() {
            let weights: [__m256i; QUADS] = std::array::from_fn(|quad| load(weights, quad));
            for (sums, row) in sums.iter_mut().zip(&rows) {
                let inputs = _mm256_cvtepu8_epi16(_mm_set1_epi32(i32::from_le_bytes(row[group])));
                for (sum, weights) in sums.iter_mut().zip(weights) {
                    *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(inputs, weights));
                }
            }
        }
        for (row, sums) in sums.into_iter().enumerate() {
            let start = row * matrix.row_values() + block * BLOCK;
            let mut totals = matrix.offsets[block];
            for (totals, sum) in totals.chunks_exact_mut(QUAD).zip(sums) {
                for (total, halves) in totals.iter_mut().zip(store(sum).chunks_exact(2)) {
                    *total += halves[0] + halves[1];
                }
            }
            finish(&mut out[start..start + BLOCK], &totals, &matrix.scales[block]);
        }
    }
}

/// The weights of four outputs, widened.
#[target_feature(enable = "avx2")]
fn load(weights: &[i32; BLOCK], quad: usize) -> __m256i {
    let weights = &weights[quad * QUAD..][..QUAD];
    // SAFETY: four values are as long as the register, and no alignment is asked for.
    _mm256_cvtepi8_epi16(unsafe { _mm_loadu_si128(weights.as_ptr().cast()) })
}

#[target_feature(enable = "avx2")]
fn store(sum: __m256i) -> [i32; 2 * QUAD] {
    let mut values = [0; 2 * QUAD];
    // SAFETY: the array is as long as the register, and no alignment is asked for.
    unsafe { _mm256_storeu_si256(values.as_mut_ptr().cast(), sum) };
    values
}
