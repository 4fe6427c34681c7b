//! Checks the house itself: which crate may use which, what must not be linked, and that the map leads somewhere.

#![expect(clippy::expect_used, reason = "a test that can't go on should fail")]

mod key_policies;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

/// Who may depend on whom; nothing else of ours.
const ARROWS: &[(&str, &[&str])] = &[
    ("untxt", &["untxt-backend", "untxt-core", "untxt-database", "untxt-ocr", "untxt-page", "untxt-worker"]),
    ("untxt-backend", &["untxt-core", "untxt-database", "untxt-page"]),
    ("untxt-worker", &["untxt-core", "untxt-database", "untxt-ocr", "untxt-page"]),
    ("untxt-database", &["untxt-core"]),
    ("untxt-core", &["untxt-page"]),
    ("untxt-ocr", &["untxt-page"]),
    ("untxt-page", &[]),
];

/// A second TLS or crypto implementation.
const BANNED: &[&str] = &["openssl", "openssl-sys", "native-tls", "ring"];

fn metadata(arguments: &[&str]) -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON")
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

#[test]
fn arrows_point_one_way() {
    let metadata = metadata(&["--no-deps"]);
    for package in metadata["packages"].as_array().expect("packages") {
        let name = text(package, "name");
        if name == "webpki-roots" {
            continue;
        }
        let ours: BTreeSet<_> = package["dependencies"]
            .as_array()
            .expect("dependencies")
            .iter()
            .filter(|dependency| text(dependency, "kind") != "dev")
            .map(|dependency| text(dependency, "name"))
            .filter(|dependency| dependency.starts_with("untxt-"))
            .collect();
        let (_, allowed) = ARROWS.iter().find(|(from, _)| *from == name).expect("a crate that the house knows");
        for dependency in ours {
            assert!(allowed.contains(&dependency), "{name} must not depend on {dependency}");
        }
    }
}

#[test]
fn nothing_of_openssl_and_no_second_crypto_is_linked() {
    // `cargo tree` knows which features are on; `cargo metadata` lists what any feature might bring.
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--workspace",
            "--all-features",
            "--locked",
            "--edges",
            "normal,build",
            "--prefix",
            "none",
            "--format",
            "{p}",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    let tree = String::from_utf8_lossy(&output.stdout);
    let linked: BTreeSet<_> = tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(linked.contains("aws-lc-rs"), "the graph was read");
    for banned in BANNED {
        assert!(!linked.contains(banned), "{banned} is linked");
    }
}

#[test]
fn every_licence_of_what_is_linked_is_on_the_list() {
    let list = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("deny.toml")).expect("deny.toml");
    let list: toml::Table = list.parse().expect("TOML");
    let allowed: BTreeSet<_> =
        list["licenses"]["allow"].as_array().expect("a list").iter().filter_map(toml::Value::as_str).collect();
    let metadata = metadata(&["--filter-platform", "x86_64-unknown-linux-gnu"]);
    for package in metadata["packages"].as_array().expect("packages") {
        let expression = text(package, "license");
        let parsed = spdx::Expression::parse_mode(expression, spdx::ParseMode::LAX).expect(expression);
        let is_allowed = parsed.evaluate(|requirement| allowed.contains(requirement.to_string().as_str()));
        assert!(is_allowed, "{} has the licence {expression}", text(package, "name"));
    }
}

#[test]
fn every_link_between_our_pages_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = tracked_files();
    let is_tracked = |path: &Path| files.iter().any(|file| file.starts_with(path));
    let mut links = 0;
    for page in files.iter().filter(|file| file.extension().is_some_and(|end| end == "md")) {
        let markdown = fs::read_to_string(root.join(page)).expect("a tracked file");
        let folder = page.parent().expect("a folder");
        for target in markdown.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = target.split('#').next().unwrap_or_default();
            if target.is_empty() || target.starts_with("https://") {
                continue;
            }
            assert!(is_tracked(&resolve(folder, target)), "{} links to {target}, which isn't there", page.display());
            links += 1;
        }
    }
    assert!(links > 40, "the pages have links");
}

/// COMPLIANCE.md names tests as `file::name`: each must be there, as a function or as the title of a proof.
#[test]
fn every_test_that_is_named_as_proof_exists() {
    let house = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(house.join("docs/COMPLIANCE.md")).expect("the page");
    let named = page.split('`').skip(1).step_by(2).filter_map(|code| code.split_once("::"));
    let named: Vec<_> = named.filter(|(file, _)| file.contains('/')).collect();
    assert!(named.len() > 40, "the page names its proofs");
    let missing = named.iter().filter(|(file, name)| {
        let code = fs::read_to_string(house.join(file)).unwrap_or_default();
        let is_proof = code.contains(&format!("test('{name}'"));
        // What stands above the function, back to an empty line, has its attributes.
        let is_above = |above: &str| above.contains("test]") || above.contains("test(");
        let mut functions = code.split("fn ").zip(code.split("fn ").skip(1));
        let is_test = functions.any(|(before, after)| {
            after.starts_with(&format!("{name}(")) && before.rsplit("\n\n").next().is_some_and(is_above)
        });
        !(is_proof || is_test)
    });
    assert_eq!(missing.collect::<Vec<_>>(), Vec::<&(&str, &str)>::new());
}

fn tracked_files() -> Vec<PathBuf> {
    let listing =
        Command::new("git").arg("ls-files").current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("git runs");
    String::from_utf8_lossy(&listing.stdout).lines().map(PathBuf::from).collect()
}

/// Follows `..` by name, as a reader of the page does.
fn resolve(folder: &Path, target: &str) -> PathBuf {
    let mut path = folder.to_owned();
    for part in target.split('/') {
        match part {
            ".." => drop(path.pop()),
            "" | "." => {}
            part => path.push(part),
        }
    }
    path
}

#[test]
fn no_file_is_a_drawer_for_odds_and_ends() {
    for path in tracked_files() {
        let is_drawer = path
            .iter()
            .filter_map(|part| part.to_str()?.split('.').next())
            .any(|part| ["utils", "util", "helpers", "helper", "common", "misc"].contains(&part));
        assert!(!is_drawer, "{} says nothing about what is in it", path.display());
    }
}
