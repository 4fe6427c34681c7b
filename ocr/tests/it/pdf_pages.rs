use lopdf::{Document as Pdf, EncryptionState, EncryptionVersion, Object, Permissions, dictionary};
use untxt_ocr::{Document, OcrError, OpenOptions, Pixels};

use crate::sample::{LETTER_JPG, LETTER_SIZE, ScanPage, assert_is_letter, open, pipeline, read_all, save, scan_pdf};

#[test]
fn a_scan_is_taken_as_it_is() {
    let document = open(scan_pdf(&[ScanPage::new()]));
    let reading = pipeline().read_page(&document, 0).unwrap();
    assert_eq!((reading.page.width, reading.page.height, reading.page.dpi), (LETTER_SIZE.0, LETTER_SIZE.1, 200));
    assert_is_letter(&reading.page.text);
    // even the picture for the browser is the file's own
    assert_eq!(reading.image.bytes, LETTER_JPG);
}

#[test]
fn a_turned_scan_is_upright() {
    for (turn, width, height) in [(90, 480, 1000), (180, 1000, 480), (270, 480, 1000)] {
        let mut page = ScanPage::new();
        page.entries.set("Rotate", turn);
        let raster = open(scan_pdf(&[page])).raster(0).unwrap();
        assert_eq!((raster.width, raster.height), (width, height), "{turn}");
    }
    // stored on its side and turned upright by the page
    let mut page = ScanPage { matrix: "0 360 -172.8 0 172.8 0", ..ScanPage::new() };
    page.entries.set("MediaBox", [0, 0, 173, 360].map(Object::from).to_vec());
    page.entries.set("Rotate", 90);
    assert_is_letter(&read_all(&open(scan_pdf(&[page])))[0].as_ref().unwrap().text);
}

#[test]
fn a_page_with_more_than_a_scan_is_drawn() {
    let stamped = ScanPage { after: "BT /F 10 Tf 300 160 Td (Received) Tj ET", ..ScanPage::new() };
    let cropped = ScanPage { before: "0 0 200 170 re W n", ..ScanPage::new() };
    let small = ScanPage { matrix: "100 0 0 50 10 10", ..ScanPage::new() };
    for page in [stamped, cropped, small] {
        let raster = open(scan_pdf(&[page])).raster(0).unwrap();
        assert_eq!((raster.width, raster.dpi), (1500, 300));
    }
}

#[test]
fn paper_below_and_hidden_text_above_leave_it_a_scan() {
    let page = ScanPage {
        before: "1 g 0 0 360 173 re f 0 0 360 173 re W n",
        after: "BT 3 Tr /F 10 Tf 20 20 Td (hidden) Tj ET",
        ..ScanPage::new()
    };
    let raster = open(scan_pdf(&[page])).raster(0).unwrap();
    assert_eq!((raster.width, raster.height), LETTER_SIZE, "its own pixels, not drawn ones");
}

#[test]
fn a_drawn_page_is_read() {
    let mut page = ScanPage { jpeg: LETTER_JPG.to_vec(), matrix: "1 0 0 1 5 5", ..ScanPage::new() };
    page.after = "BT /F 18 Tf 30 100 Td (Born digital, never scanned) Tj ET";
    let pages = read_all(&open(scan_pdf(&[page])));
    assert!(pages[0].as_ref().unwrap().text.contains("Born digital, never scanned"), "{pages:?}");
}

#[test]
fn an_empty_page_is_a_page_without_words() {
    let mut pdf = Pdf::load_mem(&scan_pdf(&[ScanPage::new()])).unwrap();
    let page = pdf.page_iter().next().unwrap();
    pdf.get_dictionary_mut(page).unwrap().remove(b"Contents");
    let reading = pipeline().read_page(&open(save(pdf)), 0).unwrap();
    assert_eq!((reading.page.words.len(), reading.page.text.as_str()), (0, ""));
    assert!(reading.page.mean_confidence.abs() < f32::EPSILON);
}

