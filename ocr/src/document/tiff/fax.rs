use hayro_ccitt::{DecodeSettings, Decoder, DecoderContext, EncodingMode, decode};

/// How the rows of a fax image are coded (CCITT T.4 and T.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FaxCode {
    /// TIFF compression 2: Huffman runs, rows on bytes, no end-of-line codes.
    ModifiedHuffman,
    /// TIFF compression 3.
    Group3 { is_two_dimensional: bool, rows_are_byte_aligned: bool },
    /// TIFF compression 4.
    Group4,
}

/// Decodes one strip or tile to bits, 1 is black as in the file. Gives fewer rows when the data ends early.
pub(super) fn decode_fax(code: FaxCode, data: &[u8], width: u32, rows: u32) -> Vec<u8> {
    let settings = DecodeSettings {
        columns: width,
        rows,
        end_of_block: true,
        end_of_line: matches!(code, FaxCode::Group3 { .. }),
        rows_are_byte_aligned: match code {
            FaxCode::ModifiedHuffman => true,
            FaxCode::Group3 { rows_are_byte_aligned, .. } => rows_are_byte_aligned,
            FaxCode::Group4 => false,
        },
        encoding: match code {
            FaxCode::Group3 { is_two_dimensional: true, .. } => EncodingMode::Group3_2D,
            FaxCode::Group3 { .. } | FaxCode::ModifiedHuffman => EncodingMode::Group3_1D,
            FaxCode::Group4 => EncodingMode::Group4,
        },
        strict: false,
    };
    let row_bytes = width.div_ceil(8) as usize;
    let mut bits = Bits { row_bytes, width, rows: Vec::new(), most: row_bytes * rows as usize };
    // an error leaves the rows before it; the caller sees that some are missing
    let _ = decode(data, &mut bits, &mut DecoderContext::new(settings));
    bits.rows
}

struct Bits {
    row_bytes: usize,
    width: u32,
    rows: Vec<u8>,
    /// Bytes of all rows that are wanted.
    most: usize,
}

impl Decoder for Bits {
    fn push_row(&mut self, changes: &[u32]) {
        let start = self.rows.len();
        if start >= self.most {
            return;
        }
        self.rows.resize(start + self.row_bytes, 0);
        let row = &mut self.rows[start..];
        for pair in changes.chunks(2) {
            let end = pair.get(1).copied().unwrap_or(self.width).min(self.width);
            for x in pair[0]..end {
                row[x as usize / 8] |= 0x80 >> (x % 8);
            }
        }
    }
}
