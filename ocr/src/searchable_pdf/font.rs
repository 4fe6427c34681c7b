use lopdf::{Dictionary, Object, ObjectId, Stream, dictionary};

use super::{
    alphabet::Alphabet,
    layer::Layer,
    shape::{Shape, choose_shapes},
};

/// Widths of a letter and of the space between words, in thousandths of the font size.
const LETTER_WIDTH: u16 = 500;
const SPACE_WIDTH: u16 = 280;
/// Height of the glyph, in thousandths of the font size: about that of a small letter with its ascender.
const GLYPH_HEIGHT: u16 = 700;
const NAME: &str = "GlyphLessFont";

/// The fonts of a document's invisible text, alike in all but how high and deep they mark.
#[derive(Debug)]
pub(super) struct Typeface {
    /// Tells the names of these fonts from those that the document has already.
    tag: Option<u32>,
    pub(super) alphabet: Alphabet,
    pub(super) shapes: Vec<Shape>,
}

impl Typeface {
    /// Makes the fonts that these pages need.
    pub(super) fn of<'l>(layers: impl Iterator<Item = &'l Layer> + Clone) -> Self {
        let words = layers.flat_map(Layer::words);
        let shapes = choose_shapes(words.clone().map(|word| (word.setting.reach, word.setting.size)));
        Self { tag: None, alphabet: Alphabet::of(words.map(|word| word.text.as_str())), shapes }
    }

    /// For a document that may have such fonts already: with this number in their names.
    pub(super) fn tagged(self, tag: u32) -> Self {
        Self { tag: Some(tag), ..self }
    }

    /// Gives how wide letters and spaces are, in parts of the font size.
    #[expect(clippy::cast_precision_loss, reason = "letters of one word")]
    pub(super) fn width_of(letters: usize, spaces: usize) -> f64 {
        (letters as f64 * f64::from(LETTER_WIDTH) + spaces as f64 * f64::from(SPACE_WIDTH)) / 1000.0
    }

    /// Names a font in the resources of a page.
    pub(super) fn name(&self, font: usize) -> String {
        let tag = self.tag.map(|tag| format!("{tag}x")).unwrap_or_default();
        format!("U{tag}{font}")
    }

    /// Gives the fonts by their names, to which `add` adds objects.
    ///
    /// All letters have one glyph without ink, so a font is small and knows every script. The idea is that of
    /// Tesseract's own PDF writer.
    pub(super) fn make_fonts(&self, mut add: impl FnMut(Object) -> ObjectId) -> Dictionary {
        if self.shapes.is_empty() {
            return Dictionary::new();
        }
        let program = font_program();
        let mut file = Stream::new(dictionary! { "Length1" => i64::try_from(program.len()).unwrap_or(0) }, program);
        // what can't be made smaller stays as it is
        let _ = file.compress();
        let file = add(file.into());
        let to_unicode = add(compressed(self.alphabet.unicode_map().into_bytes()).into());
        let is_wide = matches!(self.alphabet, Alphabet::Wide(_));
        let to_glyph = is_wide.then(|| add(compressed(glyphs_of_codes()).into()));
        let fonts = self.shapes.iter().enumerate().map(|(number, shape)| {
            let descriptor = add(describe(*shape, file).into());
            let font = to_glyph.map_or_else(|| narrow_font(descriptor), |to_glyph| wide_font(descriptor, to_glyph));
            (self.name(number), Object::from(add(with_unicode(font, to_unicode).into())))
        });
        fonts.collect()
    }
}

fn describe(shape: Shape, file: ObjectId) -> Dictionary {
    let (ascent, descent) = shape.thousandths();
    // poppler takes 0 for unknown
    let descent = -descent.max(1);
    dictionary! {
        "Type" => "FontDescriptor", "FontName" => NAME, "Flags" => 5,
        "FontBBox" => vec![0.into(), descent.into(), LETTER_WIDTH.into(), ascent.into()], "ItalicAngle" => 0,
        "Ascent" => ascent, "Descent" => descent, "CapHeight" => ascent, "StemV" => 80, "MissingWidth" => LETTER_WIDTH,
        "FontFile2" => file,
    }
}

/// A font with codes of one byte, all as wide as its description says.
fn narrow_font(descriptor: ObjectId) -> Dictionary {
    dictionary! {
           "Type" => "Font", "Subtype" => "TrueType", "BaseFont" => NAME, "FirstChar" => 32, "LastChar" => 32,
    "Widths" => vec![SPACE_WIDTH.into()], "FontDescriptor" => descriptor,
       }
}

