use untxt_ocr::Pixels;

use crate::sample::{LETTER_SIZE, assert_is_letter, open, pipeline, read_all};

#[test]
fn reads_every_kind_of_picture() {
    let pictures: [(&str, &[u8]); 6] = [
        ("png", include_bytes!("../pages/letter.png")),
        ("bmp", include_bytes!("../pages/letter.bmp")),
        ("gif", include_bytes!("../pages/letter.gif")),
        ("webp", include_bytes!("../pages/letter.webp")),
        ("jpg", include_bytes!("../pages/letter.jpg")),
        ("turned jpg", include_bytes!("../pages/letter-turned.jpg")),
    ];
    let mut pipeline = pipeline();
    for (kind, bytes) in pictures {
        let document = open(bytes);
        assert_eq!(document.page_count(), 1, "{kind}");
        let reading = pipeline.read_page(&document, 0).unwrap();
        assert_eq!((reading.page.width, reading.page.height), LETTER_SIZE, "{kind}");
        assert_is_letter(&reading.page.text);
        assert!(reading.page.mean_confidence > 0.8, "{kind}: {}", reading.page.mean_confidence);
        assert!(reading.page.engine.starts_with("tesseract "), "{}", reading.page.engine);
        // the picture for the browser has the same geometry as the boxes
        let picture = open(reading.image.bytes).raster(0).unwrap();
        assert_eq!((picture.width, picture.height), LETTER_SIZE, "{kind}");
    }
}

#[test]
fn knows_the_resolution_that_files_state() {
    for bytes in [&include_bytes!("../pages/letter.png")[..], include_bytes!("../pages/letter.jpg")] {
        let raster = open(bytes).raster(0).unwrap();
        assert_eq!((raster.dpi, raster.is_dpi_known), (200, true));
    }
    assert!(!open(include_bytes!("../pages/letter.webp")).raster(0).unwrap().is_dpi_known);
}

#[test]
fn pixels_that_are_not_square_are_read_as_letters_of_the_right_form() {
    for bytes in [&include_bytes!("../pages/rare-flat.tif")[..], include_bytes!("../pages/rare-flat.png")] {
        let page = pipeline().read_text(&open(bytes), 0).unwrap();
        assert_is_letter(&page.text);
        // boxes are in pixels of the page as it is stored
        assert_eq!((page.width, page.height), (LETTER_SIZE.0, LETTER_SIZE.1 / 2));
        assert!(page.words.iter().all(|word| word.bounds[3] <= page.height));
        let lowest = page.words.iter().map(|word| word.bounds[3]).max().unwrap();
        assert!(lowest > page.height * 3 / 4, "{lowest}");
    }
}

#[test]
fn words_lie_where_they_are_printed() {
    let document = open(crate::sample::LETTER_PNG);
    let page = read_all(&document).remove(0).unwrap();
    let raster = document.raster(0).unwrap();
    let gray = untxt_gray(&raster.pixels, raster.width);
    for word in &page.words {
        let [left, top, right, bottom] = word.bounds;
        assert!(left < right && right <= page.width && top < bottom && bottom <= page.height);
        let ink = |x: u32, y: u32| gray[(y * page.width + x) as usize] == 0;
        let inside = (top..bottom).flat_map(|y| (left..right).map(move |x| (x, y))).filter(|&(x, y)| ink(x, y)).count();
        assert!(inside > 20, "{} has {inside} dark pixels", word.text);
    }
    // line and block numbers rise without gaps
    assert_eq!(page.words.last().unwrap().line, 6);
    assert!(page.words.is_sorted_by_key(|word| (word.block, word.line)));
}

fn untxt_gray(pixels: &Pixels, width: u32) -> Vec<u8> {
    let Pixels::Bilevel(bits) = pixels else { panic!("{pixels:?}") };
    let row_bytes = width.div_ceil(8) as usize;
    let bit = |row: &[u8], x: usize| if row[x / 8] & (0x80 >> (x % 8)) == 0 { 0 } else { 255 };
    bits.chunks(row_bytes).flat_map(|row| (0..width as usize).map(move |x| bit(row, x))).collect()
}

#[test]
fn reads_every_page_of_a_tiff() {
    let document = open(include_bytes!("../pages/letter.tif"));
    assert_eq!(document.page_count(), 7);
    for (index, page) in read_all(&document).into_iter().enumerate() {
        let page = page.unwrap_or_else(|| panic!("page {index}"));
        assert_eq!((page.width, page.height, page.dpi), (LETTER_SIZE.0, LETTER_SIZE.1, 200), "page {index}");
        assert_is_letter(&page.text);
    }
}

#[test]
fn fax_pages_are_bits_and_palettes_are_colours() {
    let document = open(include_bytes!("../pages/letter.tif"));
    let reference = open(crate::sample::LETTER_PNG).raster(0).unwrap().pixels;
    for index in [0, 1, 3] {
        assert_eq!(document.raster(index).unwrap().pixels, reference, "page {index}");
    }
    assert!(matches!(document.raster(2).unwrap().pixels, Pixels::Rgb8(_)));
    assert!(matches!(document.raster(4).unwrap().pixels, Pixels::Rgb8(_)));
}

#[test]
fn rare_kinds_are_the_same_page() {
    let pictures: [(&str, &[u8]); 11] = [
        ("tiled", include_bytes!("../pages/rare-tiled.tif")),
        ("64-bit", include_bytes!("../pages/rare-big.tif")),
        ("big-endian", include_bytes!("../pages/rare-big-endian.tif")),
        ("16-bit", include_bytes!("../pages/rare-16-bit.tif")),
        ("four inks", include_bytes!("../pages/rare-cmyk.tif")),
        ("modified Huffman", include_bytes!("../pages/rare-huffman.tif")),
        ("lowest bit first", include_bytes!("../pages/rare-fill-order.tif")),
        ("16-bit png", include_bytes!("../pages/rare-16-bit.png")),
        ("alpha", include_bytes!("../pages/rare-alpha.png")),
        ("interlaced", include_bytes!("../pages/rare-interlaced.png")),
        ("palette", include_bytes!("../pages/rare-palette.png")),
    ];
    let reference = open(crate::sample::LETTER_PNG).raster(0).unwrap().pixels;
    for (kind, bytes) in pictures {
        let document = open(bytes);
        assert_eq!(document.inspect(0).unwrap().size, LETTER_SIZE, "{kind}");
        // not assert_eq: a page is long
        assert!(document.raster(0).unwrap().pixels == reference, "{kind}");
    }
}
