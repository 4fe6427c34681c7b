use hayro::{
    hayro_interpret::{
        BlendMode, ClipPath, Device, DrawMode, DrawProps, Image, ImageData, ImageDrawProps, Paint, SoftMask,
        font::GlyphRun,
    },
    kurbo::{Affine, BezPath, Rect, Shape},
};
use lopdf::Stream as PdfStream;

use super::{
    OpenOptions,
    coded::{Role, take_coded},
    loss::has_unknown_filter,
    montage::{Montage, Piece},
    shown::{Shown, shown_as_it_is},
};
use crate::{EncodedImage, OcrError, Raster, orientation::Orientation};

/// Watches what a PDF page draws. When that is one picture over the whole page, the picture is the page: it is taken
/// as it is, at its own resolution, instead of being drawn (and blurred) at another.
pub(super) struct ScanFinder<'o> {
    /// The page in points, origin top left, y downwards.
    page: Rect,
    /// Points that one of its is, when it has another unit.
    unit: f64,
    options: &'o OpenOptions,
    wants: Wants,
    clips: Vec<Option<Rect>>,
    groups: Vec<bool>,
    marks: u32,
    found: Option<Result<Scan, OcrError>>,
    /// What is drawn, as long as it is nothing but pictures that an archive may hold as they are coded.
    montage: Montage,
}

/// What is wanted of a picture that is the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wants {
    Place,
    Pixels,
    /// The pixels, and the same as the file codes them.
    Code,
}

/// A picture that is the page.
#[derive(Debug)]
pub(super) struct Scan {
    /// Where it lies, in points, origin top left of the upright page, y downwards.
    pub(super) area: Rect,
    /// Pixels from left to right and from top to bottom, as the file states them.
    pub(super) size: (u32, u32),
    /// Its pixels, when they were wanted.
    pub(super) raster: Option<Raster>,
    /// How the coded picture lies.
    pub(super) orientation: Orientation,
    /// The picture as the file codes it, when that was wanted and an archive may hold it.
    pub(super) coded: Option<PdfStream>,
}

impl<'o> ScanFinder<'o> {
    pub(super) fn new(page: Rect, unit: f64, options: &'o OpenOptions, wants: Wants) -> Self {
        Self {
            page,
            unit,
            options,
            wants,
            clips: Vec::new(),
            groups: Vec::new(),
            marks: 0,
            found: None,
            montage: Montage::default(),
        }
    }

    /// Says whether the pictures are going to be decoded.
    pub(super) fn wants_pixels(&self) -> bool {
        self.wants != Wants::Place
    }

    pub(super) const fn options(&self) -> &'o OpenOptions {
        self.options
    }

    /// Gives the scan, `None` when the page is more (or less) than one picture; then the pictures that it is made of, if
    /// it is nothing else.
    pub(super) fn finish(self) -> (Option<Result<Scan, OcrError>>, Option<Vec<Piece>>) {
        if self.marks == 1 && self.found.is_some() { (self.found, None) } else { (None, self.montage.finish()) }
    }

    fn take(&mut self, image: &Image<'_, '_>, transform: Affine) -> Option<Result<Scan, OcrError>> {
        let (width, height) = (image.width(), image.height());
        let orientation = orientation_of(transform)?;
        let area = transform.transform_rect_bbox(Rect::new(0.0, 0.0, f64::from(width), f64::from(height)));
        if !self.is_whole_page(area) || !self.shows_all_of(area) {
            return None;
        }
        if let Err(error) = self.options.check_pixels(width, height) {
            return Some(Err(error));
        }
        let size = orientation.upright_size((width, height));
        if self.wants == Wants::Place {
            return Some(Ok(Scan { area, size, raster: None, orientation, coded: None }));
        }
        let points = [area.width() * self.unit, area.height() * self.unit];
        let dpi = f64::from(size.0) * 72.0 / points[0];
        let raster = decode(image, orientation)?;
        let [across, down] = [f64::from(size.0) / points[0], f64::from(size.1) / points[1]].map(Some);
        let with_densities = |raster: Raster| raster.with_dpi(Some(dpi)).with_densities(across, down);
        let coded = if self.wants == Wants::Code { coded(image) } else { None };
        Some(raster.map(|raster| Scan { area, size, raster: Some(with_densities(raster)), orientation, coded }))
    }

    /// Says whether what lies there is seen as it is, but for what hangs over the edge of the page.
    fn shows_all_of(&self, area: Rect) -> bool {
        let on_page = area.intersect(self.page);
        !self.groups.contains(&false) && self.clips.iter().all(|clip| clip.is_some_and(|clip| covers(clip, on_page)))
    }

    /// A scan may leave a margin of a tenth of the page, and stand over its edge by a hundredth.
    fn is_whole_page(&self, area: Rect) -> bool {
        let (width, height) = (self.page.width(), self.page.height());
        area.width() >= 0.9 * width && area.height() >= 0.9 * height && covers(self.page, area)
    }
}

/// Says whether `outer` holds `inner`, give or take a hundredth.
fn covers(outer: Rect, inner: Rect) -> bool {
    let slack = 0.01 * outer.width().max(outer.height());
    outer.inflate(slack, slack).contains_rect(inner)
}

