//! Reads lines of text with Tesseract's own networks, many lines at once.
//!
//! Promises: reads the `.traineddata` files of Tesseract 4 and 5 whose network is of the usual shape with integer
//! weights, and says [`Unsupported`] of others; the same words as Tesseract, give or take a rounding. Refuses to
//! know: pages, files, Tesseract's library.

mod activation;
#[cfg(target_arch = "x86_64")]
mod activation_wide;
mod beam;
mod convolution;
mod cursor;
mod dawg;
mod dictionary;
mod languages;
mod lattice;
mod line_image;
mod lstm;
mod matrix;
#[cfg(target_arch = "x86_64")]
mod matrix_avx2;
#[cfg(target_arch = "x86_64")]
mod matrix_avx512;
mod network;
mod node;
mod noise;
mod sequences;
mod simd;
mod top;
mod traineddata;
mod unicharset;
mod words;

use dictionary::Dictionary;
use line_image::LineImage;
use network::Network;
use traineddata::{Part, TrainedData};
use unicharset::Unicharset;

pub(super) use languages::read_lines;
pub(super) use words::LineWord;

/// A model that this reader can't read, and why: Tesseract's own reader is for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unsupported(pub(super) &'static str);

/// The line reader of one language.
#[derive(Debug)]
pub(super) struct LineReader {
    network: Network,
    unicharset: Unicharset,
    dictionary: Option<Dictionary>,
}

/// A grey line, scaled to [`LineReader::height`].
#[derive(Debug)]
pub(super) struct GreyLine {
    /// Pixels from left to right.
    pub(super) width: usize,
    /// Row by row, 0 is black.
    pub(super) pixels: Vec<u8>,
}

/// Steps that are read together at most, unless one line alone has more: some 20 MB.
const MOST_STEPS: usize = 30_000;
/// A line whose outputs are less certain than this on average may be white on black (Tesseract's `invert_threshold`).
const CERTAIN_ENOUGH: f32 = 0.7;

impl LineReader {
    /// Reads a `.traineddata` file.
    pub(super) fn new(traineddata: &[u8]) -> Result<Self, Unsupported> {
        let data = TrainedData::new(traineddata)?;
        let find = |part| data.find(part).ok_or(Unsupported("a part of it is missing"));
        let network = Network::new(find(Part::Network)?)?;
        let (set, codes) = (find(Part::Unicharset)?, find(Part::Recoder)?);
        let unicharset = Unicharset::new(set, codes, network.outputs, network.null)?;
        Ok(Self { network, unicharset, dictionary: Dictionary::new(&data)? })
    }

    /// The height of a line image, in pixels.
    pub(super) fn height(&self) -> usize {
        self.network.height
    }

    /// Pixels of such an image that make one step.
    pub(super) fn pixels_a_step(&self) -> f32 {
        #[expect(clippy::cast_precision_loss, reason = "a few pixels")]
        let pixels = self.network.pixels_a_step() as f32;
        pixels
    }

    /// Reads lines; the words of each, from left to right.
    fn read(&self, lines: &[&GreyLine]) -> Vec<Vec<LineWord>> {
        let mut words = vec![Vec::new(); lines.len()];
        let step = self.network.pixels_a_step();
        let mut order: Vec<usize> = (0..lines.len()).filter(|&index| lines[index].width >= step).collect();
        order.sort_by_key(|&index| std::cmp::Reverse(lines[index].width));
        let mut rest = order.as_slice();
        while !rest.is_empty() {
            let mut steps = 0;
            let fits = rest.iter().take_while(|&&index| {
                steps += lines[index].width / step;
                steps <= MOST_STEPS
            });
            let (batch, later) = rest.split_at(fits.count().max(1));
            self.read_batch(lines, batch, &mut words);
            rest = later;
        }
        words
    }

    fn read_batch(&self, lines: &[&GreyLine], batch: &[usize], words: &mut [Vec<LineWord>]) {
        let image = |index: usize, is_inverted| {
            let line = lines[index];
            LineImage::new(line.width, self.network.height, &line.pixels, is_inverted)
        };
        let images: Vec<_> = batch.iter().map(|&index| image(index, false)).collect();
        let outputs = self.network.read(&images);
        let mut doubtful = Vec::new();
        for (place, &index) in batch.iter().enumerate() {
            let (row, values) = outputs.probabilities(place);
            let certainty = self.certainty(&values, row);
            words[index] = self.decode(&values, row);
            if certainty < CERTAIN_ENOUGH {
                doubtful.push((index, certainty));
            }
        }
        let images: Vec<_> = doubtful.iter().map(|&(index, _)| image(index, true)).collect();
        let outputs = self.network.read(&images);
        for (place, &(index, certainty)) in doubtful.iter().enumerate() {
            let (row, values) = outputs.probabilities(place);
            if self.certainty(&values, row) > certainty {
                words[index] = self.decode(&values, row);
            }
        }
    }

    fn decode(&self, values: &[f32], row: usize) -> Vec<LineWord> {
        let path = beam::best_path(values, row, self.network.codes(), &self.unicharset, self.dictionary.as_ref());
        words::split_words(&path, &self.unicharset)
    }

    /// The mean of the best outputs, where they are not the null; 0.0 when all are
    /// (`LSTMRecognizer::OutputStats`).
    fn certainty(&self, values: &[f32], row: usize) -> f32 {
        let (mut sum, mut count) = (0.0, 0.0);
        for outputs in values.chunks_exact(row) {
            let outputs = &outputs[..self.network.outputs];
            let best = outputs.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
            if let Some((_, probability)) = best.filter(|&(output, _)| output != self.network.null) {
                (sum, count) = (sum + probability, count + 1.0);
            }
        }
        if count > 0.0 { sum / count } else { 0.0 }
    }
}
