use lopdf::{Dictionary, Document as Pdf, Object, Stream, dictionary};
use untxt_ocr::{Document, OcrError, OpenOptions, Password, Pixels, archive_pdf};

use crate::{
    own_text::page_pdf,
    pdf_pages::encrypt,
    sample::{LETTER_JPG, LETTER_PNG, ScanPage, assert_is_letter, open, read_all, run_tool, save, scan_pdf},
    searchable::{streams, text_of},
};

/// Makes an archive of a document; gives the numbers of pages that were drawn too. It is sound by `qpdf` and by the rules
/// of PDF/A-2b that matter for what we write.
#[track_caller]
fn make_archive(document: &Document) -> (Vec<u8>, Vec<u32>) {
    let archive = archive_pdf(document, &read_all(document)).unwrap();
    run_tool("qpdf", &["--check", "FILE"], &archive.bytes);
    check_rules(&archive.bytes);
    (archive.bytes, archive.drawn)
}

#[track_caller]
fn check_rules(bytes: &[u8]) {
    let pdf = Pdf::load_mem(bytes).unwrap();
    // a comment of bytes above 127 behind the header, an id, no lock, nothing that changes
    assert!(bytes.starts_with(b"%PDF-1.7\n%") && bytes[10..14].iter().all(|byte| *byte > 127));
    assert_eq!(pdf.trailer.get(b"ID").unwrap().as_array().unwrap().len(), 2);
    assert!(!pdf.trailer.has(b"Encrypt") && !pdf.trailer.has(b"Info"));
    let catalog = pdf.catalog().unwrap();
    let metadata = catalog.get_deref(b"Metadata", &pdf).unwrap().as_stream().unwrap();
    assert!(!metadata.dict.has(b"Filter"));
    let metadata = String::from_utf8(metadata.content.clone()).unwrap();
    assert!(metadata.contains("<pdfaid:part>2<") && metadata.contains("<pdfaid:conformance>B<"));
    let intent = catalog.get(b"OutputIntents").unwrap().as_array().unwrap()[0].as_dict().unwrap();
    assert_eq!(intent.get(b"S").unwrap().as_name().unwrap(), b"GTS_PDFA1");
    let profile = intent.get_deref(b"DestOutputProfile", &pdf).unwrap().as_stream().unwrap();
    let colours = profile.dict.get(b"N").unwrap().as_i64().unwrap();
    assert_eq!((colours, &profile.get_plain_content().unwrap()[36..40]), (3, &b"acsp"[..]));
    check_fonts_and_colours(&pdf);
    for key in [&b"AcroForm"[..], b"AA", b"OpenAction", b"Names", b"OCProperties"] {
        assert!(!catalog.has(key));
    }
    for page in pdf.page_iter().map(|id| pdf.get_dictionary(id).unwrap()) {
        assert!(!page.has(b"Annots") && !page.has(b"AA") && !page.has(b"Group"));
    }
}

/// Fonts are embedded, with widths that are those of the program; colours are covered by the profile.
fn check_fonts_and_colours(pdf: &Pdf) {
    let dictionaries = pdf.objects.values().filter_map(|object| object.as_dict().ok());
    let fonts: Vec<_> = dictionaries.filter(|font| font.has(b"FontDescriptor")).collect();
    assert!(!fonts.is_empty());
    for font in fonts {
        assert!(font.has(b"ToUnicode") && !font.has(b"Encoding"), "a symbolic font");
        let descriptor = font.get_deref(b"FontDescriptor", pdf).unwrap().as_dict().unwrap();
        assert!(descriptor.get_deref(b"FontFile2", pdf).unwrap().as_stream().is_ok());
    }
    for picture in pdf.objects.values().filter_map(|object| object.as_stream().ok()).filter(|s| s.dict.has(b"Width")) {
        let space = picture.dict.get(b"ColorSpace").unwrap();
        // a palette names the space of its colours behind what it is
        let space = space.as_array().map_or(space, |palette| &palette[1]).as_name().unwrap();
        assert!([&b"DeviceGray"[..], b"DeviceRGB"].contains(&space));
        assert!(!picture.dict.has(b"SMask") && !picture.dict.has(b"Interpolate"));
    }
}