/// Reads from the matrix (image pixels to points, both y downwards) how the picture lies; `None` when it is skewed.
fn orientation_of(transform: Affine) -> Option<Orientation> {
    let [a, b, c, d, _, _] = transform.as_coeffs();
    let flat = |x: f64, y: f64| x.abs() < 1e-3 * y.abs();
    if flat(b, a) && flat(c, d) {
        return Some(match (a > 0.0, d > 0.0) {
            (true, true) => Orientation::Upright,
            (false, true) => Orientation::FlipHorizontal,
            (true, false) => Orientation::FlipVertical,
            (false, false) => Orientation::Turn180,
        });
    }
    if flat(a, b) && flat(d, c) {
        return Some(match (b > 0.0, c > 0.0) {
            (true, true) => Orientation::Transpose,
            (true, false) => Orientation::Turn90,
            (false, true) => Orientation::Turn270,
            (false, false) => Orientation::Transverse,
        });
    }
    None
}

/// Decodes the picture; `None` when it must be mixed with what is behind it.
fn decode(image: &Image<'_, '_>, orientation: Orientation) -> Option<Result<Raster, OcrError>> {
    const DAMAGED: OcrError = OcrError::unreadable("the picture of the page is damaged or cut off");
    let mut decoded = Some(Err(DAMAGED));
    match image {
        Image::Stencil(stencil) => stencil.with_stencil(
            |mask, paint| {
                let ink = match paint {
                    Paint::Color(color) => color.to_rgba().to_rgba8(),
                    Paint::Pattern(_) => [255; 4],
                };
                // dark ink on white paper is a scan; anything else must be drawn
                decoded = if ink[..3].iter().all(|&value| value < 64) && ink[3] == 255 {
                    let gray = mask.data.into_iter().map(|alpha| !alpha).collect();
                    Some(upright(gray, (mask.width, mask.height), 1, orientation))
                } else {
                    None
                };
            },
            None,
        ),
        Image::Raster(raster) => {
            let shown = shown_as_it_is(raster.stream(), orientation);
            // the renderer takes data that it can't decode for pixels
            if matches!(shown, Shown::CutOff) || has_unknown_filter(raster.stream()) {
                return Some(Err(DAMAGED));
            }
            raster.with_rgba(
                |image, alpha| {
                    let size = (image.width(), image.height());
                    let pixels = match (image, alpha) {
                        (_, Some(_)) => None,
                        (ImageData::Luma(luma), None) => Some(upright(luma.data, size, 1, orientation)),
                        (ImageData::Rgb(rgb), None) => Some(upright(rgb.data, size, 3, orientation)),
                    };
                    decoded = pixels.map(|raster| raster.map(|raster| attach(raster, shown)));
                },
                None,
            );
        }
    }
    decoded
}

fn coded(image: &Image<'_, '_>) -> Option<PdfStream> {
    match image {
        Image::Stencil(stencil) => take_coded(stencil.stream(), Role::InkOnPaper),
        Image::Raster(raster) => take_coded(raster.stream(), Role::Picture),
    }
}

fn upright(bytes: Vec<u8>, size: (u32, u32), channels: usize, orientation: Orientation) -> Result<Raster, OcrError> {
    let (size, bytes) = orientation.apply(size, channels, bytes);
    Raster::from_bytes(size, channels, bytes)
}

fn attach(mut raster: Raster, shown: Shown) -> Raster {
    if let Shown::Jpeg { width, height, bytes } = shown
        && (width, height) == (raster.width, raster.height)
    {
        raster.encoded = Some(EncodedImage { media_type: "image/jpeg".into(), bytes });
    }
    raster
}

fn is_white(paint: &Paint<'_>) -> bool {
    matches!(paint, Paint::Color(color) if color.to_rgba().to_rgba8()[..3] == [255; 3])
}

impl<'a> Device<'a> for ScanFinder<'_> {
    fn draw_path(&mut self, _: &BezPath, props: DrawProps<'a>, mode: &DrawMode) {
        // white laid under the picture is paper
        let is_paper = self.marks == 0 && is_white(&props.paint);
        if !is_paper && !matches!(mode, DrawMode::Invisible) {
            self.marks += 1;
            self.montage.spoil();
        }
    }

    fn push_clip_path(&mut self, clip: &ClipPath) {
        let bounds = clip.path.bounding_box();
        let is_rectangle = (clip.path.area().abs() - bounds.area()).abs() <= 0.01 * bounds.area();
        self.clips.push(is_rectangle.then_some(bounds));
    }

    fn push_clip_rect(&mut self, rect: &Rect) {
        self.clips.push(Some(*rect));
    }

    fn push_transparency_group(&mut self, opacity: f32, mask: Option<SoftMask<'a>>, blend_mode: BlendMode) {
        self.groups.push(opacity >= 1.0 && mask.is_none() && blend_mode == BlendMode::Normal);
    }

    fn draw_glyph_run(&mut self, _: &GlyphRun<'_, 'a>, _: DrawProps<'a>, mode: &DrawMode) {
        // an older text layer is no part of what one sees
        if !matches!(mode, DrawMode::Invisible) {
            self.marks += 1;
            self.montage.spoil();
        }
    }

    fn draw_image(&mut self, image: Image<'a, '_>, props: ImageDrawProps<'a>) {
        self.marks += 1;
        let is_plain = props.soft_mask.is_none() && props.blend_mode == BlendMode::Normal;
        if self.marks == 1 && is_plain {
            self.found = self.take(&image, props.transform);
        }
        if self.wants == Wants::Code {
            let size = (f64::from(image.width()), f64::from(image.height()));
            let area = props.transform.transform_rect_bbox(Rect::from_origin_size((0.0, 0.0), size));
            match is_plain && self.shows_all_of(area) {
                true => self.montage.add(&image, props.transform),
                false => self.montage.spoil(),
            }
        }
    }

    fn pop_clip(&mut self) {
        self.clips.pop();
    }

    fn pop_transparency_group(&mut self) {
        self.groups.pop();
    }
}
