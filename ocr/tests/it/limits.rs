use untxt_ocr::{Document, OcrError, OpenOptions};

use crate::sample::{LETTER_JPG, LETTER_PNG, LETTER_SIZE, ScanPage, scan_pdf};

fn error(bytes: &[u8]) -> OcrError {
    Document::open(bytes.to_vec(), &OpenOptions::default()).unwrap_err()
}

fn too_many(width: u32, height: u32) -> OcrError {
    OcrError::TooManyPixels { width, height, limit: OpenOptions::default().max_page_pixels }
}

/// A PNG header, without pixels.
fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header().unwrap();
    writer.write_chunk(png::chunk::IDAT, &[0x78, 0x9c, 1, 0, 0]).unwrap();
    drop(writer);
    bytes
}

#[test]
fn a_huge_png_is_refused_by_its_header() {
    assert_eq!(error(&png_header(30_000, 30_000)), too_many(30_000, 30_000));
    assert_eq!(error(&png_header(65_535, 65_535)), too_many(65_535, 65_535));
}

#[test]
fn a_huge_jpeg_is_refused_by_its_header() {
    let mut bytes = LETTER_JPG.to_vec();
    let frame = bytes.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    bytes[frame + 5..frame + 9].fill(0xff);
    assert_eq!(error(&bytes), too_many(65_535, 65_535));
}

#[test]
fn a_huge_tiff_is_refused_by_its_header() {
    // little-endian, one directory: width, height
    let mut bytes = b"II*\0\x08\0\0\0\x02\0".to_vec();
    for tag in [256_u16, 257] {
        bytes.extend(tag.to_le_bytes());
        bytes.extend([4, 0, 1, 0, 0, 0]);
        bytes.extend(65_535_u32.to_le_bytes());
    }
    bytes.extend([0; 4]);
    assert_eq!(error(&bytes), too_many(65_535, 65_535));
}

#[test]
fn the_limit_is_the_limit() {
    let pixels = u64::from(LETTER_SIZE.0) * u64::from(LETTER_SIZE.1);
    let open = |max_page_pixels| {
        Document::open(LETTER_PNG.to_vec(), &OpenOptions { max_pages: 1, max_page_pixels, ..OpenOptions::default() })
            .map(|d| d.page_count())
    };
    assert_eq!(open(pixels), Ok(1));
    let (width, height) = LETTER_SIZE;
    assert_eq!(open(pixels - 1), Err(OcrError::TooManyPixels { width, height, limit: pixels - 1 }));
}

#[test]
fn a_picture_in_a_pdf_keeps_the_limit_too() {
    let pdf = scan_pdf(&[ScanPage::new()]);
    let document =
        Document::open(pdf, &OpenOptions { max_pages: 1, max_page_pixels: 1000, ..OpenOptions::default() }).unwrap();
    assert!(matches!(document.raster(0), Err(OcrError::TooManyPixels { limit: 1000, .. })));
}

#[test]
fn too_many_pages_are_refused() {
    let options = OpenOptions { max_pages: 2, ..OpenOptions::default() };
    let too_many = |bytes: Vec<u8>| match Document::open(bytes, &options).unwrap_err() {
        OcrError::TooManyPages { pages, limit } => (pages > limit, limit),
        other => panic!("{other}"),
    };
    assert_eq!(too_many(scan_pdf(&vec![ScanPage::new(); 3])), (true, 2));
    assert_eq!(too_many(include_bytes!("../pages/letter.tif").to_vec()), (true, 2));
}

#[test]
fn what_is_cut_off_or_unknown_is_an_error_with_advice() {
    let half = |bytes: &[u8]| bytes[..bytes.len() / 2].to_vec();
    let zero_filled = |bytes: &[u8]| [half(bytes), vec![0; bytes.len() / 2]].concat();
    for bytes in [half(LETTER_JPG), zero_filled(LETTER_JPG), b"hello".to_vec(), b"%PDF-1.4".to_vec()] {
        let error = error(&bytes);
        assert!(matches!(error, OcrError::Unreadable(_)), "{error}");
        assert!(error.to_string().contains("open the file in a viewer"), "{error}");
    }
    for bytes in [LETTER_PNG, include_bytes!("../pages/letter.webp"), include_bytes!("../pages/letter.bmp")] {
        let result = Document::open(half(bytes), &OpenOptions::default()).and_then(|document| document.raster(0));
        assert!(matches!(result, Err(OcrError::Unreadable(_))), "{result:?}");
    }
}

#[test]
fn a_file_without_bytes_is_empty_and_nothing_else() {
    assert_eq!(error(b""), OcrError::Empty);
    let (code, sentence) = (OcrError::Empty.code(), OcrError::Empty.to_string());
    assert_eq!((code, &*sentence), ("empty_file", "the file is empty; scan or copy it again"));
}

#[test]
fn a_cut_off_tiff_loses_only_the_pages_behind_the_cut() {
    let whole = include_bytes!("../pages/letter.tif");
    let document = Document::open(whole[..whole.len() / 2].to_vec(), &OpenOptions::default()).unwrap();
    assert!(document.raster(0).is_ok());
    let last = document.page_count() - 1;
    assert!(matches!(document.raster(last), Err(OcrError::Unreadable(_))));
}
