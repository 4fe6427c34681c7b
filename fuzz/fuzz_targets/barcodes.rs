//! Any pixels, through preparation, barcodes and layout, with an engine that sees no letter.
#![no_main]

use libfuzzer_sys::fuzz_target;
use untxt_fuzz::{Blind, options};
use untxt_ocr::{Document, Pipeline};

/// Rows of a page of bits; many codes fit on it.
const WIDTH: u32 = 256;

fuzz_target!(|data: &[u8]| {
    let rows = data.len() / (WIDTH as usize / 8);
    if rows < 16 {
        return;
    }
    let document = Document::open(bitmap(data, rows), &options()).expect("a picture of bits");
    let _ = Pipeline::new(Blind).read_text(&document, 0);
});

/// A BMP of one bit a pixel, at 100 dots per inch.
fn bitmap(data: &[u8], rows: usize) -> Vec<u8> {
    let height = u32::try_from(rows).unwrap_or(0);
    let pixels = &data[..rows * WIDTH as usize / 8];
    let size = u32::try_from(62 + pixels.len()).unwrap_or(0);
    let header = [size, 0, 62, 40, WIDTH, height, 1 | 1 << 16, 0, 0, 3937, 3937, 2, 0, 0, 0x00ff_ffff];
    [b"BM".to_vec(), header.iter().flat_map(|word| word.to_le_bytes()).collect(), pixels.to_vec()].concat()
}
