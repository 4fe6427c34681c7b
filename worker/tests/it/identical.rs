//! The sandbox changes nothing in what is read.

use std::{fs, path::Path, process::Command};

use untxt_ocr::{Document, OpenOptions, searchable_pdf};

/// Pages made for the tests of the reader: every kind of file, some in rare variants.
fn pages() -> impl Iterator<Item = String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ocr/tests/pages");
    let files = fs::read_dir(folder).expect("the pages").map(|entry| entry.expect("a file").path());
    let files = files.map(|path| path.to_string_lossy().into_owned());
    let is_meant = |path: &String| ["/letter.", "/rare-", "/coded-", "/codes"].iter().any(|name| path.contains(name));
    files.filter(move |path| is_meant(path) && !path.ends_with(".txt") && !path.ends_with(".json"))
}

#[test]
fn pages_are_read_alike_in_and_out_of_the_sandbox() {
    let mut files: Vec<_> = pages().collect();
    files.sort();
    let letter = files.iter().find(|path| path.ends_with("letter.jpg")).expect("the letter");
    let letter = Document::open(fs::read(letter).expect("read"), &OpenOptions::default()).expect("opened");
    let pdf = tempfile::Builder::new().suffix(".pdf").tempfile().expect("a file");
    fs::write(&pdf, searchable_pdf(&letter, &[None]).expect("a PDF").bytes).expect("written");
    files.push(pdf.path().to_string_lossy().into_owned());
    let mut compare = Command::new(env!("CARGO_BIN_EXE_untxt-fault-child"));
    // as in the child
    compare.arg("compare").args(&files).env("OMP_THREAD_LIMIT", "1");
    let output = compare.output().expect("run");
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{report}");
    assert_eq!(report.matches("same ").count(), files.len(), "{report}");
    assert!(files.len() > 15 && !report.contains("same 0 pages"), "all were read: {report}");
}
