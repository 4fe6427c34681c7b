use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use lopdf::{Object, ObjectId, Stream, dictionary};

/// Width of each glyph, in parts of the font size.
pub(super) const GLYPH_WIDTH: f64 = 0.5;
/// Height of the glyph, in thousandths of the font size: about that of a small letter with its ascender.
const GLYPH_HEIGHT: u16 = 700;
/// Parts that a font size is divided in for ascent and descent.
const STEPS: u32 = 8;

/// The font for words of one shape. What a viewer marks is as high as the font says, not as the word is; the words of a
/// line must have one size and one baseline, or viewers part the line. So there is a font for each height above the
/// baseline and each depth below it, alike in all else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shape {
    /// Height above the baseline in parts of the font size, 1 to [`STEPS`].
    ascent: u32,
    /// Depth below the baseline in parts of the font size, 0 to [`STEPS`].
    descent: u32,
}

impl Shape {
    /// Finds the nearest shape; both in parts of the font size, 0.0 to 1.0.
    pub(super) fn nearest(ascent: f64, descent: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the steps")]
        let steps = |share: f64| (share * f64::from(STEPS)).round().clamp(0.0, f64::from(STEPS)) as u32;
        Self { ascent: steps(ascent).max(1), descent: steps(descent) }
    }
}

/// What the invisible text of a document needs of its fonts.
#[derive(Debug, Default)]
pub(super) struct FontNeeds {
    /// Tells the names of these fonts from those that the document has already.
    tag: Option<u32>,
    shapes: BTreeSet<Shape>,
    /// Upper halves of the codes that occur.
    rows: BTreeSet<u8>,
}

impl FontNeeds {
    /// For a document that may have such fonts already: with this number in their names.
    pub(super) fn tagged(tag: u32) -> Self {
        Self { tag: Some(tag), ..Self::default() }
    }

    /// Notes that a text with these codes is set in a shape.
    pub(super) fn note(&mut self, shape: Shape, codes: &[u16]) {
        self.shapes.insert(shape);
        self.rows.extend(codes.iter().map(|code| code.to_be_bytes()[0]));
    }

    /// Names the font of a shape in the resources of a page.
    pub(super) fn name(&self, shape: Shape) -> String {
        let tag = self.tag.map(|tag| format!("{tag}x")).unwrap_or_default();
        format!("U{tag}{}{}", shape.ascent, shape.descent)
    }
}

/// The fonts of a document.
pub(super) struct Fonts {
    /// All new objects.
    pub(super) objects: Vec<(ObjectId, Object)>,
    /// Where the font of a shape is.
    pub(super) places: BTreeMap<Shape, ObjectId>,
}

/// Makes the fonts of the invisible text; `new_id` gives numbers for new objects.
///
/// A code is a UTF-16 unit; all codes lead to one glyph without ink, so a font is small and knows every script. The idea
/// is that of Tesseract's own PDF writer.
pub(super) fn make_fonts(needs: &FontNeeds, mut new_id: impl FnMut() -> ObjectId) -> Fonts {
    let shared = Shared { file: new_id(), to_glyph: new_id(), to_unicode: new_id() };
    let program = font_program();
    let mut file = Stream::new(dictionary! { "Length1" => i64::try_from(program.len()).unwrap_or(0) }, program);
    // what can't be made smaller stays as it is
    let _ = file.compress();
    let mut objects: Vec<(ObjectId, Object)> = vec![
        (shared.file, file.into()),
        (shared.to_glyph, compressed([0, 1].repeat(1 << 16)).into()),
        (shared.to_unicode, compressed(unicode_map(&needs.rows).into_bytes()).into()),
    ];
    let mut places = BTreeMap::new();
    for shape in &needs.shapes {
        let ids = [new_id(), new_id(), new_id()];
        objects.extend(make_font(*shape, ids, &shared));
        places.insert(*shape, ids[0]);
    }
    Fonts { objects, places }
}

/// Objects that all fonts share.
struct Shared {
    file: ObjectId,
    to_glyph: ObjectId,
    to_unicode: ObjectId,
}

fn make_font(shape: Shape, [font, descendant, descriptor]: [ObjectId; 3], shared: &Shared) -> [(ObjectId, Object); 3] {
    let ascent = i64::from(1000 * shape.ascent / STEPS);
    // poppler takes 0 for unknown
    let descent = -i64::from((1000 * shape.descent / STEPS).max(1));
    let name = "GlyphLessFont";
    [
        (
            font,
            dictionary! {
                "Type" => "Font", "Subtype" => "Type0", "BaseFont" => name, "Encoding" => "Identity-H",
                "DescendantFonts" => vec![descendant.into()], "ToUnicode" => shared.to_unicode,
            }
            .into(),
        ),
        (
            descendant,
            dictionary! {
                "Type" => "Font", "Subtype" => "CIDFontType2", "BaseFont" => name,
                "CIDSystemInfo" => dictionary! {
                    "Registry" => Object::string_literal("Adobe"), "Ordering" => Object::string_literal("Identity"),
                    "Supplement" => 0,
                },
                "FontDescriptor" => descriptor, "DW" => 500, "CIDToGIDMap" => shared.to_glyph,
            }
            .into(),
        ),
        (
            descriptor,
            dictionary! {
                "Type" => "FontDescriptor", "FontName" => name, "Flags" => 5,
                "FontBBox" => vec![0.into(), descent.into(), 500.into(), ascent.into()], "ItalicAngle" => 0,
                "Ascent" => ascent, "Descent" => descent, "CapHeight" => ascent, "StemV" => 80,
                "FontFile2" => shared.file,
            }
            .into(),
        ),
    ]
}

pub(super) fn compressed(content: Vec<u8>) -> Stream {
    let mut stream = Stream::new(lopdf::Dictionary::new(), content);
    // what can't be made smaller stays as it is
    let _ = stream.compress();
    stream
}

/// Maps the codes that occur to themselves; a range must not cross a border of 256, and a section has at most 100
/// ranges.
fn unicode_map(rows: &BTreeSet<u8>) -> String {
    let mut map = String::from(
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n\
         /CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n\
         /CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n\
         1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n",
    );
    for section in rows.iter().collect::<Vec<_>>().chunks(100) {
        let _ = writeln!(map, "{} beginbfrange", section.len());
        for row in section {
            let _ = writeln!(map, "<{row:02X}00> <{row:02X}FF> <{row:02X}00>");
        }
        map.push_str("endbfrange\n");
    }
    map.push_str("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n");
    map
}

/// Builds the smallest TrueType font with two glyphs, each half an em wide: an empty one, and a line there and back
/// again, which has a box but no ink. Chromium's viewer takes the box of a letter from its glyph, and finds no text on
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
    let maxp = words(&[0x0001, 0, 2, 2, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0]);
    let hmtx = words(&[500, 0, 0]);
    // one contour, its box, the number of its last point, no instructions; then two points on the curve, by steps in x and y
    let glyf = words(&[1, 0, 0, 500, GLYPH_HEIGHT, 1, 0, 0x0101, 0, 500, 0, GLYPH_HEIGHT]);
    // in units of two bytes
    let loca = words(&[0, 0, 12]);
    let cmap = words(&[0, 1, 3, 1, 0, 12, 4, 32, 0, 4, 4, 1, 0, 0xffff, 0xffff, 0, 0, 0, 0, 0, 1, 1, 0, 0]);
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