#[test]
fn pictures_become_pdf_a_and_so_do_scans_as_they_are() {
    let files: [&[u8]; 4] =
        [LETTER_PNG, LETTER_JPG, include_bytes!("../pages/letter.tif"), include_bytes!("../pages/letter.webp")];
    for file in files {
        let (bytes, drawn) = make_archive(&open(file));
        assert!(drawn.is_empty());
        assert_is_letter(text_of(&bytes).split('\u{c}').next().unwrap());
        // JPEG, fax and Flate, in a PDF now: taken as they are coded
        let (again, drawn) = make_archive(&open(bytes.clone()));
        assert!(drawn.is_empty());
        let pictures = |pdf: &[u8]| streams(pdf).into_iter().map(|(_, data)| data).collect::<Vec<_>>();
        assert_eq!(pictures(&again), pictures(&bytes));
        assert_is_letter(text_of(&again).split('\u{c}').next().unwrap());
        assert_eq!(open(again).raster(0).unwrap().pixels, open(bytes).raster(0).unwrap().pixels);
    }
}

#[test]
fn a_scan_stays_where_it_lies_and_is_there_once() {
    let mut turned = ScanPage { matrix: "360 0 0 172.8 10 5", ..ScanPage::new() };
    turned.entries.set("MediaBox", [0, 0, 380, 183].map(Object::from).to_vec());
    turned.entries.set("Rotate", 90);
    let original = scan_pdf(&[turned, ScanPage::new()]);
    let (bytes, drawn) = make_archive(&open(original.clone()));
    assert!(drawn.is_empty());
    let pictures = streams(&bytes);
    assert_eq!(pictures.len(), 1, "one picture on two pages");
    assert_eq!(pictures[0].1, LETTER_JPG);
    assert_is_letter(text_of(&bytes).split('\u{c}').nth(1).unwrap());
    let seen = |pdf: &[u8]| run_tool("pdftoppm", &["-r", "40", "-gray", "FILE"], pdf);
    let (before, after) = (open(original.clone()), open(bytes.clone()));
    for index in 0..2 {
        assert_eq!(before.raster(index).unwrap().pixels, after.raster(index).unwrap().pixels);
        assert_eq!(before.inspect(index).unwrap().size, after.inspect(index).unwrap().size);
    }
    assert_eq!(seen(&original).len(), seen(&bytes).len(), "sheets of the same size");
}

/// A scan with a stencil in red and a picture that fades away on it, on a turned page whose corner is not at zero.
fn montage_pdf() -> Vec<u8> {
    let after = "1 0 0 rg q 40 0 9 40 200 30 cm /Ink Do Q q 60 0 0 60 120 60 cm /Faded Do Q";
    let mut page = ScanPage { after, ..ScanPage::new() };
    page.entries.set("MediaBox", [20, 10, 360, 173].map(Object::from).to_vec());
    page.entries.set("Rotate", 90);
    let mut pdf = Pdf::load_mem(&scan_pdf(&[page])).unwrap();
    let mut add = |entries: Dictionary, data: Vec<u8>| {
        let mut image = dictionary! { "Type" => "XObject", "Subtype" => "Image", "Width" => 64, "Height" => 64 };
        image.extend(&entries);
        let mut image = Stream::new(image, data);
        image.compress().unwrap();
        pdf.add_object(image)
    };
    let ink = add(dictionary! { "ImageMask" => true, "BitsPerComponent" => 1 }, [0x0f; 512].to_vec());
    let gray = dictionary! { "ColorSpace" => "DeviceGray", "BitsPerComponent" => 8 };
    let fading = add(gray.clone(), (0..64).flat_map(|_| (0..=252_u8).step_by(4)).collect());
    let mut entries = gray;
    entries.set("SMask", fading);
    let faded = add(entries, vec![0x40; 4096]);
    let tree = pdf.catalog().unwrap().get(b"Pages").and_then(Object::as_reference).unwrap();
    let resources = pdf.get_dictionary_mut(tree).unwrap().get_mut(b"Resources").unwrap().as_dict_mut().unwrap();
    let pictures = resources.get_mut(b"XObject").unwrap().as_dict_mut().unwrap();
    pictures.set("Ink", ink);
    pictures.set("Faded", faded);
    save(pdf)
}

