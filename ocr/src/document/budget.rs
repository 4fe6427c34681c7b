use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
};

use hayro::{
    hayro_interpret::{
        BlendMode, CacheKey, ClipPath, Device, DrawMode, DrawProps, Image, ImageDrawProps, Paint, SoftMask,
        font::{Glyph, GlyphRun},
        pattern::Pattern,
    },
    kurbo::{Affine, BezPath},
};

use crate::OcrError;

/// Steps that drawing a page may take. One costs between a tenth of a microsecond and ten; the densest maps and
/// drawings stay below a million, a form that draws ten forms that draw ten forms goes past any limit.
const MAX_STEPS: u64 = 3_000_000;

/// Counts what a page draws and stops a page that would draw for hours.
#[derive(Debug)]
pub(super) struct Budget {
    spent: u64,
    /// Steps of patterns, masks and drawn letters that were met; what is being counted counts nothing inside itself.
    known: HashMap<u128, u64>,
}

struct Spent;

impl Budget {
    pub(super) fn new() -> Self {
        Self { spent: 0, known: HashMap::new() }
    }

    /// Runs what spends.
    ///
    /// # Errors
    /// [`OcrError::TooComplex`] when it spends too much. Drawing cannot be told to stop, so it is unwound.
    pub(super) fn watch<T>(draw: impl FnOnce() -> T) -> Result<T, OcrError> {
        catch_unwind(AssertUnwindSafe(draw))
            .map_err(|cause| if cause.is::<Spent>() { OcrError::TooComplex } else { resume_unwind(cause) })
    }

    pub(super) fn spend(&mut self, steps: u64) {
        self.spent = self.spent.saturating_add(steps);
        if self.spent > MAX_STEPS {
            resume_unwind(Box::new(Spent));
        }
    }

    pub(super) fn spend_path(&mut self, path: &BezPath, props: &DrawProps<'_>) {
        self.spend(1 + path.elements().len() as u64 / 8);
        self.spend_props(props);
    }

    pub(super) fn spend_glyphs<'a>(&mut self, run: &GlyphRun<'_, 'a>, props: &DrawProps<'a>) {
        self.spend(1 + run.glyphs().len() as u64);
        self.spend_props(props);
        for glyph in run.glyphs() {
            if let Glyph::Type3(letter) = &**glyph {
                self.spend_known(letter.cache_key(), |counter| {
                    letter.interpret(counter, Affine::IDENTITY, glyph.transform(), &props.paint);
                });
            }
        }
    }

    /// A thousand pixels are a step: decoding them takes as long.
    pub(super) fn spend_image(&mut self, image: &Image<'_, '_>, props: &ImageDrawProps<'_>) {
        self.spend(1 + u64::from(image.width()) * u64::from(image.height()) / 1000);
        self.spend_mask(props.soft_mask.as_ref());
    }

    fn spend_props(&mut self, props: &DrawProps<'_>) {
        self.spend_mask(props.soft_mask.as_ref());
        let Paint::Pattern(pattern) = &props.paint else { return };
        match &**pattern {
            Pattern::Shading(_) => self.spend(100),
            Pattern::Tiling(tiling) => self.spend_known(pattern.cache_key(), |counter| {
                tiling.interpret(counter, tiling.matrix, false);
            }),
        }
    }

    pub(super) fn spend_mask(&mut self, mask: Option<&SoftMask<'_>>) {
        if let Some(mask) = mask {
            self.spend_known(mask.cache_key(), |counter| mask.interpret(counter));
        }
    }

    fn spend_known(&mut self, key: u128, draw: impl FnOnce(&mut Counter<'_>)) {
        if let Some(&steps) = self.known.get(&key) {
            self.spend(steps);
            return;
        }
        let before = self.spent;
        self.known.insert(key, 1);
        draw(&mut Counter(self));
        self.known.insert(key, 1 + self.spent - before);
    }
}

/// Draws nothing, counts only.
struct Counter<'b>(&'b mut Budget);

impl<'a> Device<'a> for Counter<'_> {
    fn draw_path(&mut self, path: &BezPath, props: DrawProps<'a>, _: &DrawMode) {
        self.0.spend_path(path, &props);
    }

    fn push_clip_path(&mut self, clip: &ClipPath) {
        self.0.spend(1 + clip.path.elements().len() as u64 / 8);
    }

    fn push_transparency_group(&mut self, _: f32, mask: Option<SoftMask<'a>>, _: BlendMode) {
        self.0.spend(1);
        self.0.spend_mask(mask.as_ref());
    }

    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, _: &DrawMode) {
        self.0.spend_glyphs(run, &props);
    }

    fn draw_image(&mut self, image: Image<'a, '_>, props: ImageDrawProps<'a>) {
        self.0.spend_image(&image, &props);
    }

    fn pop_clip(&mut self) {}

    fn pop_transparency_group(&mut self) {}
}
