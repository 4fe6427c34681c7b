use std::fmt::Write;

use flate2::{
    Compression,
    write::{DeflateEncoder, ZlibEncoder},
};
use lopdf::{Dictionary, Document as Pdf, Object, Stream, dictionary};
use untxt_ocr::{Document, OcrError, OpenOptions, Password, searchable_pdf};

use crate::{
    pdf_pages::encrypt,
    sample::{ScanPage, assert_is_letter, open, pipeline, read_all, run_tool, save, scan_pdf},
};

/// Makes a PDF of one page with content, resources and more entries of the catalog.
fn page_pdf(content: Stream, make_resources: impl FnOnce(&mut Pdf) -> Dictionary) -> Vec<u8> {
    let mut pdf = Pdf::with_version("1.7");
    let tree = pdf.new_object_id();
    let resources = make_resources(&mut pdf);
    let content = pdf.add_object(content);
    let page = pdf.add_object(dictionary! {
        "Type" => "Page", "Parent" => tree, "Contents" => content, "Resources" => resources,
        "MediaBox" => [0, 0, 200, 200].map(Object::from).to_vec(),
    });
    pdf.set_object(tree, dictionary! { "Type" => "Pages", "Kids" => vec![page.into()], "Count" => 1 });
    let catalog = pdf.add_object(dictionary! { "Type" => "Catalog", "Pages" => tree });
    pdf.trailer.set("Root", catalog);
    save(pdf)
}

fn plain(content: &str) -> Stream {
    Stream::new(Dictionary::new(), content.as_bytes().to_vec())
}

/// Ten forms of which each draws the next one ten times.
fn form_bomb() -> Vec<u8> {
    page_pdf(plain("/X Do"), |pdf| {
        let mut next: Option<Object> = None;
        for _ in 0..10 {
            let draws = if next.is_some() { "/X Do ".repeat(10) } else { "0 0 1 1 re f".into() };
            let mut form = dictionary! {
                "Type" => "XObject", "Subtype" => "Form", "BBox" => [0, 0, 200, 200].map(Object::from).to_vec(),
            };
            if let Some(next) = next {
                form.set("Resources", dictionary! { "XObject" => dictionary! { "X" => next } });
            }
            next = Some(pdf.add_object(Stream::new(form, draws.into_bytes())).into());
        }
        dictionary! { "XObject" => dictionary! { "X" => next.unwrap() } }
    })
}

/// The same with patterns, which only the renderer draws.
fn pattern_bomb() -> Vec<u8> {
    page_pdf(plain("/Pattern cs /P scn 0 0 200 200 re f"), |pdf| {
        let mut next: Option<Object> = None;
        for _ in 0..10 {
            let paints = "/Pattern cs /P scn 0 0 9 9 re f ".repeat(10);
            let mut pattern = dictionary! {
                "Type" => "Pattern", "PatternType" => 1, "PaintType" => 1, "TilingType" => 1, "XStep" => 10, "YStep" => 10,
                "BBox" => [0, 0, 10, 10].map(Object::from).to_vec(), "Resources" => Dictionary::new(),
            };
            if let Some(next) = next {
                pattern.set("Resources", dictionary! { "Pattern" => dictionary! { "P" => next } });
            }
            next = Some(pdf.add_object(Stream::new(pattern, paints.into_bytes())).into());
        }
        dictionary! { "Pattern" => dictionary! { "P" => next.unwrap() } }
    })
}

#[test]
fn what_draws_itself_over_and_over_is_refused() {
    assert_eq!(pipeline().read_text(&open(form_bomb()), 0), Err(OcrError::TooComplex));
    assert_eq!(open(pattern_bomb()).raster(0).err(), Some(OcrError::TooComplex));
}

