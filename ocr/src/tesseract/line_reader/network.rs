use super::{
    Unsupported,
    activation::softmax,
    convolution::{Convolution, SIDE},
    cursor::Cursor,
    line_image::LineImage,
    lstm::{Direction, Lstm},
    matrix::{GROUP, Matrix, Weights},
    node::Codes,
    noise::Noise,
    sequences::Sequences,
    simd::Simd,
};

/// A line recognition network of Tesseract, such as `[1,36,0,1 C3,3Ft16 Mp3,3 Lfys48 Lfx96 Lrx96 Lfx192 O1c111]`:
/// pixels are folded to 16 features, columns summed up, the line read to and fro, each step named.
#[derive(Debug)]
pub(super) struct Network {
    /// Height of a line image in pixels.
    pub(super) height: usize,
    /// Number of the output that says nothing.
    pub(super) null: usize,
    /// Outputs of each step.
    pub(super) outputs: usize,
    convolution: Convolution,
    columns: Lstm,
    layers: Vec<(Direction, Lstm)>,
    names: Matrix,
    samples: u64,
    simd: Simd,
}

/// One part of the network as the file has it.
enum Layer {
    Input { height: usize },
    Convolve,
    Convolution(Convolution),
    MaxPool,
    Columns(Lstm),
    Lstm(Direction, Lstm),
    Names(Matrix, usize),
}

impl Network {
    /// Reads a network (`LSTMRecognizer::DeSerialize` of Tesseract's lstmrecognizer.cpp).
    pub(super) fn new(bytes: &[u8]) -> Result<Self, Unsupported> {
        let mut cursor = Cursor::new(bytes);
        let mut layers = Vec::new();
        read_layer(&mut cursor, Around::Nothing, &mut layers, 0)?;
        cursor.string()?; // how it was described when training began
        let [_flags, _iteration, samples, null] = [cursor.i32()?, cursor.i32()?, cursor.i32()?, cursor.i32()?];
        let mut layers = layers.into_iter();
        let (Some(Layer::Input { height }), Some(Layer::Convolve), Some(Layer::Convolution(convolution))) =
            (layers.next(), layers.next(), layers.next())
        else {
            return Err(UNKNOWN);
        };
        let (Some(Layer::MaxPool), Some(Layer::Columns(columns))) = (layers.next(), layers.next()) else {
            return Err(UNKNOWN);
        };
        let mut between = Vec::new();
        let (names, outputs) = loop {
            match layers.next() {
                Some(Layer::Lstm(direction, lstm)) => between.push((direction, lstm)),
                Some(Layer::Names(names, outputs)) => break (names, outputs),
                _ => return Err(UNKNOWN),
            }
        };
        let null = usize::try_from(null).ok().filter(|&null| null < outputs).ok_or(UNKNOWN)?;
        if layers.next().is_some() || height == 0 || !height.is_multiple_of(SIDE) {
            return Err(UNKNOWN);
        }
        // a negative count wraps as Tesseract's does
        let samples = i64::from(samples).cast_unsigned();
        Ok(Self { height, null, outputs, convolution, columns, layers: between, names, samples, simd: Simd::detect() })
    }

    /// What its outputs are numbered by.
    pub(super) fn codes(&self) -> Codes {
        Codes { outputs: self.outputs, null: u16::try_from(self.null).unwrap_or(u16::MAX) }
    }

    /// Pixels of a line image that make one step.
    pub(super) fn pixels_a_step(&self) -> usize {
        SIDE
    }

    /// Reads lines together, the widest first, all wider than a step.
    pub(super) fn read(&self, images: &[LineImage]) -> Outputs<'_> {
        let lengths: Vec<_> = images.iter().map(|image| image.width / SIDE).collect();
        let mut line = Sequences::new(self.columns.outputs(), &lengths);
        for (index, image) in images.iter().enumerate() {
            let folded = self.convolution.read(self.simd, image, Noise::new(self.samples));
            let start = line.starts[index] * line.features;
            let out = &mut line.values[start..start + lengths[index] * line.features];
            self.columns.summarise_columns(self.simd, &folded, lengths[index], out);
        }
        for (direction, layer) in &self.layers {
            line = layer.read(self.simd, &line, *direction);
        }
        Outputs { network: self, line }
    }
}

