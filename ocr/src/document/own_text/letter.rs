use foldhash::HashMap;

use hayro::{
    hayro_interpret::{
        font::{Glyph, GlyphIdentifier, GlyphRun, PositionedGlyph},
        hayro_cmap::{BfString, WritingMode},
    },
    kurbo::{Affine, Point, Rect, Shape, Vec2},
};

use super::spelling::spell;

/// Units of a font's own measure to its size.
const UNITS_PER_SIZE: f64 = 1000.0;
/// What is smaller, in points, nobody reads.
const SMALLEST: f64 = 1.0;

/// A letter (or a few in one glyph) as the page draws it. Lengths are in points on the upright page, origin top
/// left, y downwards.
#[derive(Clone, Debug)]
pub(in crate::document) struct Letter {
    /// What it says: a space for a gap, `None` when the font doesn't tell.
    pub(super) says: Option<BfString>,
    /// Start of its baseline.
    pub(super) origin: Point,
    /// Reading direction, of length 1.
    pub(super) along: Vec2,
    /// Size of the font.
    pub(super) size: f64,
    /// From its start to the start of the next letter.
    pub(super) advance: f64,
    /// Box around its ink.
    pub(in crate::document) ink: Rect,
    /// Whether one sees it, as far as the letter itself tells.
    pub(in crate::document) is_visible: bool,
    /// Whether it is as white as paper.
    pub(super) is_white: bool,
}

impl Letter {
    pub(super) fn is_gap(&self) -> bool {
        self.says == Some(BfString::Char(' '))
    }
}

/// How a run of letters is drawn.
pub(in crate::document) struct Ink {
    pub(in crate::document) transform: Affine,
    pub(in crate::document) is_visible: bool,
    pub(in crate::document) is_white: bool,
    pub(in crate::document) page: Rect,
    /// What of the page can be drawn on.
    pub(in crate::document) clip: Rect,
}

/// Collects the letters of pages; what is learned about fonts on one page helps on the next.
#[derive(Default)]
pub(in crate::document) struct LetterCollector {
    letters: Vec<Letter>,
    outlines: HashMap<GlyphIdentifier, Option<Rect>>,
}

impl LetterCollector {
    /// Gives what was collected, and is ready for another page.
    pub(in crate::document) fn take(&mut self) -> Vec<Letter> {
        std::mem::take(&mut self.letters)
    }

    pub(in crate::document) const fn count(&self) -> usize {
        self.letters.len()
    }

    pub(in crate::document) fn add_run(&mut self, run: &GlyphRun<'_, '_>, ink: &Ink) {
        let is_stretched = is_stretched(run.glyphs());
        let is_vertical = matches!(run.writing_mode(), WritingMode::Vertical);
        for glyph in run.glyphs() {
            let letter = self.read_glyph(glyph, ink, is_stretched, is_vertical);
            self.letters.extend(letter);
        }
    }

    fn read_glyph(
        &mut self,
        glyph: &PositionedGlyph<'_>,
        ink: &Ink,
        is_stretched: bool,
        is_vertical: bool,
    ) -> Option<Letter> {
        let transform = ink.transform * glyph.transform();
        let [a, b, c, d, _, _] = transform.as_coeffs();
        let (right, up) = (Vec2::new(a, b), Vec2::new(c, d));
        let size = up.hypot() * UNITS_PER_SIZE;
        let along = if is_vertical { -up } else { right };
        let measure = along.hypot();
        if !(size.is_finite() && measure.is_finite()) || measure <= 0.0 || size <= 0.0 {
            return None;
        }
        let width = match &**glyph {
            Glyph::Outline(outline) => outline.advance_width(),
            Glyph::Type3(letter) => letter.advance_width(),
        };
        let unit = if is_stretched { up.hypot() } else { measure };
        let advance = if is_vertical { size } else { f64::from(width.unwrap_or(500.0)) * unit };
        let says = glyph.as_unicode().and_then(spell);
        let shape = self.shape(glyph).filter(|shape| shape.area() > 0.0);
        let fallback = Rect::new(0.0, -0.2 * UNITS_PER_SIZE, advance / measure, 0.7 * UNITS_PER_SIZE);
        let bounds = transform.transform_rect_bbox(shape.unwrap_or(fallback));
        let center = bounds.center();
        if !ink.page.contains(center) {
            return None;
        }
        let is_inside = ink.clip.contains(center);
        Some(Letter {
            says,
            origin: transform.translation().to_point(),
            along: along / measure,
            size,
            advance,
            ink: bounds,
            is_visible: ink.is_visible && is_inside && size >= SMALLEST,
            is_white: ink.is_white,
        })
    }

    /// Gives the box of a glyph's outline in the font's measure.
    fn shape(&mut self, glyph: &PositionedGlyph<'_>) -> Option<Rect> {
        let Glyph::Outline(outline) = &**glyph else { return None };
        *self.outlines.entry(outline.identifier()).or_insert_with(|| {
            let path = outline.outline();
            (!path.elements().is_empty()).then(|| path.bounding_box())
        })
    }
}

/// Tells a font that stands in for another: its letters are stretched one by one to the widths that the page states.
fn is_stretched(glyphs: &[PositionedGlyph<'_>]) -> bool {
    let width = |glyph: &PositionedGlyph<'_>| {
        let [a, b, ..] = glyph.transform().as_coeffs();
        a.hypot(b)
    };
    let Some(first) = glyphs.first().map(width) else { return false };
    glyphs.iter().any(|glyph| (width(glyph) - first).abs() > 1e-6 * first)
}
