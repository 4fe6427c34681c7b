//! `untxt ocr` as a person and a program use it.

#![expect(clippy::unwrap_used, reason = "a test that can't go on should fail")]

mod audit;
mod outputs;

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

const A_WORD: &str = "harbour";

fn letter(extension: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("ocr/tests/pages/letter").with_extension(extension)
}

fn ocr(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_untxt"));
    command.arg("ocr").args(args).stdin(Stdio::null());
    command
}

fn folder_with(files: &[(&str, &Path)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, source) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::copy(source, path).unwrap();
    }
    folder
}

#[track_caller]
fn assert_ends(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_file_gives_its_text_to_standard_output() {
    let path = letter("png");
    let output = ocr(&[path.to_str().unwrap()]).output().unwrap();
    assert_ends(&output, 0);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains(A_WORD), "{text}");
    assert!(output.stderr.is_empty(), "no bar where nobody watches");

    let again = ocr(&["-", "--lang", "eng"]).stdin(File::open(path).unwrap()).output().unwrap();
    assert_ends(&again, 0);
    assert_eq!(String::from_utf8(again.stdout).unwrap(), text, "from standard input the same");
}

#[test]
fn a_folder_gives_every_format_in_one_pass() {
    let scans = folder_with(&[("a.png", &letter("png")), ("more/b.jpg", &letter("jpg"))]);
    let results = tempfile::tempdir().unwrap();
    let to = results.path().to_str().unwrap();
    let formats = "txt,layout,md,docx,csv,xlsx,json,tsv,hocr,alto,pdf,pdfa";
    let output = ocr(&[scans.path().to_str().unwrap(), "-f", formats, "-o", to]).output().unwrap();
    assert_ends(&output, 0);
    for name in ["a", "more/b"] {
        for extension in formats.split(',') {
            let extension = match extension {
                "layout" => "layout.txt",
                "alto" => "alto.xml",
                "pdfa" => "pdfa.pdf",
                other => other,
            };
            let bytes = fs::read(results.path().join(format!("{name}.{extension}"))).unwrap();
            // the letter has no table, so that nothing is in the file for tables
            assert!(!bytes.is_empty() || extension == "csv", "{name}.{extension}");
            if !matches!(extension, "csv" | "docx" | "xlsx" | "pdf" | "pdfa.pdf") {
                assert!(String::from_utf8(bytes).unwrap().contains(A_WORD), "{name}.{extension}");
            }
        }
    }
}

#[test]
fn what_fails_is_named_and_the_rest_delivered() {
    let scans = folder_with(&[("good.png", &letter("png"))]);
    fs::write(scans.path().join("bad.pdf"), b"%PDF-1.7 nothing").unwrap();
    let results = tempfile::tempdir().unwrap();
    let to = results.path().to_str().unwrap();
    let output = ocr(&[scans.path().to_str().unwrap(), "-o", to, "--json-lines"]).output().unwrap();
    assert_ends(&output, 3);
    let events = String::from_utf8(output.stdout).unwrap();
    let events: Vec<Value> = events.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |kind: &str| events.iter().filter(|event| event["type"] == kind).collect::<Vec<_>>();
    assert_eq!((of("file.failed").len(), of("file.done").len(), of("page.done").len()), (1, 1, 1));
    assert!(of("file.failed")[0]["file"].as_str().unwrap().ends_with("bad.pdf"));
    assert_eq!(of("file.failed")[0]["code"], "unreadable");
    assert_eq!((&of("done")[0]["failed_files"], &of("done")[0]["pages"]), (&1.into(), &1.into()));
    assert!(results.path().join("good.txt").is_file() && !results.path().join("bad.txt").exists());
    assert!(!events.iter().any(|event| event.to_string().contains(A_WORD)), "progress never quotes a page");

    let alone = ocr(&[scans.path().join("bad.pdf").to_str().unwrap()]).output().unwrap();
    assert_ends(&alone, 1);
    assert!(String::from_utf8(alone.stderr).unwrap().contains("bad.pdf: the PDF is damaged"));
}

