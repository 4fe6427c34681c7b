use super::gray::{Gray, round};
use crate::{OcrError, Raster};

/// Makes the pixels of a page square, at its finer resolution. Gives `None` when they are already.
///
/// On when the file says that they aren't: letters of a standard fax (204 x 98 dots an inch) are half as high as they
/// should be; drawn pages of this kind are read with word F 93 instead of 81.
///
/// # Errors
/// [`OcrError::Engine`] when the page has a size that can't be scaled.
pub(crate) fn square_pixels(page: &Raster) -> Result<Option<Raster>, OcrError> {
    let ratio = page.pixel_height;
    if (ratio - 1.0).abs() < f64::EPSILON {
        return Ok(None);
    }
    let size = |side: u32, factor: f64| round(f64::from(side) * factor.max(1.0));
    let square = Gray::from_raster(page).resize(size(page.width, 1.0 / ratio), size(page.height, ratio))?;
    Ok(Some(Raster { pixel_height: 1.0, ..square.into_raster(page, 1.0) }))
}
