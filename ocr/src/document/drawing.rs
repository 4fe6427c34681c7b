use std::ops::RangeInclusive;

use hayro::{
    RenderCache, RenderSettings,
    hayro_interpret::{InterpreterSettings, TransformExt},
    hayro_syntax::page::Page,
    kurbo::{Affine, Rect},
    render_into,
    vello_cpu::{Pixmap, RasterizerSettings, RenderContext, Resources, TargetInit, color::palette::css::WHITE},
};

use super::OpenOptions;
use crate::{OcrError, Raster, raster::luma};

/// Drawn pages get this resolution: what Tesseract was trained near, and what scanners use.
const RENDER_DPI: f64 = 300.0;
/// Drawn pages are never larger: an A2 sheet at 300 dpi; a poster gets fewer dots per inch.
const MAX_RENDER_PIXELS: f64 = 36_000_000.0;

/// Gives how many points a unit of the page's coordinates is (ISO 32000-1, table 30); what can't be is one.
pub(super) fn user_unit(page: &Page<'_>) -> f32 {
    const POSSIBLE: RangeInclusive<f32> = 0.01..=1000.0;
    page.raw().get::<f32>("UserUnit").filter(|unit| POSSIBLE.contains(unit)).unwrap_or(1.0)
}

/// Gives the page's sides in units of its coordinates.
pub(super) fn bounds_of(page: &Page<'_>) -> Rect {
    let (width, height) = page.render_dimensions();
    Rect::new(0.0, 0.0, f64::from(width), f64::from(height))
}

/// Draws the page on white.
pub(super) fn render_page<'a>(
    page: &'a Page<'a>,
    options: &OpenOptions,
    cache: &RenderCache<'a>,
    settings: &InterpreterSettings,
) -> Result<Raster, OcrError> {
    let (width_pt, height_pt) = page.render_dimensions();
    let dpi = fitting_dpi(page, options);
    let (width, height) = rendered_size(page, dpi);
    let mut context = RenderContext::new(width, height);
    let fit =
        Affine::scale_non_uniform(f64::from(width) / f64::from(width_pt), f64::from(height) / f64::from(height_pt));
    let transform = fit * page.initial_transform(true).to_kurbo();
    render_into(page, cache, settings, &RenderSettings::default(), &mut context, transform);
    context.flush();
    let mut pixmap = Pixmap::new(width, height);
    let paper = RasterizerSettings { target_init: TargetInit::Clear(WHITE), ..RasterizerSettings::default() };
    context.render_with(&mut pixmap, &mut Resources::default(), paper);
    drop(context);
    let (channels, bytes) = strip_alpha(pixmap.data_as_u8_slice());
    let size = (u32::from(width), u32::from(height));
    Ok(Raster::from_bytes(size, channels, bytes)?.with_dpi(Some(dpi)))
}

pub(super) fn rendered_size(page: &Page<'_>, dpi: f64) -> (u16, u16) {
    let (width, height) = page.render_dimensions();
    let points = f64::from(user_unit(page));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "fitting_dpi keeps sides in 16 bits")]
    let side = |units: f32| (f64::from(units) * points * dpi / 72.0).round().max(1.0) as u16;
    (side(width), side(height))
}

/// Finds the highest resolution up to [`RENDER_DPI`] that keeps the page in its limits.
pub(super) fn fitting_dpi(page: &Page<'_>, options: &OpenOptions) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a limit, not a count")]
    let max_pixels = MAX_RENDER_PIXELS.min(options.max_page_pixels as f64);
    let inch = 72.0 / f64::from(user_unit(page));
    let (width, height) = (bounds_of(page).width() / inch, bounds_of(page).height() / inch);
    let by_area = (max_pixels / (width * height)).sqrt();
    let by_side = 30_000.0 / width.max(height);
    RENDER_DPI.min(by_area).min(by_side)
}

/// Opaque pixels of four bytes to one (when nothing is coloured) or three.
fn strip_alpha(rgba: &[u8]) -> (usize, Vec<u8>) {
    let pixels = rgba.as_chunks::<4>().0;
    // anti-aliased black text may differ by a shade between channels; that is no colour
    let is_gray = pixels.iter().all(|&[r, g, b, _]| r.abs_diff(g) <= 2 && g.abs_diff(b) <= 2);
    if is_gray {
        return (1, pixels.iter().map(|&[r, g, b, _]| luma(&[r, g, b])).collect());
    }
    (3, pixels.iter().flat_map(|&[r, g, b, _]| [r, g, b]).collect())
}