#[test]
fn a_wrong_command_says_what_to_do() {
    let path = letter("png");
    let path = path.to_str().unwrap();
    for (args, advice) in [
        (&[path, "--lang", "eng+jpn"][..], "tesseract-ocr-jpn"),
        (&[path, "--lang", "eng+xxx"], "xxx is no language"),
        (&[path, "-f", "txt,json"], "--output"),
        (&[path, "--json-lines"], "--output"),
        (&["/none/such.png"], "can't be read: no such file or directory\n"),
        (&["/dev/null"], "the file is empty; scan or copy it again"),
        (&["-"], "gave no bytes; see whether the program before the pipe has failed"),
        (&[path, "--pages", "7"], "has 1 page, none of which was asked for"),
        (&[path, "--tessdata", "/none/such"], "/none/such is no folder"),
        (&["/dev/zero", "--max-file-size", "1MiB"], "is larger than 1.0 MiB"),
    ] {
        let output = ocr(args).output().unwrap();
        assert!(!output.status.success());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(advice), "{args:?}: {said}");
    }
}

#[test]
fn what_is_not_understood_ends_with_two() {
    let path = letter("png");
    let path = path.to_str().unwrap();
    for (args, advice) in [
        (&[path, "-f", "pdf,txt"][..], "--output"),
        (&[path, path, "-f", "json"], "--output"),
        (&[path, path, "-f", "pdf", "-o", "two.pdf"], "two.pdf/"),
        (&[path, "-o", "page.xyz"], "--format"),
        (&[path, "-o", "/none/such/page.txt"], "there is no folder /none/such"),
        (&[path, "--json-lines", "-o", "-"], "--output"),
        (&[path, "-j", "0"], "a number from 1 on"),
        (&[path, "--lang", "xx"], "deu+eng"),
        (&[path, "--text", "bogus"], "skip, redo, force"),
        (&[path, "--preset", "foo"], "clean-scan, fax, photo"),
        (&[path, "--max-file-size", "much"], "500MB"),
        (&["-", "--password-file", "-"], "standard input"),
    ] {
        let output = ocr(args).output().unwrap();
        assert_ends(&output, 2);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(advice), "{args:?}: {said}");
    }
}

#[test]
fn pages_that_are_not_there_are_named() {
    let path = letter("png");
    let output = ocr(&[path.to_str().unwrap(), "--pages", "1-5", "--lang", "en"]).output().unwrap();
    assert_ends(&output, 0);
    assert!(String::from_utf8(output.stderr).unwrap().contains("has 1 page and no 2-5"));
}

#[test]
fn the_commands_are_described() {
    let output = Command::new(env!("CARGO_BIN_EXE_untxt")).arg("--help").output().unwrap();
    assert_ends(&output, 0);
    assert!(String::from_utf8(output.stdout).unwrap().contains("Read documents without any server"));
}

#[test]
fn a_locked_pdf_opens_with_its_password() {
    let folder = folder_with(&[("letter.png", &letter("png"))]);
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    assert_ends(&ocr(&[&at("letter.png"), "-f", "pdf", "-o", &at("open.pdf")]).output().unwrap(), 0);
    let locked = ["--encrypt", "sesame", "owner", "256", "--", &at("open.pdf"), &at("locked.pdf")];
    assert!(Command::new("qpdf").args(locked).status().unwrap().success());

    let output = ocr(&[&at("locked.pdf")]).output().unwrap();
    assert_ends(&output, 1);
    assert!(String::from_utf8(output.stderr).unwrap().contains("--password-file"));
    for (password, code) in [("wrong\n", 1), ("sesame\n", 0)] {
        fs::write(at("password"), password).unwrap();
        let output = ocr(&[&at("locked.pdf"), "--password-file", &at("password")]).output().unwrap();
        assert_ends(&output, code);
        let (text, said) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert_eq!(text.contains(A_WORD), code == 0, "{text}");
        assert!(!said.contains("sesame") && !said.contains("wrong\n"));
    }
}
