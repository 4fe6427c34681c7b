use std::collections::HashSet;

use rxing::{
    BarcodeFormat, DecodeHints, RXingResult, Reader, aztec::AztecReader, datamatrix::DataMatrixReader,
    multi::MultipleBarcodeReader, pdf417::PDF417Reader, qrcode::cpp_port::QrReader,
};
use untxt_page::Bounds;

use super::{Found, cut::Cut};

/// Below this resolution a small code has modules of two pixels, which the reader of Aztec codes takes for noise.
const COARSE_DPI: usize = 250;
/// Pixels of a cut that may hold so small a code.
const SMALL_PIXELS: usize = 40_000;

/// Reads codes that are made of squares or of stacked rows. All have error correction, which noise does not pass.
pub(super) fn read_matrix_codes(cut: &Cut) -> Vec<Found> {
    let hints = DecodeHints {
        TryHarder: Some(true),
        PossibleFormats: Some(HashSet::from([BarcodeFormat::QR_CODE])),
        ..DecodeHints::default()
    };
    let Some(mut bitmap) = cut.to_bitmap() else { return Vec::new() };
    let results = QrReader.decode_multiple_with_hints(&mut bitmap, &hints).unwrap_or_default();
    if !results.is_empty() {
        return results.iter().filter_map(|result| to_found("qr_code", result, cut)).collect();
    }
    let results = PDF417Reader::new().decode_multiple_with_hints(&mut bitmap, &hints).unwrap_or_default();
    if let [result] = results.as_slice() {
        return vec![fill_cut("pdf_417", result, cut)];
    }
    if let Ok(result) = AztecReader.decode_with_hints(&mut bitmap, &hints) {
        return to_found("aztec", &result, cut).into_iter().collect();
    }
    if let Ok(result) = DataMatrixReader.decode_with_hints(&mut bitmap, &hints) {
        return to_found("data_matrix", &result, cut).into_iter().collect();
    }
    if cut.dpi >= COARSE_DPI || cut.pixel_count() > SMALL_PIXELS {
        return Vec::new();
    }
    let bitmap = cut.doubled().to_bitmap();
    let result = bitmap.and_then(|mut bitmap| AztecReader.decode_with_hints(&mut bitmap, &hints).ok());
    result.map(|result| fill_cut("aztec", &result, cut)).into_iter().collect()
}

/// Makes a code of a result whose points are those of another picture: turned, or of another size.
fn fill_cut(format: &'static str, result: &RXingResult, cut: &Cut) -> Found {
    Found { format, value: result.getText().to_owned(), bounds: cut.ink() }
}

fn to_found(format: &'static str, result: &RXingResult, cut: &Cut) -> Option<Found> {
    Some(Found { format, value: result.getText().to_owned(), bounds: around(result, cut)? })
}

/// Gives the box around the corners that a decoder saw.
fn around(result: &RXingResult, cut: &Cut) -> Option<Bounds> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float becomes an int by saturating")]
    let place = |value: f32| value as u32;
    let across = || result.getPoints().iter().map(|point| place(point.x));
    let down = || result.getPoints().iter().map(|point| place(point.y));
    let bounds = [across().min()?, down().min()?, across().max()?, down().max()?];
    let [left, top, right, bottom] = cut.inner;
    Some([bounds[0].max(left), bounds[1].max(top), bounds[2].min(right), bounds[3].min(bottom)])
}
