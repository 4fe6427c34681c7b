use serde_json::Value;
use untxt_ocr::PageContent;

use crate::sample::{open, pipeline};

const PAGES: [(&str, &[u8]); 5] = [
    ("table-ruled.png", include_bytes!("../pages/table-ruled.png")),
    ("table-open.png", include_bytes!("../pages/table-open.png")),
    ("table-skewed.png", include_bytes!("../pages/table-skewed.png")),
    ("table-plain.png", include_bytes!("../pages/table-plain.png")),
    ("table-plain-skewed.png", include_bytes!("../pages/table-plain-skewed.png")),
];

/// Counts cells that were found where they are with what they say, and all there are.
fn count_cells(page: &PageContent, truth: &Value) -> (usize, usize) {
    let [table] = page.tables.as_slice() else { panic!("{} has {} tables", truth["file"], page.tables.len()) };
    assert_eq!((truth["rows"].clone(), truth["columns"].clone()), (table.rows.into(), table.columns.into()));
    let cells = truth["cells"].as_array().unwrap();
    let is_found = |want: &&Value| {
        let [row, column, rows, columns] = [0, 1, 2, 3].map(|at| want[at].as_u64().unwrap());
        table.cells.iter().any(|cell| {
            let place = [cell.row, cell.column, cell.row_span, cell.column_span].map(u64::from);
            place == [row, column, rows, columns] && cell.text == want[4]
        })
    };
    let found = cells.iter().filter(is_found).count();
    (found, cells.len())
}

#[test]
fn tables_come_back_cell_by_cell() {
    let truths: Value = serde_json::from_slice(include_bytes!("../pages/tables.json")).unwrap();
    let mut pipeline = pipeline();
    let (mut found, mut all) = (0, 0);
    for (truth, (name, bytes)) in truths.as_array().unwrap().iter().zip(PAGES) {
        assert_eq!(truth["file"], name);
        let page = pipeline.read_text(&open(bytes), 0).unwrap();
        let (hits, cells) = count_cells(&page, truth);
        assert!(hits * 10 >= cells * 8, "{name}: {hits} of {cells} cells");
        found += hits;
        all += cells;
        // what stands around a table stays outside, and each of its words is in one cell
        assert!(page.text.starts_with("The station keeps"), "{}", page.text);
        let cells = page.tables[0].cells.iter();
        assert!(cells.flat_map(|cell| &cell.words).all(|&word| !page.words[word as usize].text.starts_with("instr")));
    }
    assert!(found * 100 >= all * 95, "{found} of {all} cells");
}

#[test]
fn prose_has_no_table() {
    let page = pipeline().read_text(&open(crate::sample::LETTER_PNG), 0).unwrap();
    assert!(page.tables.is_empty());
}
