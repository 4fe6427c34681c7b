#[cfg(target_arch = "x86_64")]
use super::activation_wide;
use super::{
    matrix::{BLOCK, ZERO},
    simd::Simd,
};

/// Gates of an LSTM cell, in the order of their blocks: input, its gate, the gate of the state, the gate of the output.
pub(super) const GATES: usize = 4;
/// Beyond this the state of a cell is cut off, as in Tesseract's lstm.cpp.
const MOST_STATE: f32 = 100.0;

/// Takes one time step of the cells of a row: `gates` are the products of the four gate matrices (blocks of 16
/// interleaved), `state` is carried on, `out` takes what the cells say, as bytes.
///
/// The bits are the same on every processor: only additions, multiplications and divisions, in a fixed order.
pub(super) fn step_cells(simd: Simd, gates: &[f32], state: &mut [f32], out: &mut [u8]) {
    match simd {
        Simd::Portable => step_cells_inline(gates, state, out),
        #[cfg(target_arch = "x86_64")]
        Simd::Avx2 => activation_wide::step_cells_avx2(gates, state, out),
        #[cfg(target_arch = "x86_64")]
        Simd::Avx512 => activation_wide::step_cells_avx512(gates, state, out),
    }
}

/// Squashes values with tanh to bytes.
pub(super) fn tanh_bytes(simd: Simd, values: &[f32], out: &mut [u8]) {
    match simd {
        Simd::Portable => tanh_bytes_inline(values, out),
        #[cfg(target_arch = "x86_64")]
        Simd::Avx2 => activation_wide::tanh_bytes_avx2(values, out),
        #[cfg(target_arch = "x86_64")]
        Simd::Avx512 => activation_wide::tanh_bytes_avx512(values, out),
    }
}

/// Turns the outputs of a row into probabilities (softmax).
pub(super) fn softmax(simd: Simd, values: &mut [f32]) {
    match simd {
        Simd::Portable => softmax_inline(values),
        #[cfg(target_arch = "x86_64")]
        Simd::Avx2 => activation_wide::softmax_avx2(values),
        #[cfg(target_arch = "x86_64")]
        Simd::Avx512 => activation_wide::softmax_avx512(values),
    }
}

#[inline(always)]
pub(super) fn step_cells_inline(gates: &[f32], state: &mut [f32], out: &mut [u8]) {
    let (gates, _) = gates.as_chunks::<{ GATES * BLOCK }>();
    let (state, _) = state.as_chunks_mut::<BLOCK>();
    let (out, _) = out.as_chunks_mut::<BLOCK>();
    for ((gates, state), out) in gates.iter().zip(state).zip(out) {
        let mut said = [0.0; BLOCK];
        for i in 0..BLOCK {
            let input = tanh(gates[i]) * logistic(gates[BLOCK + i]);
            let kept = (state[i] * logistic(gates[2 * BLOCK + i]) + input).clamp(-MOST_STATE, MOST_STATE);
            state[i] = kept;
            said[i] = tanh(kept) * logistic(gates[3 * BLOCK + i]);
        }
        for i in 0..BLOCK {
            out[i] = to_byte(said[i]);
        }
    }
}

#[inline(always)]
pub(super) fn tanh_bytes_inline(values: &[f32], out: &mut [u8]) {
    for (out, &value) in out.iter_mut().zip(values) {
        *out = to_byte(tanh(value));
    }
}

#[inline(always)]
pub(super) fn softmax_inline(values: &mut [f32]) {
    let highest = values.iter().copied().fold(f32::MIN, f32::max);
    for value in &mut *values {
        *value = exp(*value - highest);
    }
    // in lanes, so that the order of the sum does not depend on the width of the registers
    let mut lanes = [0.0; BLOCK];
    let (chunks, rest) = values.as_chunks::<BLOCK>();
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += value;
        }
    }
    let sum: f32 = lanes.iter().sum::<f32>() + rest.iter().sum::<f32>();
    for value in values {
        *value /= sum;
    }
}

/// Rounds a value from -1.0 to 1.0 to a byte around [`ZERO`]; ties go to the even neighbour.
#[inline(always)]
fn to_byte(value: f32) -> u8 {
    // adding 1.5 * 2^23 leaves no room for a fraction: the sum's lowest bits are the rounded value
    const NO_FRACTION: f32 = 12_582_912.0;
    let rounded = (value * 127.0).clamp(-127.0, 127.0) + (NO_FRACTION + ZERO as f32);
    #[expect(clippy::cast_possible_truncation, reason = "the lowest byte is what is asked for")]
    let byte = rounded.to_bits() as u8;
    byte
}