#[test]
fn pictures_on_one_another_stay_as_they_are() {
    let original = montage_pdf();
    let archive = archive_pdf(&open(original.clone()), &[None]).unwrap();
    assert_eq!((archive.drawn, archive.dropped), (vec![], vec![]));
    run_tool("qpdf", &["--check", "FILE"], &archive.bytes);
    let sorted = |pdf: &[u8]| {
        let mut data: Vec<_> = streams(pdf).into_iter().map(|(_, data)| data).collect();
        data.sort();
        data
    };
    assert_eq!(sorted(&archive.bytes), sorted(&original));
    let [before, after] = [original, archive.bytes].map(|pdf| open(pdf).raster(0).unwrap().pixels);
    let (Pixels::Rgb8(before), Pixels::Rgb8(after)) = (before, after) else { panic!("red ink") };
    let differing = before.iter().zip(&after).filter(|(a, b)| a.abs_diff(**b) > 40).count();
    assert_eq!(before.len(), after.len());
    assert!(differing * 1000 < before.len(), "{differing} of {}", before.len());
}

#[test]
fn a_page_of_text_becomes_a_picture_and_keeps_its_words() {
    let entries = dictionary! { "MediaBox" => [0, 0, 300, 200].map(Object::from).to_vec() };
    let content = "BT /F 14 Tf 30 120 Td (Words of the author, not of a scan) Tj ET";
    let mut pdf = Pdf::load_mem(&page_pdf(content, entries)).unwrap();
    let title = Object::string_literal("A <title>");
    let info = pdf.add_object(dictionary! { "Title" => title });
    pdf.trailer.set("Info", info);
    let (bytes, drawn) = make_archive(&open(save(pdf)));
    assert_eq!(drawn, [1]);
    assert_eq!(text_of(&bytes).split('\u{c}').next().unwrap().trim(), "Words of the author, not of a scan");
    assert!(bytes.windows(15).any(|part| part == b"A &lt;title&gt;"));
    let fonts = run_tool("pdffonts", &["FILE"], &bytes);
    let embedded = fonts.lines().skip(2).all(|line| line.contains("GlyphLessFont") && line.contains(" yes "));
    assert!(embedded && fonts.lines().count() > 2, "{fonts}");
}

#[test]
fn what_is_signed_or_locked_is_refused_by_name() {
    let mut pdf = Pdf::load_mem(&scan_pdf(&[ScanPage::new()])).unwrap();
    let form = dictionary! { "Fields" => Vec::<Object>::new(), "SigFlags" => 3 };
    pdf.catalog_mut().unwrap().set("AcroForm", form);
    let signed = save(pdf);
    assert_eq!(archive_pdf(&open(signed.clone()), &[None]).unwrap_err(), OcrError::Signed);
    let with_consent = OpenOptions { copies_signed: true, ..OpenOptions::default() };
    assert!(archive_pdf(&Document::open(signed, &with_consent).unwrap(), &[None]).is_ok());

    let locked = encrypt(&scan_pdf(&[ScanPage::new()]), "secret");
    let with_password = OpenOptions { password: Some(Password::new("secret")), ..OpenOptions::default() };
    let document = Document::open(locked, &with_password).unwrap();
    assert_eq!(archive_pdf(&document, &[None]).unwrap_err(), OcrError::NotArchivable);
    // what only states what it forbids is a PDF like any other, and so is one that never needed the password
    assert!(archive_pdf(&open(encrypt(&scan_pdf(&[ScanPage::new()]), "")), &[None]).is_ok());
    let open_one = Document::open(scan_pdf(&[ScanPage::new()]), &with_password).unwrap();
    assert!(archive_pdf(&open_one, &[None]).is_ok());
}