#[test]
fn one_broken_page_of_five_fails_alone() {
    type Damage = fn(&mut Pdf, lopdf::ObjectId);
    let damages: [(&str, Damage); 4] = [
        ("a picture cut off", |pdf, _| cut_picture(pdf, 2, LETTER_JPG.len() / 2)),
        ("a picture of zeros", |pdf, _| cut_picture(pdf, 2, 0)),
        ("a content stream that can't be unpacked", |pdf, page| {
            let content = pdf.get_dictionary(page).unwrap().get(b"Contents").unwrap().as_reference().unwrap();
            let stream = pdf.get_object_mut(content).unwrap().as_stream_mut().unwrap();
            stream.set_content(b"\xff\xfe\xfd rubbish".to_vec());
            stream.dict.set("Filter", "FlateDecode");
        }),
        ("a page object that is missing", |pdf, page| {
            pdf.objects.remove(&page);
        }),
    ];
    for (damage, break_page) in damages {
        let mut pdf = Pdf::load_mem(&scan_pdf(&vec![ScanPage::new(); 5])).unwrap();
        let third = pdf.page_iter().nth(2).unwrap();
        break_page(&mut pdf, third);
        let document = open(save(pdf));
        assert_eq!(document.page_count(), 5, "{damage}");
        for index in 0..5 {
            let result = document.raster(index);
            match index {
                2 => assert!(matches!(result, Err(OcrError::Unreadable(_))), "{damage}: {result:?}"),
                _ => assert!(result.is_ok(), "{damage}: page {index}: {result:?}"),
            }
        }
    }
}

/// Cuts the picture of page `index` (from 0).
fn cut_picture(pdf: &mut Pdf, index: usize, length: usize) {
    let is_picture = |object: &Object| object.as_stream().is_ok_and(|s| s.dict.has_type(b"XObject"));
    let picture = pdf.objects.values_mut().filter(|object| is_picture(object)).nth(index).unwrap();
    let stream = picture.as_stream_mut().unwrap();
    let cut = stream.content[..length].to_vec();
    stream.set_content(cut);
}

#[test]
fn a_pdf_without_pages_is_refused() {
    let error = Document::open(scan_pdf(&[]), &OpenOptions::default()).unwrap_err();
    assert_eq!(error, OcrError::NoPages);
}

pub(crate) fn encrypt(bytes: &[u8], user_password: &str) -> Vec<u8> {
    let mut pdf = Pdf::load_mem(bytes).unwrap();
    let id = || Object::string_literal("0123456789abcdef");
    pdf.trailer.set("ID", vec![id(), id()]);
    let version = EncryptionVersion::V2 {
        document: &pdf,
        owner_password: "owner",
        user_password,
        key_length: 128,
        permissions: Permissions::all(),
    };
    let state = EncryptionState::try_from(version).unwrap();
    pdf.encrypt(&state).unwrap();
    save(pdf)
}

#[test]
fn a_locked_pdf_says_so_and_an_open_one_is_read() {
    let pdf = scan_pdf(&[ScanPage::new()]);
    let error = Document::open(encrypt(&pdf, "secret"), &OpenOptions::default()).unwrap_err();
    assert_eq!(error, OcrError::Encrypted);
    assert!(error.to_string().contains("remove it in a PDF viewer"));
    assert_is_letter(&read_all(&open(encrypt(&pdf, "")))[0].as_ref().unwrap().text);
}

#[test]
fn a_stencil_of_black_ink_is_a_scan() {
    // fax pages are often stencils: 1 bit, painted with the colour of the page
    let mut pdf = Pdf::load_mem(&scan_pdf(&[ScanPage::new()])).unwrap();
    let is_picture = |object: &&mut Object| object.as_stream().is_ok_and(|s| s.dict.has_type(b"XObject"));
    let stream = pdf.objects.values_mut().find(is_picture).unwrap().as_stream_mut().unwrap();
    stream.dict = dictionary! {
        "Type" => "XObject", "Subtype" => "Image", "ImageMask" => true, "Width" => 16, "Height" => 8,
        "BitsPerComponent" => 1,
    };
    stream.set_content([0x0f, 0xff].repeat(8));
    let raster = open(save(pdf)).raster(0).unwrap();
    assert_eq!((raster.width, raster.height), (16, 8));
    // 0 paints
    assert_eq!(raster.pixels, Pixels::Bilevel([0x0f, 0xff].repeat(8)));
}
