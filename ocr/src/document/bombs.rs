use std::io::Read;

use flate2::read::ZlibDecoder;
use hayro::hayro_syntax::{
    Pdf,
    object::{Array, Name, Object, Stream},
};

use crate::OcrError;

/// What one stream may become, in bytes: 160 megapixels in colour, and a little.
const MAX_STREAM_BYTES: u64 = 512 << 20;
/// Deflate makes at most this many bytes of one (a run of 258 for two bits), LZW and run lengths fewer.
const MAX_RATIO: u64 = 1032;
/// Streams inside streams are no way to keep a picture.
const MAX_FILTERS: usize = 4;

/// Refuses a PDF with a stream that would fill the memory: small, but coded so that it becomes half a gigabyte and more.
///
/// # Errors
/// [`OcrError::TooComplex`].
pub(super) fn check_streams(pdf: &Pdf) -> Result<(), OcrError> {
    for object in pdf.objects() {
        if let Object::Stream(stream) = object
            && is_bomb(&stream)
        {
            return Err(OcrError::TooComplex);
        }
    }
    Ok(())
}

fn is_bomb(stream: &Stream<'_>) -> bool {
    let filters = match stream.dict().get::<Object<'_>>("Filter").or_else(|| stream.dict().get("F")) {
        Some(Object::Name(name)) => vec![name.to_vec()],
        Some(Object::Array(filters)) => names(&filters),
        _ => return false,
    };
    let is_growing = |name: &&Vec<u8>| {
        matches!(name.as_slice(), b"FlateDecode" | b"Fl" | b"LZWDecode" | b"LZW" | b"RunLengthDecode" | b"RL")
    };
    let growing = filters.iter().filter(is_growing).count();
    if filters.len() > MAX_FILTERS {
        return growing > 1;
    }
    let data = stream.raw_data();
    let most = (0..growing).fold(data.len() as u64, |size, _| size.saturating_mul(MAX_RATIO));
    if most <= MAX_STREAM_BYTES {
        return false;
    }
    // only what deflate alone makes can be counted quickly; two codes over each other that may become that much
    // have no other use
    match filters.iter().all(|name| matches!(name.as_slice(), b"FlateDecode" | b"Fl")) {
        true => inflates_past(Box::new(&*data), filters.len(), MAX_STREAM_BYTES),
        false => growing > 1,
    }
}

fn names(filters: &Array<'_>) -> Vec<Vec<u8>> {
    filters.iter::<Name<'_>>().map(|name| name.to_vec()).collect()
}

/// Counts what comes out, without keeping it.
fn inflates_past(data: Box<dyn Read + '_>, times: usize, limit: u64) -> bool {
    let inflated = (0..times).fold(data, |data, _| Box::new(ZlibDecoder::new(data)));
    // what is damaged ends there, as it does for the renderer
    let mut counted = inflated.take(limit + 1);
    let mut buffer = vec![0; 64 << 10];
    let mut sum = 0;
    while let Ok(length @ 1..) = counted.read(&mut buffer) {
        sum += length as u64;
    }
    sum > limit
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::ZlibEncoder};

    use super::*;

    fn deflate(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn counts_what_comes_out_of_codes_over_codes() {
        let once = deflate(&[0; 100_000]);
        let twice = deflate(&once);
        for (data, times) in [(once, 1), (twice, 2)] {
            assert!(inflates_past(Box::new(&*data), times, 99_999));
            assert!(!inflates_past(Box::new(&*data), times, 100_000));
        }
        assert!(!inflates_past(Box::new(&b"no code"[..]), 1, 10));
    }
}
