//! Our files in the hands of programs that we did not write: the ALTO schema itself, and `hocr-check`.

use std::{path::Path, process::Command};

use untxt_page::{PageContent, formats::Format};

use crate::sample::{hostile, letter, write_text};

/// Runs a check on the files of some documents; gives what it says against them, nothing when they are right.
fn check(script: &str, format: Format, documents: &[Vec<Option<PageContent>>]) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/peers/run"));
    command.env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap()).arg(script);
    for (number, pages) in (0..).zip(documents) {
        let path = folder.path().join(format!("{number}.{}", format.extension()));
        std::fs::write(&path, write_text(format, pages)).unwrap();
        command.arg(path);
    }
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (!output.status.success()).then(|| String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn alto_fits_its_schema() {
    let empty = PageContent::default();
    let documents = [vec![Some(letter()), None, Some(letter())], vec![Some(hostile())], vec![Some(empty)], vec![None]];
    assert_eq!(check("alto.py", Format::Alto, &documents), None);
}

#[test]
fn hocr_passes_its_check() {
    // it measures overlaps over all pages at once, so one page each
    assert_eq!(check("hocr.py", Format::Hocr, &[vec![Some(letter())], vec![Some(PageContent::default())]]), None);
}

#[test]
fn the_checks_find_what_is_wrong() {
    assert!(check("alto.py", Format::Hocr, &[vec![None]]).is_some());
    assert!(check("hocr.py", Format::Alto, &[vec![Some(letter())]]).unwrap().contains("not ok"));
}
