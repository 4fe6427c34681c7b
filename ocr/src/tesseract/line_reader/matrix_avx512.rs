//! The product of many rows with a matrix for processors that sum four products of bytes in one instruction
//! (AVX-512 VNNI). A tile of up to 6 rows and 64 outputs stays in registers while all inputs pass by.
#![expect(unsafe_code, reason = "loads and stores of whole registers, and the call behind the check of the processor")]

use std::arch::x86_64::{
    __m512i, _mm512_add_epi32, _mm512_cvtepi32_ps, _mm512_dpbusd_epi32, _mm512_loadu_ps, _mm512_loadu_si512,
    _mm512_mul_ps, _mm512_set1_epi32, _mm512_setzero_si512, _mm512_storeu_ps,
};

use super::matrix::{BLOCK, GROUP, Matrix};

const MOST_ROWS: usize = 6;
const MOST_BLOCKS: usize = 4;

pub(super) fn multiply(matrix: &Matrix, inputs: &[u8], out: &mut [f32]) {
    // SAFETY: this is called only where `Simd::detect` has found these features.
    unsafe { multiply_with_features(matrix, inputs, out) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn multiply_with_features(matrix: &Matrix, inputs: &[u8], out: &mut [f32]) {
    let (row_bytes, row_values) = (matrix.row_bytes(), matrix.row_values());
    let tiles = inputs.chunks(row_bytes * MOST_ROWS).zip(out.chunks_mut(row_values * MOST_ROWS));
    for (inputs, out) in tiles {
        match (inputs.len() / row_bytes).min(out.len() / row_values) {
            0 => {}
            1 => multiply_rows::<1>(matrix, inputs, out),
            2 => multiply_rows::<2>(matrix, inputs, out),
            3 => multiply_rows::<3>(matrix, inputs, out),
            4 => multiply_rows::<4>(matrix, inputs, out),
            5 => multiply_rows::<5>(matrix, inputs, out),
            _ => multiply_rows::<6>(matrix, inputs, out),
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn multiply_rows<const ROWS: usize>(matrix: &Matrix, inputs: &[u8], out: &mut [f32]) {
    let (inputs, _) = inputs.as_chunks::<GROUP>();
    let mut block = 0;
    while block < matrix.offsets.len() {
        let count = (matrix.offsets.len() - block).min(MOST_BLOCKS);
        match count {
            1 => multiply_tile::<ROWS, 1>(matrix, inputs, block, out),
            2 => multiply_tile::<ROWS, 2>(matrix, inputs, block, out),
            3 => multiply_tile::<ROWS, 3>(matrix, inputs, block, out),
            _ => multiply_tile::<ROWS, 4>(matrix, inputs, block, out),
        }
        block += count;
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn multiply_tile<const ROWS: usize, const BLOCKS: usize>(
    matrix: &Matrix,
    inputs: &[[u8; GROUP]],
    block: usize,
    out: &mut [f32],
) {
    let groups = matrix.groups;
    let rows: [&[[u8; GROUP]]; ROWS] = std::array::from_fn(|row| &inputs[row * groups..(row + 1) * groups]);
    let weights: [&[[i32; BLOCK]]; BLOCKS] =
        std::array::from_fn(|b| &matrix.blocks[(block + b) * groups..(block + b + 1) * groups]);
    let mut sums = [[_mm512_setzero_si512(); BLOCKS]; ROWS];
    for group in 0..groups {
        let weights: [__m512i; BLOCKS] = std::array::from_fn(|b| load(&weights[b][group]));
        for (sums, row) in sums.iter_mut().zip(&rows) {
            let inputs = _mm512_set1_epi32(i32::from_le_bytes(row[group]));
            for (sum, weights) in sums.iter_mut().zip(weights) {
                *sum = _mm512_dpbusd_epi32(*sum, inputs, weights);
            }
        }
    }
    for (row, sums) in sums.into_iter().enumerate() {
        let start = row * matrix.row_values() + block * BLOCK;
        let (out, _) = out[start..start + BLOCKS * BLOCK].as_chunks_mut::<BLOCK>();
        for ((out, sum), b) in out.iter_mut().zip(sums).zip(block..) {
            let sum = _mm512_cvtepi32_ps(_mm512_add_epi32(sum, load(&matrix.offsets[b])));
            // SAFETY: both arrays are as long as a register, and no alignment is asked for.
            unsafe {
                let scales = _mm512_loadu_ps(matrix.scales[b].as_ptr());
                _mm512_storeu_ps(out.as_mut_ptr(), _mm512_mul_ps(sum, scales));
            }
        }
    }
}

#[target_feature(enable = "avx512f")]
fn load(values: &[i32; BLOCK]) -> __m512i {
    // SAFETY: the array is as long as a register, and no alignment is asked for.
    unsafe { _mm512_loadu_si512(values.as_ptr().cast()) }
}
