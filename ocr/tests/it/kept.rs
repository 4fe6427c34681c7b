use lopdf::{Dictionary, Document as Pdf, Object, ObjectId, decode_text_string, dictionary};
use untxt_ocr::{Part, archive_pdf};

use crate::sample::{ScanPage, open, run_tool, save, scan_pdf};

/// A bookmark and what stands beside it.
fn bookmark(title: &str, parent: ObjectId, entries: &Dictionary) -> Dictionary {
    let mut item = dictionary! { "Title" => lopdf::text_string(title), "Parent" => parent };
    item.extend(entries);
    item
}

/// Two scans, the second turned and in units of two points, with much beside.
fn rich_pdf() -> Vec<u8> {
    let mut turned = ScanPage::new();
    turned.entries.extend(&dictionary! { "Rotate" => 90, "UserUnit" => 2 });
    let mut pdf = Pdf::load_mem(&scan_pdf(&[ScanPage::new(), turned])).unwrap();
    let pages: Vec<ObjectId> = pdf.page_iter().collect();
    let link = dictionary! { "Subtype" => "Link", "Rect" => [0, 0, 9, 9].map(Object::from).to_vec() };
    pdf.get_dictionary_mut(pages[0]).unwrap().set("Annots", vec![link.into()]);
    let [root, one, below, two, out] = [(); 5].map(|()| pdf.new_object_id());
    let place = |page: usize, left: i64, top: i64| {
        Object::from(vec![pages[page].into(), "XYZ".into(), left.into(), top.into(), Object::Null])
    };
    pdf.set_object(root, dictionary! { "First" => one, "Last" => out });
    let first =
        dictionary! { "Dest" => place(0, 10, 100), "First" => below, "Last" => below, "Count" => 1, "Next" => two };
    pdf.set_object(one, bookmark("Größe", root, &first));
    pdf.set_object(below, bookmark("below", one, &dictionary! { "Dest" => Object::string_literal("named") }));
    let action = dictionary! { "S" => "GoTo", "D" => vec![pages[1].into(), "Fit".into()] };
    pdf.set_object(two, bookmark("two", root, &dictionary! { "A" => action, "Next" => out }));
    let action = dictionary! { "S" => "URI", "URI" => Object::string_literal("https://example.org") };
    pdf.set_object(out, bookmark("out", root, &dictionary! { "A" => action }));
    let info = dictionary! {
        "Title" => Object::string_literal("A title"), "Subject" => Object::string_literal("A & B"),
        "CreationDate" => Object::string_literal("D:20240309080500+01'00'"),
    };
    let info = pdf.add_object(info);
    pdf.trailer.set("Info", info);
    let labels =
        vec![0.into(), dictionary! { "S" => "r", "St" => 3 }.into(), 1.into(), dictionary! { "S" => "D" }.into()];
    let names = vec![Object::string_literal("named"), dictionary! { "D" => place(1, 20, 30) }.into()];
    let files = dictionary! { "Names" => Vec::<Object>::new() };
    let beside = dictionary! {
        "Outlines" => root, "Lang" => Object::string_literal("de-CH"), "PageLabels" => dictionary! { "Nums" => labels },
        "Names" => dictionary! { "Dests" => dictionary! { "Names" => names }, "EmbeddedFiles" => files },
    };
    pdf.catalog_mut().unwrap().extend(&beside);
    save(pdf)
}

/// Place (from 0) of a page, and left and top on it.
type Place = (usize, Vec<f32>);

/// Titles and places of the bookmarks below one, and of those below these.
fn bookmarks(pdf: &Pdf, above: &Dictionary) -> Vec<(String, Option<Place>)> {
    let pages: Vec<ObjectId> = pdf.page_iter().collect();
    let mut found = Vec::new();
    let mut next = above.get_deref(b"First", pdf).and_then(Object::as_dict).ok();
    while let Some(item) = next {
        let place = item.get(b"Dest").and_then(Object::as_array).ok().map(|place| {
            let page = pages.iter().position(|id| *id == place[0].as_reference().unwrap()).unwrap();
            (page, place[1..].iter().filter_map(|part| part.as_float().ok()).collect())
        });
        found.push((decode_text_string(item.get(b"Title").unwrap()).unwrap(), place));
        found.extend(bookmarks(pdf, item));
        next = item.get_deref(b"Next", pdf).and_then(Object::as_dict).ok();
    }
    found
}

#[test]
fn an_archive_keeps_what_it_may_and_says_what_it_lacks() {
    let original = rich_pdf();
    let archive = archive_pdf(&open(original), &[None, None]).unwrap();
    assert_eq!(archive.dropped, [Part::Bookmarks, Part::Links, Part::Attachments]);
    run_tool("qpdf", &["--check", "FILE"], &archive.bytes);
    let pdf = Pdf::load_mem(&archive.bytes).unwrap();
    let catalog = pdf.catalog().unwrap();
    let found = bookmarks(&pdf, catalog.get_deref(b"Outlines", &pdf).and_then(Object::as_dict).unwrap());
    // the second page is turned clockwise: what was 30 from the bottom is 30 from the left, what was 20 from the left
    // is 20 from the top of its 360
    let expected = [
        ("Größe", Some((0, vec![10.0, 100.0]))),
        ("below", Some((1, vec![30.0, 340.0]))),
        ("two", Some((1, vec![]))),
        ("out", None),
    ];
    assert_eq!(found, expected.map(|(title, place)| (title.to_owned(), place)));
    assert_eq!(catalog.get(b"Lang").unwrap().as_str().unwrap(), b"de-CH");
    let labels = catalog.get(b"PageLabels").and_then(Object::as_dict).unwrap().get(b"Nums").unwrap();
    let label = labels.as_array().unwrap()[1].as_dict().unwrap();
    assert_eq!(
        (label.get(b"S").unwrap().as_name().unwrap(), label.get(b"St").unwrap().as_i64().unwrap()),
        (&b"r"[..], 3)
    );
    let metadata = catalog.get_deref(b"Metadata", &pdf).unwrap().as_stream().unwrap();
    let metadata = String::from_utf8(metadata.content.clone()).unwrap();
    for told in [">A title<", ">A &amp; B<", "<xmp:CreateDate>2024-03-09T08:05:00+01:00<"] {
        assert!(metadata.contains(told), "{told}: {metadata}");
    }
    let units: Vec<_> =
        pdf.page_iter().map(|id| pdf.get_dictionary(id).unwrap().get(b"UserUnit").ok().cloned()).collect();
    assert_eq!(units, [None, Some(Object::Real(2.0))]);
}

#[test]
fn a_unit_of_two_points_is_half_the_resolution() {
    let document = open(rich_pdf());
    assert_eq!([0, 1].map(|index| document.raster(index).unwrap().dpi), [200, 100]);
    assert_eq!([0, 1].map(|index| document.inspect(index).unwrap().dpi), [200, 100]);
}
