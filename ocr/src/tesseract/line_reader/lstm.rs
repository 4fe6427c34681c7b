use super::{
    Unsupported,
    activation::{GATES, step_cells},
    cursor::Cursor,
    matrix::{BLOCK, Matrix, Weights, ZERO},
    sequences::Sequences,
    simd::Simd,
};

/// A layer of long short-term memory, one-dimensional (Tesseract's lstm.cpp). Each step of each sequence sees its
/// inputs and what the cells said the step before.
#[derive(Debug)]
pub(super) struct Lstm {
    gates: Matrix,
    inputs: usize,
    cells: usize,
}

/// From where to where a layer reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Forward,
    Backward,
}

/// Columns that are read together by [`Lstm::summarise_columns`]: their cells stay in the cache.
const COLUMNS: usize = 128;

impl Lstm {
    /// Reads a layer: the width of its matrices, then the matrices of input, input gate, forget gate, output gate.
    pub(super) fn new(cursor: &mut Cursor, inputs: usize) -> Result<Self, Unsupported> {
        let width = cursor.size()?;
        let weights = (0..GATES).map(|_| Weights::new(cursor)).collect::<Result<Vec<_>, _>>()?;
        Self::of(&weights, inputs, width)
    }

    fn of(weights: &[Weights], inputs: usize, width: usize) -> Result<Self, Unsupported> {
        let cells = weights.first().map_or(0, Weights::outputs);
        let is_plain = width == inputs + cells && weights.iter().all(|w| w.outputs() == cells && w.inputs() == width);
        if !is_plain || !cells.is_multiple_of(BLOCK) {
            return Err(Unsupported("a layer of memory has another shape"));
        }
        Ok(Self { gates: Matrix::interleaved(weights), inputs, cells })
    }

    pub(super) fn outputs(&self) -> usize {
        self.cells
    }

    /// Reads all sequences side by side.
    pub(super) fn read(&self, simd: Simd, input: &Sequences, direction: Direction) -> Sequences {
        let mut output = Sequences::new(self.cells, &input.lengths);
        let mut memory = Memory::new(self, input.lengths.len());
        let mut count = input.lengths.len();
        for step in 0..input.lengths.first().copied().unwrap_or(0) {
            // the lengths descend: those that have ended are at the end
            while count > 0 && input.lengths[count - 1] <= step {
                count -= 1;
            }
            let place = |index: usize| match direction {
                Direction::Forward => step,
                Direction::Backward => input.lengths[index] - 1 - step,
            };
            for row in 0..count {
                memory.input(self, row).copy_from_slice(input.step(row, place(row)));
            }
            memory.advance(self, simd, count);
            for row in 0..count {
                output.step_mut(row, place(row)).copy_from_slice(memory.said(self, row));
            }
        }
        output
    }

    /// Reads each column of an image from top to bottom and keeps what is said at its end. `image` holds rows of
    /// `width` x `inputs` values; `out` takes `width` x `outputs` values.
    pub(super) fn summarise_columns(&self, simd: Simd, image: &[u8], width: usize, out: &mut [u8]) {
        let mut memory = Memory::new(self, COLUMNS.min(width));
        for (start, out) in (0..width).step_by(COLUMNS).zip(out.chunks_mut(COLUMNS * self.cells)) {
            let count = COLUMNS.min(width - start);
            memory.forget();
            for row in image.chunks_exact(width * self.inputs) {
                let row = &row[start * self.inputs..][..count * self.inputs];
                for (column, values) in row.chunks_exact(self.inputs).enumerate() {
                    memory.input(self, column).copy_from_slice(values);
                }
                memory.advance(self, simd, count);
            }
            for (column, out) in out.chunks_exact_mut(self.cells).enumerate() {
                out.copy_from_slice(memory.said(self, column));
            }
        }
    }
}

/// What the cells of several sequences remember.
struct Memory {
    /// for each sequence: its inputs, then what its cells said
    sources: Vec<u8>,
    gates: Vec<f32>,
    states: Vec<f32>,
}