/// A font with codes of two bytes.
fn wide_font(descriptor: ObjectId, to_glyph: ObjectId) -> Dictionary {
    let descendant = dictionary! {
        "Type" => "Font", "Subtype" => "CIDFontType2", "BaseFont" => NAME,
        "CIDSystemInfo" => dictionary! {
            "Registry" => Object::string_literal("Adobe"), "Ordering" => Object::string_literal("Identity"),
            "Supplement" => 0,
        },
        "FontDescriptor" => descriptor, "DW" => LETTER_WIDTH,
        "W" => vec![32.into(), vec![SPACE_WIDTH.into()].into()], "CIDToGIDMap" => to_glyph,
    };
    dictionary! {
        "Type" => "Font", "Subtype" => "Type0", "BaseFont" => NAME, "Encoding" => "Identity-H",
        "DescendantFonts" => vec![descendant.into()],
    }
}

fn with_unicode(mut font: Dictionary, to_unicode: ObjectId) -> Dictionary {
    font.set("ToUnicode", to_unicode);
    font
}

/// Gives the glyph of each code of two bytes.
fn glyphs_of_codes() -> Vec<u8> {
    let mut glyphs = vec![LETTER_GLYPH; 1 << 16];
    glyphs[usize::from(b' ')] = SPACE_GLYPH;
    glyphs.into_iter().flat_map(|glyph| [0, glyph]).collect()
}

pub(super) fn compressed(content: Vec<u8>) -> Stream {
    let mut stream = Stream::new(lopdf::Dictionary::new(), content);
    // what can't be made smaller stays as it is
    let _ = stream.compress();
    stream
}

const LETTER_GLYPH: u8 = 1;
const SPACE_GLYPH: u8 = 2;

/// Builds the smallest TrueType font with three glyphs: an empty one, one for letters, a line there and back again, which
/// has a box but no ink, and an empty one that is narrower, for spaces. Chromium's viewer takes the box of a letter from its glyph, and finds no text on
/// a page turned by a right angle where that is empty.
fn font_program() -> Vec<u8> {
    let head = words(&[
        0x0001, 0x0000, // version
        0x0001, 0x0000, // revision
        0x0000, 0x0000, // check sum adjustment, filled in below
        0x5f0f, 0x3cf5, // magic
        0x0000, 1000, // flags, units per em
        0, 0, 0, 0, 0, 0, 0, 0, // created, modified
        0, 0, 500, 1000, // box
        0, 8, 2, 0, 0, // style, smallest size, direction, short offsets, glyph format
    ]);
    let hhea = words(&[0x0001, 0, 1000, 0, 0, 500, 0, 0, 500, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
    let maxp = words(&[0x0001, 0, 3, 2, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0]);
    let hmtx = words(&[LETTER_WIDTH, 0, LETTER_WIDTH, 0, SPACE_WIDTH, 0]);
    // one contour, its box, the number of its last point, no instructions; then two points on the curve, by steps in x and y
    let glyf = words(&[1, 0, 0, LETTER_WIDTH, GLYPH_HEIGHT, 1, 0, 0x0101, 0, LETTER_WIDTH, 0, GLYPH_HEIGHT]);
    // in units of two bytes
    let loca = words(&[0, 0, 12, 12]);
    // a symbolic font has one such table (ISO 19005-2, 6.2.11.6)
    let mut cmap = words(&[0, 1, 1, 0, 0, 12, 0, 6 + 256, 0]);
    cmap.extend((0..=u8::MAX).map(|code| if code == b' ' { SPACE_GLYPH } else { LETTER_GLYPH }));
    let post = words(&[0x0003, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    assemble(&[
        (b"cmap", cmap),
        (b"glyf", glyf),
        (b"head", head),
        (b"hhea", hhea),
        (b"hmtx", hmtx),
        (b"loca", loca),
        (b"maxp", maxp),
        (b"post", post),
    ])
}

fn words(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

fn assemble(tables: &[(&[u8; 4], Vec<u8>); 8]) -> Vec<u8> {
    // 8 tables: search range 8 * 16, selector log2 8, shift 0
    let mut font = words(&[0x0001, 0x0000, 8, 128, 3, 0]);
    let mut offset = 12 + 16 * tables.len();
    for (tag, table) in tables {
        font.extend_from_slice(*tag);
        font.extend(check_sum(table).to_be_bytes());
        font.extend(u32::try_from(offset).unwrap_or(0).to_be_bytes());
        font.extend(u32::try_from(table.len()).unwrap_or(0).to_be_bytes());
        offset += table.len().next_multiple_of(4);
    }
    let mut head_at = 0;
    for (tag, table) in tables {
        if *tag == b"head" {
            head_at = font.len();
        }
        font.extend_from_slice(table);
        font.resize(font.len().next_multiple_of(4), 0);
    }
    let adjustment = 0xb1b0_afba_u32.wrapping_sub(check_sum(&font));
    font[head_at + 8..head_at + 12].copy_from_slice(&adjustment.to_be_bytes());
    font
}

fn check_sum(bytes: &[u8]) -> u32 {
    bytes.chunks(4).fold(0_u32, |sum, chunk| {
        let mut word = [0; 4];
        word[..chunk.len()].copy_from_slice(chunk);
        sum.wrapping_add(u32::from_be_bytes(word))
    })
}
