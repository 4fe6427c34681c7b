use std::{path::Path, process::Command};

use lopdf::{Dictionary, Document as Pdf, Object, Stream, dictionary};
use untxt_ocr::{Document, LanguageData, OpenOptions, PageContent, Pipeline, TesseractEngine};

/// The text of every golden page.
pub(crate) const LETTER: &str = include_str!("../pages/letter.txt");
pub(crate) const LETTER_JPG: &[u8] = include_bytes!("../pages/letter.jpg");
pub(crate) const LETTER_PNG: &[u8] = include_bytes!("../pages/letter.png");
pub(crate) const LETTER_SIZE: (u32, u32) = (1000, 480);

pub(crate) fn open(bytes: impl Into<Vec<u8>>) -> Document {
    Document::open(bytes.into(), &OpenOptions::default()).unwrap()
}

pub(crate) fn pipeline() -> Pipeline<TesseractEngine> {
    Pipeline::new(TesseractEngine::new("eng", &LanguageData::find(None).unwrap()).unwrap())
}

/// Reads all pages; `None` for one that failed.
pub(crate) fn read_all(document: &Document) -> Vec<Option<PageContent>> {
    let mut pipeline = pipeline();
    (0..document.page_count()).map(|index| pipeline.read_text(document, index).ok()).collect()
}

/// Counts the words of the letter that are missing or different in `text`, in parts of all its words.
pub(crate) fn word_error_rate(text: &str) -> f64 {
    let want: Vec<&str> = LETTER.split_whitespace().collect();
    let got: Vec<&str> = text.split_whitespace().collect();
    // Levenshtein over words, one row at a time
    let mut row: Vec<usize> = (0..=got.len()).collect();
    for (i, wanted) in want.iter().enumerate() {
        let mut corner = std::mem::replace(&mut row[0], i + 1);
        for (j, word) in got.iter().enumerate() {
            let best = (corner + usize::from(wanted != word)).min(row[j] + 1).min(row[j + 1] + 1);
            corner = std::mem::replace(&mut row[j + 1], best);
        }
    }
    row[got.len()] as f64 / want.len() as f64
}

#[track_caller]
pub(crate) fn assert_is_letter(text: &str) {
    let rate = word_error_rate(text);
    assert!(rate <= 0.05, "word error rate {rate}: {text}");
}

/// A page of a PDF that is one JPEG.
#[derive(Clone)]
pub(crate) struct ScanPage {
    pub(crate) jpeg: Vec<u8>,
    /// Drawn in front of the picture.
    pub(crate) before: &'static str,
    /// Drawn behind it.
    pub(crate) after: &'static str,
    /// More entries of the page.
    pub(crate) entries: Dictionary,
    pub(crate) matrix: &'static str,
}

/// Points of the letter at 200 dpi.
pub(crate) const PAGE_BOX: [i64; 4] = [0, 0, 360, 173];

impl ScanPage {
    pub(crate) fn new() -> Self {
        Self {
            jpeg: LETTER_JPG.to_vec(),
            before: "",
            after: "",
            entries: dictionary! { "MediaBox" => PAGE_BOX.map(Object::from).to_vec() },
            matrix: "360 0 0 172.8 0 0",
        }
    }
}

/// Makes a PDF of scanned pages whose fonts and pictures are inherited from the page tree.
pub(crate) fn scan_pdf(pages: &[ScanPage]) -> Vec<u8> {
    let mut pdf = Pdf::with_version("1.5");
    let tree = pdf.new_object_id();
    let mut pictures = Dictionary::new();
    let mut kids = Vec::new();
    for (number, page) in pages.iter().enumerate() {
        let image = dictionary! {
            "Type" => "XObject", "Subtype" => "Image", "Width" => i64::from(LETTER_SIZE.0),
            "Height" => i64::from(LETTER_SIZE.1), "ColorSpace" => "DeviceRGB", "BitsPerComponent" => 8,
            "Filter" => "DCTDecode",
        };
        let image = pdf.add_object(Stream::new(image, page.jpeg.clone()).with_compression(false));
        pictures.set(format!("Scan{number}"), image);
        let content = format!("{} q {} cm /Scan{number} Do Q {}", page.before, page.matrix, page.after);
        let content = pdf.add_object(Stream::new(Dictionary::new(), content.into_bytes()));
        let mut entries = dictionary! { "Type" => "Page", "Parent" => tree, "Contents" => content };
        entries.extend(&page.entries);
        kids.push(pdf.add_object(entries).into());
    }
    let font = dictionary! { "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica" };
    let resources = dictionary! { "XObject" => pictures, "Font" => dictionary! { "F" => font } };
    let count = kids.len() as i64;
    pdf.set_object(tree, dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => count, "Resources" => resources });
    let catalog = pdf.add_object(dictionary! { "Type" => "Catalog", "Pages" => tree });
    pdf.trailer.set("Root", catalog);
    save(pdf)
}

pub(crate) fn save(mut pdf: Pdf) -> Vec<u8> {
    let mut bytes = Vec::new();
    pdf.save_to(&mut bytes).unwrap();
    bytes
}

/// Runs a tool on a PDF and gives what it says; fails when it fails.
#[track_caller]
pub(crate) fn run_tool(program: &str, args: &[&str], pdf: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in.pdf");
    std::fs::write(&path, pdf).unwrap();
    let with_path = |arg: &&str| if *arg == "FILE" { path.clone() } else { Path::new(arg).to_owned() };
    let output = Command::new(program).args(args.iter().map(with_path)).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{program}: {out}{err}");
    out.into_owned()
}
