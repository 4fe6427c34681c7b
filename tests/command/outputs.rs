//! Where results go, and what becomes of those that can't.

use std::{
    fs::{self, File},
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Stdio},
};

use tempfile::TempDir;

use crate::{A_WORD, assert_ends, folder_with, letter, ocr};

fn path(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).to_str().unwrap().to_owned()
}

fn text(path: impl AsRef<Path>) -> String {
    fs::read_to_string(path).unwrap()
}

fn names(folder: impl AsRef<Path>) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn every_input_has_a_result_of_its_own() {
    let scan = letter("png");
    let scans = folder_with(&[("b.png", &scan), ("other/b.png", &scan), ("b.png-2.jpg", &scan)]);
    let at = |name: &str| path(&scans, name);
    let inputs = [at("b.png"), at("other/b.png"), at("b.png-2.jpg")];
    let mut command = ocr(&["--lang", "en", "-o", &at("results/")]);
    assert_ends(&command.args(inputs).output().unwrap(), 0);
    let results = names(at("results"));
    assert_eq!(results, ["b.png-2.jpg.txt", "b.png-2.txt", "b.png.txt"]);
    for name in results {
        assert!(text(scans.path().join("results").join(&name)).contains(A_WORD), "{name}");
    }
}

#[test]
fn a_format_takes_no_name_of_another() {
    let scan = letter("png");
    let scans = folder_with(&[("a.png", &scan), ("a.layout.png", &scan)]);
    let at = |name: &str| path(&scans, name);
    let output = ocr(&[&at("a.png"), &at("a.layout.png"), "-f", "txt,layout", "--lang", "en", "-o", &at("results")]);
    assert_ends(&{ output }.output().unwrap(), 0);
    let expected = ["a.layout.png.layout.txt", "a.layout.png.txt", "a.layout.txt", "a.txt"];
    assert_eq!(names(at("results")), expected);
}

#[test]
fn links_and_open_files_are_written_through() {
    let folder = folder_with(&[("a.png", &letter("png"))]);
    let at = |name: &str| path(&folder, name);
    fs::create_dir(at("far")).unwrap();
    fs::write(at("far/a.txt"), "old").unwrap();
    symlink("far/a.txt", at("link.txt")).unwrap();
    assert_ends(&ocr(&[&at("a.png"), "--lang", "en", "-o", &at("link.txt")]).output().unwrap(), 0);
    assert!(fs::symlink_metadata(at("link.txt")).unwrap().is_symlink());
    assert!(text(at("far/a.txt")).contains(A_WORD));

    fs::write(at("log"), "before\n").unwrap();
    let log = File::options().append(true).open(at("log")).unwrap();
    let status = ocr(&[&at("a.png"), "--lang", "en", "-o", "/dev/stdout"]).stdout(log).status().unwrap();
    assert_eq!(status.code(), Some(0));
    assert!(text(at("log")).starts_with("before\n") && text(at("log")).contains(A_WORD));
    assert_eq!(names(folder.path()), ["a.png", "far", "link.txt", "log"], "nothing is left");
}

#[test]
fn a_result_that_cannot_be_had_stops_no_other() {
    let scan = letter("png");
    let folder = folder_with(&[("a.png", &scan), ("b.png", &scan)]);
    let at = |name: &str| path(&folder, name);
    fs::create_dir_all(at("results/a.txt")).unwrap();
    let output = ocr(&[&at("a.png"), &at("b.png"), "--lang", "en", "-o", &at("results")]).output().unwrap();
    assert_ends(&output, 3);
    assert!(String::from_utf8(output.stderr).unwrap().contains("a.txt can't be written"));
    assert!(text(at("results/b.txt")).contains(A_WORD));
}

#[test]
fn a_pdf_becomes_pdf_a() {
    let folder = folder_with(&[("a.png", &letter("png"))]);
    let at = |name: &str| path(&folder, name);
    assert_ends(&ocr(&[&at("a.png"), "--lang", "en", "-f", "pdf", "-o", &at("c.pdf")]).output().unwrap(), 0);
    let output = ocr(&[&at("c.pdf"), "--lang", "en", "-f", "txt,pdfa", "-o", &at("both/")]).output().unwrap();
    assert_ends(&output, 0);
    assert!(output.stderr.is_empty(), "a scan stays as it is");
    assert_eq!(names(at("both")), ["c.pdfa.pdf", "c.txt"]);
}

#[test]
fn a_file_that_grows_too_large_leaves_nothing() {
    let folder = folder_with(&[("a.png", &letter("png"))]);
    let at = |name: &str| path(&folder, name);
    let limited = "ulimit -f 1; exec \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", limited, "sh", env!("CARGO_BIN_EXE_untxt"), "ocr", &at("a.png"), "--lang", "en"]);
    let output = command.args(["-f", "txt,pdf", "-o", &at("results/")]).output().unwrap();
    assert_ends(&output, 3);
    assert!(String::from_utf8(output.stderr).unwrap().contains("a.pdf can't be written: file too large"));
    assert_eq!(names(at("results")), ["a.txt"]);
}

#[test]
fn nothing_is_read_for_nobody() {
    let scan = letter("png");
    let folder = folder_with(&[("a.png", &scan)]);
    let at = |name: &str| path(&folder, name);
    let mut command = ocr(&[&at("a.png"), &at("b.png"), "--lang", "en", "-j", "1"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_ends(&output, 141);
    // the second, which isn't there, is never opened
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "it ends without a word, as others do");
}

#[test]
fn a_name_steers_no_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().join("a\u{1b}[2J\n\u{202e}b.pdf");
    fs::write(&name, "nothing").unwrap();
    let output = ocr(&[name.to_str().unwrap()]).output().unwrap();
    assert_ends(&output, 1);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(r"a\u{1b}[2J\n\u{202e}b.pdf: ") && said.lines().count() == 1, "{said}");
    assert!(!said.contains(['\u{1b}', '\u{202e}']));
}
