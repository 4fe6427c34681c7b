use super::Unsupported;

/// Reads little-endian values from a part of a `.traineddata` file, as `TFile` of Tesseract's serialis.cpp does.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn bytes(&mut self, count: usize) -> Result<&'a [u8], Unsupported> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Unsupported("its data ends early"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Unsupported> {
        self.bytes(N)?.try_into().map_err(|_| Unsupported("its data ends early"))
    }

    pub(super) fn u8(&mut self) -> Result<u8, Unsupported> {
        Ok(self.array::<1>()?[0])
    }

    pub(super) fn i16(&mut self) -> Result<i16, Unsupported> {
        self.array().map(i16::from_le_bytes)
    }

    pub(super) fn i32(&mut self) -> Result<i32, Unsupported> {
        self.array().map(i32::from_le_bytes)
    }

    pub(super) fn i64(&mut self) -> Result<i64, Unsupported> {
        self.array().map(i64::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, Unsupported> {
        self.array().map(u64::from_le_bytes)
    }

    pub(super) fn f64(&mut self) -> Result<f64, Unsupported> {
        self.array().map(f64::from_le_bytes)
    }

    /// A count or size: not negative.
    pub(super) fn size(&mut self) -> Result<usize, Unsupported> {
        usize::try_from(self.i32()?).map_err(|_| Unsupported("a size is negative"))
    }

    /// A length and that many bytes, which need not be UTF-8.
    pub(super) fn string(&mut self) -> Result<&'a [u8], Unsupported> {
        let length = self.size()?;
        self.bytes(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_values_and_stops_at_the_end() {
        let mut cursor = Cursor::new(&[7, 3, 0, 0, 0, b'a', b'b', b'c', 0xff, 0xff, 0xff, 0xff]);
        assert_eq!(cursor.u8().unwrap(), 7);
        assert_eq!(cursor.string().unwrap(), b"abc");
        assert!(cursor.size().is_err());
        assert!(cursor.u8().is_err());
    }
}