#[test]
fn a_busy_page_is_read() {
    let mut content = String::new();
    for place in 0..100_000 {
        let _ = write!(content, "{} {} m {} {} l S ", place % 200, place % 97, place % 89, place % 200);
    }
    assert!(open(page_pdf(plain(&content), |_| Dictionary::new())).inspect(0).is_ok());
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    std::io::Write::write_all(&mut encoder, bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn what_unpacks_to_gigabytes_is_refused() {
    // packed twice
    let packed = deflate(&vec![b' '; 8 << 20]);
    let twice = deflate(&packed);
    let filters = |count: usize| vec![Object::from("FlateDecode"); count];
    let stream = |bytes: Vec<u8>, count| Stream::new(dictionary! { "Filter" => filters(count) }, bytes);
    // eight megabytes are no harm
    assert!(Document::open(page_pdf(stream(twice, 2), |_| Dictionary::new()), &OpenOptions::default()).is_ok());
    // without the header that says how, and as a code over a code
    let raw = half_a_gigabyte();
    let lzw = weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8).encode(&raw).unwrap();
    for (filters, bytes) in [(&["FlateDecode"][..], raw), (&["LZW", "Fl"], lzw)] {
        let filters: Vec<Object> = filters.iter().map(|&name| name.into()).collect();
        let content = Stream::new(dictionary! { "Filter" => filters }, bytes);
        let error = Document::open(page_pdf(content, |_| Dictionary::new()), &OpenOptions::default()).unwrap_err();
        assert_eq!(error, OcrError::TooComplex);
    }
}

/// Spaces, a little more than one stream may become, deflated without a header.
fn half_a_gigabyte() -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..513 {
        std::io::Write::write_all(&mut encoder, &[b' '; 1 << 20]).unwrap();
    }
    encoder.finish().unwrap()
}

#[test]
fn content_that_is_named_again_and_again_is_refused() {
    let named = |times: usize| {
        let mut pdf = Pdf::load_mem(&page_pdf(plain(""), |_| Dictionary::new())).unwrap();
        let packed = deflate(&vec![b' '; 8 << 20]);
        let content = pdf.add_object(Stream::new(dictionary! { "Filter" => "FlateDecode" }, packed));
        let page = pdf.page_iter().next().unwrap();
        pdf.get_dictionary_mut(page).unwrap().set("Contents", vec![Object::from(content); times]);
        open(save(pdf)).inspect(0).map(|page| page.kind)
    };
    assert!(named(2).is_ok());
    assert_eq!(named(20), Err(OcrError::TooComplex));
}

#[test]
fn a_function_nested_without_end_is_refused() {
    let nested = |depth: usize| {
        let program = [b"{ ".repeat(depth), b"} ".repeat(depth)].concat();
        let range = [0, 1].map(Object::from).to_vec();
        let function = dictionary! { "FunctionType" => 4, "Domain" => range.clone(), "Range" => range };
        let bytes = page_pdf(plain(""), |pdf| dictionary! { "F" => pdf.add_object(Stream::new(function, program)) });
        Document::open(bytes, &OpenOptions::default()).map(|document| document.page_count())
    };
    assert_eq!(nested(10), Ok(1));
    assert_eq!(nested(10_000), Err(OcrError::TooComplex));
}

#[test]
fn a_picture_that_hides_its_size_is_refused_before_it_is_decoded() {
    // JPEG 2000 of 60,000 x 60,000 in a picture of 100 x 100
    let mut jpx = vec![0xff, 0x4f, 0xff, 0x51, 0, 41, 0, 0];
    for number in [60_000_u32, 60_000, 0, 0, 60_000, 60_000, 0, 0] {
        jpx.extend(number.to_be_bytes());
    }
    jpx.extend([0, 1, 7, 1, 1]);
    let fax = dictionary! { "Columns" => 60_000, "Rows" => 60_000, "K" => -1 };
    // a small one in twenty-five million tiles
    let mut tiles = vec![0xff, 0x4f, 0xff, 0x51, 0, 41, 0, 0];
    for number in [5000_u32, 5000, 0, 0, 1, 1, 0, 0] {
        tiles.extend(number.to_be_bytes());
    }
    // comments, and behind them a page of 60,000 x 60,000
    let segment = |kind: u8, data: &[u32]| {
        let length = u32::try_from(data.len() * 4).unwrap();
        let data = std::iter::once(&length).chain(data).flat_map(|number| number.to_be_bytes());
        [0, 0, 0, 0, kind, 0, 1].into_iter().chain(data).collect::<Vec<u8>>()
    };
    let jbig2 = [segment(62, &[0, 0]).repeat(40), segment(48, &[60_000, 60_000, 0, 0])].concat();
    let pictures = [
        (dictionary! { "Filter" => "JPXDecode" }, jpx),
        (dictionary! { "Filter" => "JPXDecode" }, tiles),
        (dictionary! { "Filter" => "JBIG2Decode" }, jbig2),
        (dictionary! { "Filter" => "CCITTFaxDecode", "DecodeParms" => fax }, vec![0; 99]),
    ];
    for (entries, data) in pictures {
        let document = open(picture_pdf(&entries, data));
        for error in [document.inspect(0).err(), document.raster(0).err()] {
            assert!(matches!(error, Some(OcrError::TooManyPixels { .. })), "{error:?}");
        }
    }
}