/// What the network made of lines, before the last layer.
#[derive(Debug)]
pub(super) struct Outputs<'a> {
    network: &'a Network,
    line: Sequences,
}

impl Outputs<'_> {
    /// The probabilities of the outputs at each step of a line: rows of `row` values, of which the first
    /// [`Network::outputs`] count.
    pub(super) fn probabilities(&self, index: usize) -> (usize, Vec<f32>) {
        let Network { names, outputs, simd, .. } = self.network;
        let mut values = vec![0.0; self.line.lengths[index] * names.row_values()];
        names.multiply(*simd, self.line.sequence(index), &mut values);
        for row in values.chunks_exact_mut(names.row_values()) {
            softmax(*simd, &mut row[..*outputs]);
        }
        (names.row_values(), values)
    }
}

const UNKNOWN: Unsupported = Unsupported("its network has another shape");
/// Networks are nested three deep.
const MOST_DEPTH: usize = 8;

/// What a layer stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Around {
    Nothing,
    Reversed,
    Transposed,
}

/// Reads a layer and those in it (`Network::CreateFromFile` of network.cpp): type, whether it is trained, flags, sizes,
/// name, then what the type needs.
fn read_layer(cursor: &mut Cursor, around: Around, layers: &mut Vec<Layer>, depth: usize) -> Result<(), Unsupported> {
    const HAS_RATES: i32 = 64;
    if cursor.u8()? != 0 || depth > MOST_DEPTH {
        return Err(UNKNOWN);
    }
    let kind = cursor.string()?;
    cursor.u8()?;
    cursor.u8()?;
    let flags = cursor.i32()?;
    let (inputs, outputs, _weights) = (cursor.size()?, cursor.size()?, cursor.i32()?);
    cursor.string()?;
    let inner = match kind {
        b"Series" => Around::Nothing,
        b"RTLReversed" => Around::Reversed,
        b"XYTranspose" => Around::Transposed,
        _ => {
            layers.push(read_leaf(cursor, kind, around, inputs, outputs)?);
            return Ok(());
        }
    };
    let count = cursor.size()?;
    if around != Around::Nothing || (inner != Around::Nothing && count != 1) {
        return Err(UNKNOWN);
    }
    for _ in 0..count {
        read_layer(cursor, inner, layers, depth + 1)?;
    }
    if flags & HAS_RATES != 0 {
        let rates = cursor.size()?;
        cursor.bytes(rates.saturating_mul(4))?;
    }
    Ok(())
}

fn read_leaf(
    cursor: &mut Cursor,
    kind: &[u8],
    around: Around,
    inputs: usize,
    outputs: usize,
) -> Result<Layer, Unsupported> {
    match (kind, around) {
        (b"Input", Around::Nothing) => match [(); 5].map(|()| cursor.i32()) {
            [Ok(1), Ok(height), Ok(0), Ok(1), Ok(_)] => {
                Ok(Layer::Input { height: usize::try_from(height).unwrap_or(0) })
            }
            _ => Err(UNKNOWN),
        },
        // both count from the middle, or both the side
        (b"Convolve", Around::Nothing) if (cursor.size()?, cursor.size()?) == (1, 1) => Ok(Layer::Convolve),
        (b"Maxpool", Around::Nothing) if (cursor.size()?, cursor.size()?) == (SIDE, SIDE) => Ok(Layer::MaxPool),
        (b"Tanh", Around::Nothing) => Ok(Layer::Convolution(Convolution::new(cursor)?)),
        (b"SummLSTM", Around::Transposed) => Ok(Layer::Columns(Lstm::new(cursor, inputs)?)),
        (b"LSTM", Around::Nothing) => Ok(Layer::Lstm(Direction::Forward, Lstm::new(cursor, inputs)?)),
        (b"LSTM", Around::Reversed) => Ok(Layer::Lstm(Direction::Backward, Lstm::new(cursor, inputs)?)),
        (b"Softmax", Around::Nothing) => {
            let weights = Weights::new(cursor)?;
            if weights.inputs() != inputs || weights.outputs() != outputs || !inputs.is_multiple_of(GROUP) {
                return Err(UNKNOWN);
            }
            Ok(Layer::Names(Matrix::new(&weights), outputs))
        }
        _ => Err(UNKNOWN),
    }
}
