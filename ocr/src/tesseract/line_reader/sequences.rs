/// Several sequences of feature vectors, one after another: the lines of a page, from left to right. The longest
/// sequence comes first.
#[derive(Debug)]
pub(super) struct Sequences {
    /// Values of one step.
    pub(super) features: usize,
    /// Steps of each sequence, descending.
    pub(super) lengths: Vec<usize>,
    /// First step of each sequence in `values`, in steps.
    pub(super) starts: Vec<usize>,
    /// Bytes around [`super::matrix::ZERO`].
    pub(super) values: Vec<u8>,
}

impl Sequences {
    pub(super) fn new(features: usize, lengths: &[usize]) -> Self {
        let starts = lengths.iter().scan(0, |next, &length| Some(std::mem::replace(next, *next + length))).collect();
        let steps: usize = lengths.iter().sum();
        Self { features, lengths: lengths.to_vec(), starts, values: vec![super::matrix::ZERO; steps * features] }
    }

    /// The values of all steps of a sequence.
    pub(super) fn sequence(&self, index: usize) -> &[u8] {
        let start = self.starts[index] * self.features;
        &self.values[start..start + self.lengths[index] * self.features]
    }

    /// The values of one step of a sequence.
    pub(super) fn step(&self, index: usize, step: usize) -> &[u8] {
        &self.values[(self.starts[index] + step) * self.features..][..self.features]
    }

    /// The values of one step of a sequence, to be written.
    pub(super) fn step_mut(&mut self, index: usize, step: usize) -> &mut [u8] {
        &mut self.values[(self.starts[index] + step) * self.features..][..self.features]
    }
}
