//! Documents made on the spot.

use std::io::Cursor;

use tiff::encoder::{TiffEncoder, colortype::Gray8};

/// What the bad engine of `fault_child` does with a page of this width.
pub(crate) mod width {
    pub(crate) const GOOD: u32 = 320;
    pub(crate) const PANICS: u32 = 301;
    pub(crate) const HANGS: u32 = 302;
    pub(crate) const EATS_MEMORY: u32 = 303;
    pub(crate) const OVERFLOWS: u32 = 304;
    pub(crate) const ABORTS: u32 = 305;
    pub(crate) const GIVES_UP: u32 = 306;
    pub(crate) const TELLS_ENVIRONMENT: u32 = 307;
    pub(crate) const SLOW: u32 = 308;
    pub(crate) const TRIES_TO_GET_OUT: u32 = 309;
    pub(crate) const LEAKS: u32 = 310;
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

/// Makes a PDF of one page that asks for a password.
pub(crate) fn encrypted_pdf() -> Vec<u8> {
    let secret = "ab".repeat(32);
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>".to_owned(),
        format!("<</Filter/Standard/V 1/R 2/O<{secret}>/U<{secret}>/P -4>>"),
    ];
    let mut file = b"%PDF-1.4\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (index, object) in objects.iter().enumerate() {
        table.push_str(&format!("{:010} 00000 n \n", file.len()));
        file.extend(format!("{} 0 obj\n{object}\nendobj\n", index + 1).into_bytes());
    }
    let begin = file.len();
    let id = "00".repeat(16);
    let trailer = format!(
        "trailer\n<</Size {}/Root 1 0 R/Encrypt 4 0 R/ID[<{id}><{id}>]>>\nstartxref\n{begin}\n%%EOF\n",
        objects.len() + 1
    );
    file.extend(table.into_bytes());
    file.extend(trailer.into_bytes());
    file
}
