use std::collections::HashSet;

use hayro::{
    hayro_interpret::{
        BlendMode, ClipPath, Device, DrawMode, DrawProps, Image, ImageDrawProps, Paint, SoftMask, font::GlyphRun,
    },
    hayro_syntax::object::ObjectIdentifier,
    kurbo::{Affine, BezPath, Rect, Shape},
};

use super::{
    budget::Budget,
    jpeg_blocks::Completeness,
    loss::completeness_of,
    own_text::{Fill, Ink, LetterCollector},
    picture::Picture,
    scan::ScanFinder,
};
use crate::OcrError;

/// Watches what a PDF page draws, without drawing it. Lengths are in points on the upright page, origin top left, y
/// downwards.
pub(super) struct PageWatcher<'w> {
    page: Rect,
    budget: Budget,
    pub(super) scan: ScanFinder<'w>,
    /// Takes the letters, when they are wanted.
    letters: Option<&'w mut LetterCollector>,
    /// Set by a picture of more pixels than a page may have.
    pub(super) too_large: Option<OcrError>,
    pub(super) fills: Vec<Fill>,
    pub(super) pictures: Vec<Picture>,
    /// Lines and areas that are darker than paper.
    pub(super) drawings: usize,
    /// How much is there of the pictures, when they are going to be decoded: that of the worst.
    pub(super) completeness: Completeness,
    /// Pictures that were looked at.
    known: HashSet<ObjectIdentifier>,
    clips: Vec<Rect>,
    groups: Vec<bool>,
}

impl<'w> PageWatcher<'w> {
    pub(super) fn new(page: Rect, scan: ScanFinder<'w>, letters: Option<&'w mut LetterCollector>) -> Self {
        Self {
            page,
            budget: Budget::new(),
            scan,
            letters,
            too_large: None,
            fills: Vec::new(),
            pictures: Vec::new(),
            drawings: 0,
            completeness: Completeness::Whole,
            known: HashSet::new(),
            clips: Vec::new(),
            groups: Vec::new(),
        }
    }

    fn letters_before(&self) -> usize {
        self.letters.as_ref().map_or(0, |letters| letters.count())
    }

    fn note_path(&mut self, path: &BezPath, props: &DrawProps<'_>, mode: &DrawMode) {
        let tone = tone(&props.paint);
        if tone == Tone::Clear || matches!(mode, DrawMode::Invisible) || !self.is_shown() {
            return;
        }
        let bounds = props.transform.transform_rect_bbox(path.bounding_box());
        if !self.clip().overlaps(bounds.inflate(0.01, 0.01)) {
            return;
        }
        if tone != Tone::White {
            self.drawings += 1;
        }
        let area = bounds.intersect(self.clip());
        // less than a letter hides none
        let is_area = area.width().min(area.height()) >= 2.0;
        if is_area && matches!(mode, DrawMode::Fill(_) | DrawMode::FillAndStroke(..)) {
            let box_area = path.bounding_box().area();
            let is_box = (path.area().abs() - box_area).abs() <= 0.01 * box_area;
            let is_cover = is_box
                && matches!(tone, Tone::White | Tone::Dark { is_opaque: true })
                && props.soft_mask.is_none()
                && props.blend_mode == BlendMode::Normal;
            let letters_before = self.letters_before();
            self.fills.push(Fill { area, is_white: tone == Tone::White, is_cover, letters_before });
        }
    }

    fn check(&mut self, image: &Image<'_, '_>) {
        if let Image::Raster(raster) = image
            && self.scan.wants_pixels()
            && self.known.insert(raster.stream().obj_id())
        {
            self.completeness = self.completeness.max(completeness_of(raster.stream()));
        }
    }

    fn clip(&self) -> Rect {
        self.clips.last().copied().unwrap_or(self.page)
    }

    fn push_clip(&mut self, bounds: Rect) {
        let clip = self.clip();
        let inner = clip.intersect(bounds);
        self.clips.push(if clip.overlaps(bounds) { inner } else { Rect::ZERO });
    }

    /// Says whether what is drawn now shows at all.
    fn is_shown(&self) -> bool {
        !self.groups.contains(&false)
    }
}

/// What a paint looks like.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tone {
    Clear,
    White,
    Dark { is_opaque: bool },
}

fn tone(paint: &Paint<'_>) -> Tone {
    let Paint::Color(color) = paint else { return Tone::Dark { is_opaque: false } };
    let [red, green, blue, alpha] = color.to_rgba().to_rgba8();
    match alpha {
        0..26 => Tone::Clear,
        _ if [red, green, blue].iter().all(|&value| value >= 245) => Tone::White,
        _ => Tone::Dark { is_opaque: alpha == 255 },
    }
}

impl<'a> Device<'a> for PageWatcher<'_> {
    fn draw_path(&mut self, path: &BezPath, props: DrawProps<'a>, mode: &DrawMode) {
        self.budget.spend_path(path, &props);
        if self.letters.is_some() {
            self.note_path(path, &props, mode);
        }
        self.scan.draw_path(path, props, mode);
    }

    fn push_clip_path(&mut self, clip: &ClipPath) {
        self.budget.spend(1 + clip.path.elements().len() as u64 / 8);
        self.push_clip(clip.path.bounding_box());
        self.scan.push_clip_path(clip);
    }

    fn push_clip_rect(&mut self, rect: &Rect) {
        self.budget.spend(1);
        self.push_clip(*rect);
        self.scan.push_clip_rect(rect);
    }

    fn push_transparency_group(&mut self, opacity: f32, mask: Option<SoftMask<'a>>, blend_mode: BlendMode) {
        self.budget.spend(1);
        self.budget.spend_mask(mask.as_ref());
        self.groups.push(opacity >= 0.1);
        self.scan.push_transparency_group(opacity, mask, blend_mode);
    }

    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, mode: &DrawMode) {
        self.budget.spend_glyphs(run, &props);
        let tone = tone(&props.paint);
        let ink = Ink {
            transform: props.transform,
            is_visible: !matches!(mode, DrawMode::Invisible) && tone != Tone::Clear && self.is_shown(),
            is_white: tone == Tone::White,
            clip: self.clip(),
            page: self.page,
        };
        if let Some(letters) = &mut self.letters {
            letters.add_run(run, &ink);
        }
        self.scan.draw_glyph_run(run, props, mode);
    }

    fn draw_image(&mut self, image: Image<'a, '_>, props: ImageDrawProps<'a>) {
        self.budget.spend_image(&image, &props);
        let picture = Picture::new(&image, &props, self.clip());
        if let Err(error) = self.scan.options().check_pixels(picture.size.0, picture.size.1) {
            self.too_large.get_or_insert(error);
            return;
        }
        self.check(&image);
        self.scan.draw_image(image, props);
        if !self.is_shown() || picture.area.area() <= 0.0 {
            return;
        }
        let letters_before = self.letters_before();
        self.fills.push(Fill { area: picture.area, is_white: false, is_cover: picture.is_opaque, letters_before });
        self.pictures.push(picture);
    }

    fn pop_clip(&mut self) {
        self.clips.pop();
        self.scan.pop_clip();
    }

    fn pop_transparency_group(&mut self) {
        self.groups.pop();
        self.scan.pop_transparency_group();
    }
}

/// From image pixels to their place on the page.
pub(super) fn resolution(transform: Affine) -> f64 {
    let [a, b, c, d, _, _] = transform.as_coeffs();
    let pixel = (a.hypot(b) * c.hypot(d)).sqrt();
    if pixel > 0.0 { 72.0 / pixel } else { 0.0 }
}
