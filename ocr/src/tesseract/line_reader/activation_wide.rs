//! The loops of `activation.rs`, compiled for wider registers.
#![expect(unsafe_code, reason = "the calls behind the check of the processor")]

use super::activation::{softmax_inline, step_cells_inline, tanh_bytes_inline};

pub(super) fn step_cells_avx2(gates: &[f32], state: &mut [f32], out: &mut [u8]) {
    #[target_feature(enable = "avx2")]
    fn with_features(gates: &[f32], state: &mut [f32], out: &mut [u8]) {
        step_cells_inline(gates, state, out);
    }
    // SAFETY: this is called only where `Simd::detect` has found these features; so are all below.
    unsafe { with_features(gates, state, out) }
}

pub(super) fn step_cells_avx512(gates: &[f32], state: &mut [f32], out: &mut [u8]) {
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    fn with_features(gates: &[f32], state: &mut [f32], out: &mut [u8]) {
        step_cells_inline(gates, state, out);
    }
    // SAFETY: as above.
    unsafe { with_features(gates, state, out) }
}

pub(super) fn tanh_bytes_avx2(values: &[f32], out: &mut [u8]) {
    #[target_feature(enable = "avx2")]
    fn with_features(values: &[f32], out: &mut [u8]) {
        tanh_bytes_inline(values, out);
    }
    // SAFETY: as above.
    unsafe { with_features(values, out) }
}

pub(super) fn tanh_bytes_avx512(values: &[f32], out: &mut [u8]) {
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    fn with_features(values: &[f32], out: &mut [u8]) {
        tanh_bytes_inline(values, out);
    }
    // SAFETY: as above.
    unsafe { with_features(values, out) }
}

pub(super) fn softmax_avx2(values: &mut [f32]) {
    #[target_feature(enable = "avx2")]
    fn with_features(values: &mut [f32]) {
        softmax_inline(values);
    }
    // SAFETY: as above.
    unsafe { with_features(values) }
}

pub(super) fn softmax_avx512(values: &mut [f32]) {
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    fn with_features(values: &mut [f32]) {
        softmax_inline(values);
    }
    // SAFETY: as above.
    unsafe { with_features(values) }
}