impl Memory {
    fn new(layer: &Lstm, count: usize) -> Self {
        Self {
            sources: vec![ZERO; count * layer.gates.row_bytes()],
            gates: vec![0.0; count * layer.gates.row_values()],
            states: vec![0.0; count * layer.cells],
        }
    }

    fn forget(&mut self) {
        self.sources.fill(ZERO);
        self.states.fill(0.0);
    }

    fn input(&mut self, layer: &Lstm, row: usize) -> &mut [u8] {
        &mut self.sources[row * layer.gates.row_bytes()..][..layer.inputs]
    }

    fn said(&self, layer: &Lstm, row: usize) -> &[u8] {
        &self.sources[row * layer.gates.row_bytes() + layer.inputs..][..layer.cells]
    }

    /// Takes one step with the first `count` sequences.
    fn advance(&mut self, layer: &Lstm, simd: Simd, count: usize) {
        let (row_bytes, row_values) = (layer.gates.row_bytes(), layer.gates.row_values());
        let gates = &mut self.gates[..count * row_values];
        layer.gates.multiply(simd, &self.sources[..count * row_bytes], gates);
        let rows = self.sources.chunks_exact_mut(row_bytes).zip(self.states.chunks_exact_mut(layer.cells));
        for (gates, (source, state)) in gates.chunks_exact(row_values).zip(rows) {
            step_cells(simd, gates, state, &mut source[layer.inputs..layer.inputs + layer.cells]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 16 cells of one input: the input is taken whole, nothing is kept, all is said; plus half of what cell 0 said.
    fn echo() -> Lstm {
        let gate = |of_input: i8, of_memory: i8, bias: i8| {
            let row = |_| {
                let mut row = vec![0; 1 + BLOCK + 1];
                (row[0], row[1], row[1 + BLOCK]) = (of_input, of_memory, bias);
                row
            };
            Weights::of((0..BLOCK).map(row).collect(), vec![1.0 / 127.0 / 127.0; BLOCK])
        };
        let open = || Weights::of(vec![[vec![0; 17], vec![127]].concat(); BLOCK], vec![0.1; BLOCK]);
        let shut = Weights::of(vec![[vec![0; 17], vec![-127]].concat(); BLOCK], vec![0.1; BLOCK]);
        Lstm::of(&[gate(127, 63, 0), open(), shut, open()], 1, 17).unwrap()
    }

    fn value(byte: u8) -> f32 {
        (f32::from(byte) - 128.0) / 127.0
    }

    #[test]
    fn remembers_from_step_to_step_in_either_direction() {
        let layer = echo();
        let mut input = Sequences::new(1, &[2, 1]);
        input.step_mut(0, 0)[0] = ZERO + 127;
        input.step_mut(1, 0)[0] = ZERO + 127;
        let first = 1.0_f32.tanh().tanh();
        let second = (first * 63.0 / 127.0).tanh().tanh();
        for simd in Simd::all() {
            let forward = layer.read(simd, &input, Direction::Forward);
            assert!((value(forward.step(0, 0)[3]) - first).abs() < 0.01);
            assert!((value(forward.step(0, 1)[3]) - second).abs() < 0.01);
            let backward = layer.read(simd, &input, Direction::Backward);
            assert_eq!(backward.step(0, 1)[3], ZERO);
            assert_eq!(backward.step(0, 0), forward.step(0, 0));
            assert_eq!(backward.step(1, 0), forward.step(1, 0));
        }
    }

    #[test]
    fn summarises_each_column_by_what_is_said_at_its_foot() {
        let layer = echo();
        let mut input = Sequences::new(1, &[2]);
        input.step_mut(0, 0)[0] = ZERO + 127;
        let expected = layer.read(Simd::Portable, &input, Direction::Forward);
        let image = [ZERO, ZERO + 127, ZERO, ZERO]; // two columns, two rows
        let mut out = [0; 2 * BLOCK];
        layer.summarise_columns(Simd::Portable, &image, 2, &mut out);
        assert_eq!(out[..BLOCK], [ZERO; BLOCK]);
        assert_eq!(out[BLOCK..], *expected.step(0, 1));
    }
}
