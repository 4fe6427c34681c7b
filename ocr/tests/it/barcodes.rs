use serde_json::Value;
use untxt_ocr::PageContent;

use crate::sample::{LETTER_PNG, open, pipeline};

const PAGES: [(&str, &[u8]); 2] = [
    ("codes.png", include_bytes!("../pages/codes.png")),
    ("codes-skewed.png", include_bytes!("../pages/codes-skewed.png")),
];
/// Of the height and of the width of the page, in hundredths.
const NEAR: u64 = 4;

/// Says whether the middle of a code is where the truth has it.
fn is_there(page: &PageContent, truth: &Value, bounds: [u32; 4]) -> bool {
    let middle = |at: usize| (truth["box"][at].as_u64().unwrap() + truth["box"][at + 2].as_u64().unwrap()) / 2;
    let found = |at: usize| u64::from(bounds[at].midpoint(bounds[at + 2]));
    [page.width, page.height]
        .iter()
        .enumerate()
        .all(|(at, side)| middle(at).abs_diff(found(at)) * 100 <= u64::from(*side) * NEAR)
}

#[test]
fn codes_among_text_come_back_with_value_and_place() {
    let truths: Value = serde_json::from_slice(include_bytes!("../pages/codes.json")).unwrap();
    let mut pipeline = pipeline();
    for (truth, (name, bytes)) in truths.as_array().unwrap().iter().zip(PAGES) {
        assert_eq!(truth["file"], name);
        let page = pipeline.read_text(&open(bytes), 0).unwrap();
        for code in truth["codes"].as_array().unwrap() {
            let found = page.barcodes.iter().find(|found| code["value"] == found.value.as_str());
            let found = found.unwrap_or_else(|| panic!("{name} misses {code}"));
            assert_eq!(code["format"], found.format.as_str(), "{name}");
            // the page is turned about its middle, so places move a little
            let is_level = name == "codes.png";
            assert!(!is_level || is_there(&page, code, found.bounds), "{code} is at {:?}", found.bounds);
        }
        assert_eq!(page.barcodes.len(), truth["codes"].as_array().unwrap().len(), "{:?}", page.barcodes);
        assert!(page.barcodes.windows(2).all(|pair| pair[0].bounds[1] <= pair[1].bounds[1]));
        // bars are no words and no table; what stands around them is
        assert!(page.tables.is_empty(), "{name}");
        let text = page.text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.starts_with("Please keep this sheet with the parcel"), "{name}: {text}");
        assert!(text.ends_with("back to the office of the island."), "{name}: {text}");
        assert!(text.contains("4006381333931"), "{name}: {text}");
        // 70 are printed; a few more may be what bars look like at the edge of a code
        assert!(page.words.len() <= 75, "{name}: {text}");
    }
}

#[test]
fn text_has_no_codes() {
    let mut pipeline = pipeline();
    let table: &[u8] = include_bytes!("../pages/table-ruled.png");
    for page in [LETTER_PNG, table] {
        assert_eq!(pipeline.read_text(&open(page), 0).unwrap().barcodes, []);
    }
}
