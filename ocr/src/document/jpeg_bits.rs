/// How many codes there are of each length, and what they stand for.
pub(super) type Codes = ([u8; 16], Vec<u8>);

/// Why a unit can't be read.
#[derive(Debug)]
pub(super) enum Stop {
    DataEnds,
    NoSuchCode,
}

/// Symbols by the next 16 bits, with the length of their code; a length of 0 stands for no code.
pub(super) struct Table(Vec<(u8, u8)>);

impl Table {
    /// Makes the codes as ITU-T T.81, C.2 does: in order of length, each the one before plus one.
    pub(super) fn new((counts, symbols): &Codes) -> Self {
        let mut codes = Vec::with_capacity(1 << 16);
        let lengths = (1_u8..).zip(counts).flat_map(|(length, &count)| (0..count).map(move |_| length));
        for (length, &symbol) in lengths.zip(symbols) {
            if codes.len() >= 1 << 16 {
                break;
            }
            codes.extend(std::iter::repeat_n((length, symbol), 1 << (16 - length)));
        }
        codes.resize(1 << 16, (0, 0));
        Self(codes)
    }
}

/// One block of a unit: its tables.
pub(super) struct Block<'t> {
    pub(super) dc: &'t Table,
    /// None where a scan has no more than the mean of each block.
    pub(super) ac: Option<&'t Table>,
}

/// Reads the data of a scan bit by bit, up to a marker.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    held: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, held: 0, count: 0 }
    }

    /// Bytes from the start of the data.
    pub(super) const fn position(&self) -> usize {
        self.at
    }

    fn fill(&mut self) {
        while self.count <= 48 {
            let byte = match self.bytes.get(self.at) {
                None => return,
                Some(0xff) if self.bytes.get(self.at + 1) == Some(&0) => {
                    self.at += 1;
                    0xff
                }
                Some(0xff) => return,
                Some(&byte) => byte,
            };
            self.at += 1;
            self.held = self.held << 8 | u64::from(byte);
            self.count += 8;
        }
    }

    fn skip(&mut self, bits: u32) -> Result<(), Stop> {
        if self.count < bits {
            self.fill();
        }
        self.count = self.count.checked_sub(bits).ok_or(Stop::DataEnds)?;
        Ok(())
    }

    fn symbol(&mut self, table: &Table) -> Result<u8, Stop> {
        if self.count < 16 {
            self.fill();
        }
        // behind the end are zeros
        let next = if self.count >= 16 { self.held >> (self.count - 16) } else { self.held << (16 - self.count) };
        let (length, symbol) = table.0[(next & 0xffff) as usize];
        match length {
            0 if self.count < 16 => Err(Stop::DataEnds),
            0 => Err(Stop::NoSuchCode),
            _ => self.skip(length.into()).map(|()| symbol),
        }
    }

    /// ITU-T T.81, F.2.2.
    pub(super) fn skip_unit(&mut self, blocks: &[Block<'_>], is_odd: &mut bool) -> Result<(), Stop> {
        for block in blocks {
            let size = self.symbol(block.dc)?;
            self.skip(u32::from(size & 15))?;
            let Some(ac) = block.ac else { continue };
            let mut place = 1;
            while place < 64 {
                let symbol = self.symbol(ac)?;
                match (symbol >> 4, symbol & 15) {
                    (15, 0) => place += 16,
                    (_, 0) => break,
                    (zeros, size) => {
                        self.skip(size.into())?;
                        place += u32::from(zeros) + 1;
                    }
                }
            }
            // more than a block has
            *is_odd |= place > 64;
        }
        Ok(())
    }

    /// Moves to the next marker and gives how many bytes are before it.
    pub(super) fn skip_to_marker(&mut self) -> usize {
        let mut skipped = self.count as usize / 8;
        (self.held, self.count) = (0, 0);
        while let Some(&byte) = self.bytes.get(self.at) {
            let next = self.bytes.get(self.at + 1);
            if byte == 0xff && next.is_some_and(|&next| next != 0) {
                break;
            }
            self.at += 1;
            skipped += 1;
        }
        skipped
    }

    /// Moves behind the next restart marker, unless another comes first.
    pub(super) fn skip_restart(&mut self) -> bool {
        self.skip_to_marker();
        while self.bytes.get(self.at..self.at + 2) == Some(&[0xff, 0xff]) {
            self.at += 1;
        }
        let is_restart = matches!(self.bytes.get(self.at + 1), Some(0xd0..=0xd7));
        self.at += if is_restart { 2 } else { 0 };
        is_restart
    }
}
