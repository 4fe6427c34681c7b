use hayro::{
    hayro_interpret::{Image, Paint},
    kurbo::Affine,
};
use lopdf::Stream as PdfStream;

use super::coded::{Role, take_coded};

/// Pictures that a page may be made of: scans in stripes have some hundred.
const MAX_PIECES: usize = 500;

/// A picture among those that a page is made of.
#[derive(Debug)]
pub(crate) struct Piece {
    /// As the file codes it, and such that an archive may hold it.
    pub(crate) coded: PdfStream,
    /// From the unit square of a picture in a PDF to points on the upright page, origin top left, y downwards.
    pub(crate) place: Affine,
    /// What a stencil is painted with: red, green and blue.
    pub(crate) ink: Option<[u8; 3]>,
}

/// The pictures that a page draws, one on the other.
#[derive(Debug, Default)]
pub(super) struct Montage {
    pieces: Vec<Piece>,
    is_spoilt: bool,
}

impl Montage {
    /// Notes that the page is more than pictures.
    pub(super) fn spoil(&mut self) {
        self.is_spoilt = true;
        self.pieces.clear();
    }

    /// Adds a picture; `transform` leads from its pixels (y downwards) to the page.
    pub(super) fn add(&mut self, image: &Image<'_, '_>, transform: Affine) {
        if self.is_spoilt {
            return;
        }
        let (width, height) = (f64::from(image.width()), f64::from(image.height()));
        let place = transform * Affine::new([width, 0.0, 0.0, -height, 0.0, height]);
        let piece = match image {
            Image::Stencil(stencil) => take_coded(stencil.stream(), Role::Stencil)
                .zip(ink_of(image))
                .map(|(coded, ink)| Piece { coded, place, ink: Some(ink) }),
            Image::Raster(raster) => {
                take_coded(raster.stream(), Role::Layer).map(|coded| Piece { coded, place, ink: None })
            }
        };
        match piece.filter(|_| self.pieces.len() < MAX_PIECES) {
            Some(piece) => self.pieces.push(piece),
            None => self.spoil(),
        }
    }

    /// Gives them in the order in which they are drawn; `None` when the page is more, or nothing.
    pub(super) fn finish(self) -> Option<Vec<Piece>> {
        (!self.is_spoilt && !self.pieces.is_empty()).then_some(self.pieces)
    }
}

/// Gives what a stencil is painted with, when that is a colour that hides what is below.
fn ink_of(image: &Image<'_, '_>) -> Option<[u8; 3]> {
    let Image::Stencil(stencil) = image else { return None };
    let mut ink = None;
    stencil.with_stencil(
        |_, paint| {
            if let Paint::Color(color) = paint
                && let [red, green, blue, 255] = color.to_rgba().to_rgba8()
            {
                ink = Some([red, green, blue]);
            }
        },
        None,
    );
    ink
}