/// The hyperbolic tangent to within 1e-6, as a quotient of polynomials (the well-known minimax fit that Eigen's
/// `ptanh_float` uses). Tesseract interpolates a table, to within 2e-6.
#[inline(always)]
fn tanh(x: f32) -> f32 {
    const SATURATED: f32 = 7.905_311;
    let x = x.clamp(-SATURATED, SATURATED);
    let x2 = x * x;
    let mut p = x2 * -2.760_768_6e-16 + 2.000_188e-13;
    p = x2 * p + -8.604_672e-11;
    p = x2 * p + 5.122_297_1e-8;
    p = x2 * p + 1.485_722_4e-5;
    p = x2 * p + 6.372_619_3e-4;
    p = x2 * p + 4.893_524_6e-3;
    let mut q = x2 * 1.198_258_4e-6 + 1.185_347_1e-4;
    q = x2 * q + 2.268_434_6e-3;
    q = x2 * q + 4.893_525e-3;
    x * p / q
}

#[inline(always)]
fn logistic(x: f32) -> f32 {
    0.5 * tanh(0.5 * x) + 0.5
}

/// The exponential of a value that is not positive, to within 2e-7 of it: a power of two times the series of the
/// rest (Cephes' `expf`). Below -86 it stays there, as Tesseract's does.
#[inline(always)]
fn exp(x: f32) -> f32 {
    const NO_FRACTION: f32 = 12_582_912.0;
    let x = x.clamp(-86.0, 0.0);
    let shifted = x * std::f32::consts::LOG2_E + NO_FRACTION;
    let whole = shifted - NO_FRACTION;
    let rest = x - whole * 0.693_359_4 - whole * -2.121_944_4e-4;
    let mut series = rest * 1.987_569_1e-4 + 1.398_199_9e-3;
    series = rest * series + 8.333_452e-3;
    series = rest * series + 4.166_579_6e-2;
    series = rest * series + 0.166_666_65;
    series = rest * series + 0.5;
    let near = series * rest * rest + rest + 1.0;
    let power = shifted.to_bits().wrapping_sub(NO_FRACTION.to_bits()).wrapping_add(127) << 23;
    near * f32::from_bits(power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_close_to_the_true_ones() {
        for step in -4000_i16..4000 {
            let x = f32::from(step) / 300.0;
            assert!((tanh(x) - x.tanh()).abs() < 2e-6, "tanh {x}");
            assert!((logistic(x) - 1.0 / (1.0 + (-x).exp())).abs() < 2e-6, "logistic {x}");
            let x = -x.abs() * 6.0;
            assert!((exp(x) - x.exp()).abs() <= 4e-7 * x.exp(), "exp {x}");
        }
        assert_eq!([-1.0, -0.5, 0.0, 0.003, 0.005, 1.0].map(to_byte), [1, 64, 128, 128, 129, 255]);
    }

    #[test]
    fn a_cell_keeps_and_says_what_its_gates_let_through() {
        let mut gates = [0.0; GATES * BLOCK];
        gates[0] = 20.0; // input 1, all gates half open
        gates[1] = -20.0;
        gates[2 * BLOCK + 1] = 20.0; // keeps all
        let mut state = [0.0; BLOCK];
        state[1] = 2.0;
        let mut out = [0; BLOCK];
        step_cells(Simd::Portable, &gates, &mut state, &mut out);
        assert!((state[0] - 0.5).abs() < 1e-5 && (state[1] - 1.5).abs() < 1e-5);
        assert_eq!(out[0], to_byte(0.5_f32.tanh() * 0.5));
        assert_eq!(out[2], ZERO);
    }

    #[test]
    fn every_processor_gives_the_same_bits() {
        let gates: Vec<f32> = (0..3 * 64_i16).map(|i| f32::from(i * 37 % 101) / 9.0 - 5.0).collect();
        let run = |simd| {
            let (mut state, mut out) = (vec![0.3; 48], vec![0; 48]);
            step_cells(simd, &gates, &mut state, &mut out);
            let mut squashed = vec![0; gates.len()];
            tanh_bytes(simd, &gates, &mut squashed);
            let mut shares = gates[..111].to_vec();
            softmax(simd, &mut shares);
            (state, out, squashed, shares)
        };
        let expected = run(Simd::Portable);
        assert!((expected.3.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        for simd in Simd::all() {
            assert_eq!(run(simd), expected, "{simd:?}");
        }
    }
}
