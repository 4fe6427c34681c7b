use super::matrix::ZERO;

/// The noise that stands for what lies beyond a line image: Tesseract's own, number by number (`TRand` of helpers.h:
/// the "minimal standard" generator of Park and Miller), so that the same line reads the same.
#[derive(Clone, Copy, Debug)]
pub(super) struct Noise {
    state: u64,
}

const MODULUS: u64 = 2_147_483_647;
const FACTOR: u64 = 48_271;

impl Noise {
    /// Starts the noise for a network that has been trained with so many samples (`LSTMRecognizer::SetRandomSeed`).
    pub(super) fn new(samples: u64) -> Self {
        let state = samples.wrapping_mul(0x1000_0001) % MODULUS;
        let mut noise = Self { state: if state == 0 { 1 } else { state } };
        noise.next();
        noise
    }

    fn next(&mut self) -> u64 {
        self.state = self.state * FACTOR % MODULUS;
        self.state
    }

    /// A byte from -127 to 127, around [`ZERO`].
    pub(super) fn next_byte(&mut self) -> u8 {
        #[expect(clippy::cast_precision_loss, reason = "31 bits fit a double")]
        let value = self.next() as f64 * (2.0 * 127.0) / 2_147_483_647.0 - 127.0;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 1 to 255")]
        let byte = (value.round() + f64::from(ZERO)) as u8;
        byte
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_minimal_standard_generator() {
        let mut noise = Noise::new(0);
        assert_eq!(noise.state, 48_271);
        for _ in 1..10_000 {
            noise.next();
        }
        // the known 10,000th value of std::minstd_rand, seeded with 1
        assert_eq!(noise.state, 399_268_537);
    }
}
