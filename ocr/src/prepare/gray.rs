use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer, images::Image, images::ImageRef};

use crate::{OcrError, Pixels, Raster};

/// A page as one byte a pixel, 0 is black; rows from top to bottom without padding.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Gray {
    /// Pixels from left to right, at least 1.
    pub(crate) width: usize,
    /// Pixels from top to bottom, at least 1.
    pub(crate) height: usize,
    /// `width * height` bytes.
    pub(crate) pixels: Vec<u8>,
}

impl std::fmt::Debug for Gray {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Gray({} x {})", self.width, self.height)
    }
}

/// A box in pixels: left, top, right, bottom; right and bottom are exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Area {
    pub(crate) left: usize,
    pub(crate) top: usize,
    pub(crate) right: usize,
    pub(crate) bottom: usize,
}

impl Area {
    pub(crate) const fn width(&self) -> usize {
        self.right.saturating_sub(self.left)
    }

    pub(crate) const fn height(&self) -> usize {
        self.bottom.saturating_sub(self.top)
    }

    /// Gives the smallest box around both.
    pub(crate) fn union(&self, other: &Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    /// Gives the rows that both have in common.
    pub(crate) fn shared_height(&self, other: &Self) -> usize {
        self.bottom.min(other.bottom).saturating_sub(self.top.max(other.top))
    }
}

impl Gray {
    /// Takes the brightness of a page.
    pub(crate) fn from_raster(raster: &Raster) -> Self {
        Self { width: raster.width as usize, height: raster.height as usize, pixels: raster.to_gray().into_owned() }
    }

    /// Makes a page of the same resolution, times `scale`, as `like`.
    pub(crate) fn into_raster(self, like: &Raster, scale: f64) -> Raster {
        let size = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
        let dpi = round(f64::from(like.dpi) * scale).max(1);
        Raster {
            width: size(self.width),
            height: size(self.height),
            dpi: size(dpi),
            is_dpi_known: like.is_dpi_known,
            pixel_height: like.pixel_height,
            pixels: Pixels::Gray8(self.pixels),
            encoded: None,
            is_damaged: like.is_damaged,
        }
    }

    /// Gives row `y`, from 0.
    pub(crate) fn row(&self, y: usize) -> &[u8] {
        &self.pixels[y * self.width..(y + 1) * self.width]
    }

    /// Makes a page of another size: averaged when smaller, bicubic (Catmull-Rom) when larger.
    ///
    /// # Errors
    /// [`OcrError::Engine`] when a size is one that no picture can have.
    pub(crate) fn resize(&self, width: usize, height: usize) -> Result<Self, OcrError> {
        const REFUSED: OcrError = OcrError::engine("the page can't be scaled");
        let size = |side: usize| u32::try_from(side).map_err(|_| REFUSED);
        let source = ImageRef::new(size(self.width)?, size(self.height)?, &self.pixels, PixelType::U8);
        let mut target = Image::new(size(width)?, size(height)?, PixelType::U8);
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom));
        Resizer::new().resize(&source.map_err(|_| REFUSED)?, &mut target, &options).map_err(|_| REFUSED)?;
        Ok(Self { width, height, pixels: target.into_vec() })
    }

    /// Cuts a box out and puts `margin` white pixels around it.
    pub(crate) fn cut(&self, area: &Area, margin: usize) -> Self {
        let (right, bottom) = (area.right.min(self.width), area.bottom.min(self.height));
        let (left, top) = (area.left.min(right), area.top.min(bottom));
        let (width, height) = (right - left + 2 * margin, bottom - top + 2 * margin);
        let mut pixels = vec![0xff; width * height];
        for y in top..bottom {
            let to = (y - top + margin) * width + margin;
            pixels[to..to + right - left].copy_from_slice(&self.row(y)[left..right]);
        }
        Self { width, height, pixels }
    }

    /// Counts how often each brightness occurs.
    pub(crate) fn histogram(&self) -> [usize; 256] {
        let mut counts = [0; 256];
        for &value in &self.pixels {
            counts[usize::from(value)] += 1;
        }
        counts
    }
}

/// Rounds to the nearest whole number, negative ones to 0.
pub(crate) fn round(value: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative; too large saturates")]
    let whole = value.max(0.0).round() as usize;
    whole
}

/// Makes a brightness of a number, the nearest from 0 to 255.
pub(crate) fn brightness(value: f64) -> u8 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0 to 255")]
    let byte = value.round().clamp(0.0, 255.0) as u8;
    byte
}

/// Finds the brightness below which lies `fraction` (0.0 to 1.0) of what `counts` counted.
pub(crate) fn percentile(counts: &[usize; 256], fraction: f64) -> u8 {
    let total: usize = counts.iter().sum();
    let wanted = round(total as f64 * fraction);
    let mut sum = 0;
    for (value, &count) in (0..=255).zip(counts) {
        sum += count;
        if sum >= wanted && sum > 0 {
            return value;
        }
    }
    255
}

/// Finds the brightness that parts dark from light best (Otsu 1979): below it is dark.
pub(crate) fn otsu(counts: &[usize; 256]) -> u8 {
    let total: f64 = counts.iter().sum::<usize>() as f64;
    let sum: f64 = counts.iter().enumerate().map(|(value, &count)| value as f64 * count as f64).sum();
    let (mut best, mut threshold) = (0.0, 128);
    let (mut dark, mut dark_sum) = (0.0, 0.0);
    for (value, &count) in (0..=254_u8).zip(counts) {
        dark += count as f64;
        dark_sum += f64::from(value) * count as f64;
        let light = total - dark;
        if dark == 0.0 || light == 0.0 {
            continue;
        }
        let between = dark * light * (dark_sum / dark - (sum - dark_sum) / light).powi(2);
        if between > best {
            (best, threshold) = (between, value + 1);
        }
    }
    threshold
}
