//! Documents made on the spot.

use std::io::Cursor;

use tiff::encoder::{TiffEncoder, colortype::Gray8};

/// What the bad engine of `fault_child.rs` does with a page of this width.
pub(crate) mod width {
    pub(crate) const GOOD: u32 = 320;
    pub(crate) const PANICS: u32 = 301;
    pub(crate) const HANGS: u32 = 302;
    pub(crate) const EATS_MEMORY: u32 = 303;
    pub(crate) const KILLS_ITSELF: u32 = 304;
    pub(crate) const ABORTS: u32 = 305;
    pub(crate) const GIVES_UP: u32 = 306;
    pub(crate) const TELLS_ENVIRONMENT: u32 = 307;
    pub(crate) const SLOW: u32 = 308;
}

/// Makes a TIFF with one page of each width, with a grey ramp so that no page is blank.
pub(crate) fn tiff_of(widths: &[u32]) -> Vec<u8> {
    const HEIGHT: u32 = 60;
    let mut file = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut file).expect("an encoder");
    for &width in widths {
        let ramp: Vec<u8> = (0..width * HEIGHT).map(|pixel| u8::try_from(pixel % 251).expect("a byte")).collect();
        encoder.write_image::<Gray8>(width, HEIGHT, &ramp).expect("a page");
    }
    file.into_inner()
}
