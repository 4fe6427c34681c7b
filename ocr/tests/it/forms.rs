//! What a page says of the forms that it draws when they can't all be read.

use lopdf::{Dictionary, Document as Pdf, Object, ObjectId, Stream, dictionary};
use untxt_ocr::{Document, PageKind};

use crate::{
    damaged::{packed_text, tells_damage},
    own_text::page_pdf,
    sample::{open, save},
};

/// A form's packed content, and the forms that it names.
struct Form {
    content: Vec<u8>,
    named: Vec<ObjectId>,
}

/// Draws all that is named.
fn drawing(named: &[ObjectId]) -> String {
    (0..named.len()).map(|place| format!("/X{place} Do ")).collect()
}

fn resources(fonts: &Dictionary, named: &[ObjectId]) -> Dictionary {
    let forms = named.iter().enumerate().map(|(place, &id)| (format!("X{place}"), Object::from(id)));
    let mut resources = fonts.clone();
    resources.set("XObject", forms.collect::<Dictionary>());
    resources
}

/// A page that shows forms; `make` is given a way to add one, and gives those that the page names.
fn page_with_forms(make: impl FnOnce(&mut dyn FnMut(Form) -> ObjectId) -> Vec<ObjectId>) -> Document {
    let mut pdf = Pdf::load_mem(&page_pdf("", dictionary! {})).unwrap();
    let page = pdf.page_iter().next().unwrap();
    let fonts = pdf.get_dictionary(page).unwrap().get(b"Resources").unwrap().as_dict().unwrap().clone();
    let named = make(&mut |form| {
        let entries = dictionary! {
            "Type" => "XObject", "Subtype" => "Form", "BBox" => [0, 0, 400, 400].map(Object::from).to_vec(),
            "Resources" => resources(&fonts, &form.named), "Filter" => "FlateDecode",
        };
        pdf.add_object(Stream::new(entries, form.content).with_compression(false))
    });
    let content = pdf.add_object(Stream::new(dictionary! {}, drawing(&named).into_bytes()));
    let page = pdf.get_dictionary_mut(page).unwrap();
    page.set("Resources", resources(&fonts, &named));
    page.set("Contents", content);
    open(save(pdf))
}

/// A form that draws others.
fn frame(named: Vec<ObjectId>) -> Form {
    let mut content = Stream::new(
        dictionary! {},
        format!("{}% that is all that is drawn here", drawing(&named)).repeat(9).into_bytes(),
    );
    content.compress().unwrap();
    Form { content: content.content, named }
}

fn text(content: &[u8]) -> Form {
    Form { content: content.to_vec(), named: Vec::new() }
}

/// Text in a form, in a form, as often as said.
fn nested(content: &[u8], depth: usize) -> Document {
    page_with_forms(|add| {
        let innermost = add(text(content));
        vec![(1..depth).fold(innermost, |inner, _| add(frame(vec![inner])))]
    })
}

#[test]
fn a_page_whose_form_breaks_off_says_so_however_deep_it_is() {
    let whole = packed_text();
    for depth in [1, 2, 3, 40] {
        for (content, damage) in [(&whole[..], false), (&whole[..whole.len() / 2], true)] {
            let document = nested(content, depth);
            assert_eq!(document.inspect(0).unwrap().kind, PageKind::BornDigital, "{depth}");
            assert_eq!(tells_damage(&document), [Some(damage)], "{depth}");
        }
    }
}

#[test]
fn a_form_too_deep_to_be_drawn_is_missing_from_the_page() {
    let shown = packed_text();
    let document = page_with_forms(|add| {
        let deepest = add(text(&packed_text()));
        vec![add(text(&shown)), (1..60).fold(deepest, |inner, _| add(frame(vec![inner])))]
    });
    assert_eq!(tells_damage(&document), [Some(true)]);
}

#[test]
fn the_last_of_many_forms_is_looked_at_too() {
    let whole = packed_text();
    for (last, damage) in [(&whole[..], false), (&whole[..whole.len() / 2], true)] {
        let document = page_with_forms(|add| {
            let mut named: Vec<ObjectId> = (0..100).map(|_| add(frame(Vec::new()))).collect();
            named.push(add(text(last)));
            named
        });
        assert_eq!(tells_damage(&document), [Some(damage)]);
    }
}

#[test]
fn more_content_than_is_looked_into_is_no_page_without_a_word() {
    let mut spaces = Stream::new(dictionary! {}, vec![b' '; 33 << 20]);
    spaces.compress().unwrap();
    let large = spaces.content;
    for (count, damage) in [(1, false), (2, true)] {
        let document = page_with_forms(|add| {
            let mut named = vec![add(text(&packed_text()))];
            named.extend((0..count).map(|_| add(text(&large))));
            named
        });
        assert_eq!(tells_damage(&document), [Some(damage)], "{count}");
    }
}

#[test]
fn forms_that_draw_each_other_are_looked_at_once() {
    let mut pdf = Pdf::load_mem(&page_pdf("", dictionary! {})).unwrap();
    let page = pdf.page_iter().next().unwrap();
    let own = pdf.new_object_id();
    let entries = dictionary! {
        "Type" => "XObject", "Subtype" => "Form", "BBox" => [0, 0, 400, 400].map(Object::from).to_vec(),
        "Resources" => dictionary! { "XObject" => dictionary! { "X0" => own } },
    };
    pdf.objects.insert(own, Stream::new(entries, b"0 0 9 9 re f /X0 Do".to_vec()).into());
    let content = pdf.add_object(Stream::new(dictionary! {}, b"/X0 Do".to_vec()));
    let page = pdf.get_dictionary_mut(page).unwrap();
    page.set("Resources", dictionary! { "XObject" => dictionary! { "X0" => own } });
    page.set("Contents", content);
    assert!(!open(save(pdf)).inspect(0).unwrap().is_damaged);
}
