use super::{Unsupported, cursor::Cursor};

/// The parts of a `.traineddata` file that reading a line needs (`TessdataType` of Tesseract's tessdatamanager.h).
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    Network = 17,
    Punctuation = 18,
    Words = 19,
    Numbers = 20,
    Unicharset = 21,
    Recoder = 22,
}

/// A `.traineddata` file: a table of offsets, then the parts one after another.
#[derive(Debug)]
pub(super) struct TrainedData<'a> {
    bytes: &'a [u8],
    /// -1 where a part is missing
    offsets: Vec<i64>,
}

/// Tesseract 5 knows 24 parts; what claims many more is something else (or of the other byte order).
const MOST_PARTS: usize = 100;

impl<'a> TrainedData<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self, Unsupported> {
        let mut cursor = Cursor::new(bytes);
        let count = cursor.size()?;
        if count > MOST_PARTS {
            return Err(Unsupported("it has too many parts"));
        }
        let offsets = (0..count).map(|_| cursor.i64()).collect::<Result<_, _>>()?;
        Ok(Self { bytes, offsets })
    }

    /// Finds a part; it ends where the next one begins.
    pub(super) fn find(&self, part: Part) -> Option<&'a [u8]> {
        let start = usize::try_from(*self.offsets.get(part as usize)?).ok()?;
        let later = self.offsets.iter().filter_map(|&offset| usize::try_from(offset).ok()).filter(|&o| o > start);
        self.bytes.get(start..later.min().unwrap_or(self.bytes.len()))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A file that has one part only.
    pub(in super::super) fn bytes_with(part: Part, content: &[u8]) -> Vec<u8> {
        const PARTS: i64 = 23;
        let mut bytes = 23_i32.to_le_bytes().to_vec();
        for index in 0..PARTS {
            let offset: i64 = if index == part as i64 { 4 + 8 * PARTS } else { -1 };
            bytes.extend(offset.to_le_bytes());
        }
        bytes.extend(content);
        bytes
    }

    #[test]
    fn finds_parts_by_their_offsets() {
        let mut bytes = bytes_with(Part::Network, b"neset");
        let unicharset = 4 + 8 * Part::Unicharset as usize;
        bytes[unicharset..unicharset + 8].copy_from_slice(&190_i64.to_le_bytes());
        let data = TrainedData::new(&bytes).unwrap();
        assert_eq!(data.find(Part::Network), Some(b"ne".as_slice()));
        assert_eq!(data.find(Part::Unicharset), Some(b"set".as_slice()));
        assert_eq!(data.find(Part::Words), None);
        assert!(TrainedData::new(&[0xff; 8]).is_err());
    }
}