/// Makes a page that is a picture of 100 x 100 pixels.
fn picture_pdf(entries: &Dictionary, data: Vec<u8>) -> Vec<u8> {
    page_pdf(plain("200 0 0 200 0 0 cm /I Do"), |pdf| {
        let mut picture = dictionary! {
            "Type" => "XObject", "Subtype" => "Image", "Width" => 100, "Height" => 100, "BitsPerComponent" => 8,
            "ColorSpace" => "DeviceGray",
        };
        picture.extend(entries);
        let picture = pdf.add_object(Stream::new(picture, data));
        dictionary! { "XObject" => dictionary! { "I" => picture } }
    })
}

#[test]
fn a_picture_that_nobody_can_decode_is_no_empty_page() {
    let document = open(picture_pdf(&dictionary! { "Filter" => "NoSuchDecode" }, vec![1, 2, 3]));
    assert!(document.inspect(0).unwrap().needs_ocr);
    assert!(matches!(document.raster(0), Err(OcrError::Unreadable(_))));
}

#[test]
fn forms_and_notes_are_read_as_they_are_shown() {
    let mut pdf = Pdf::load_mem(&page_pdf(plain(""), |_| Dictionary::new())).unwrap();
    let font = dictionary! { "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica" };
    let look = dictionary! {
        "Type" => "XObject", "Subtype" => "Form", "BBox" => [0, 0, 100, 20].map(Object::from).to_vec(),
        "Resources" => dictionary! { "Font" => dictionary! { "F" => font } },
    };
    let look = pdf.add_object(Stream::new(look, b"BT /F 12 Tf 2 5 Td (filled in) Tj ET".to_vec()));
    let mut field = dictionary! {
        "Type" => "Annot", "Subtype" => "Widget", "FT" => "Tx", "Rect" => [50, 100, 150, 120].map(Object::from).to_vec(),
        "AP" => dictionary! { "N" => look },
    };
    let shown = pdf.add_object(field.clone());
    field.set("F", 2);
    let hidden = pdf.add_object(field);
    let page = *pdf.get_pages().get(&1).unwrap();
    pdf.get_dictionary_mut(page).unwrap().set("Annots", vec![shown.into(), hidden.into()]);
    let inspection = open(save(pdf)).inspect(0).unwrap();
    let words: Vec<_> = inspection.own_words(200, 200).into_iter().map(|word| (word.text, word.bounds)).collect();
    let [(first, bounds), (second, _)] = &words[..] else { panic!("{words:?}") };
    assert_eq!((first.as_str(), second.as_str()), ("filled", "in"));
    assert!(bounds[0].abs_diff(52) <= 2 && bounds[3].abs_diff(95) <= 2, "{bounds:?}");
}

fn with_password(password: &str) -> OpenOptions {
    OpenOptions { password: Some(Password::new(password)), ..OpenOptions::default() }
}

#[test]
fn a_password_opens_a_pdf_and_a_wrong_one_is_told_from_none() {
    let locked = encrypt(&scan_pdf(&[ScanPage::new()]), "secret");
    let open = |options: &OpenOptions| Document::open(locked.clone(), options);
    assert_eq!(open(&OpenOptions::default()).unwrap_err(), OcrError::Encrypted);
    assert_eq!(open(&with_password("guess")).unwrap_err(), OcrError::PasswordWrong);
    let document = open(&with_password("secret")).unwrap();
    let pages = read_all(&document);
    assert_is_letter(&pages[0].as_ref().unwrap().text);
    // the copy has the same lock
    let copy = searchable_pdf(&document, &pages).unwrap().bytes;
    assert!(copy.starts_with(&locked));
    assert_eq!(Document::open(copy.clone(), &OpenOptions::default()).err(), Some(OcrError::Encrypted));
    assert_is_letter(&run_tool("pdftotext", &["-upw", "secret", "FILE", "-"], &copy));
    assert!(!format!("{:?}", with_password("secret")).contains("secret"));
}
