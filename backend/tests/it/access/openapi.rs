use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;

const FILE: &str = "../docs/openapi.json";

#[test]
fn the_committed_description_is_that_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    let committed = fs::read_to_string(path).unwrap_or_else(|_| "null".to_owned());
    let committed: Value = serde_json::from_str(&committed).expect("JSON");
    let made = untxt_backend::describe().expect("a description");
    if committed != made {
        let text = format!("{made:#}\n");
        fs::write(std::env::temp_dir().join("untxt-openapi.json"), text).expect("written");
    }
    for (path, item) in made["paths"].as_object().expect("paths") {
        assert!(committed["paths"][path] == *item, "{path}: run `untxt openapi > docs/openapi.json`");
    }
    assert!(committed == made, "run `untxt openapi > docs/openapi.json`");
}

#[test]
fn every_operation_says_all_that_a_client_needs() {
    let made = untxt_backend::describe().expect("a description");
    assert!(made["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
    let mut names = BTreeSet::new();
    for (path, item) in made["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("methods") {
            let answers = operation["responses"].as_object().expect("answers");
            assert!(answers.keys().any(|status| status.starts_with(['1', '2'])), "{method} {path} never succeeds");
            assert!(names.insert(operation["operationId"].to_string()), "{method} {path} has the name of another");
            let braces = path.matches('{').count();
            let parameters = operation["parameters"].as_array().expect("parameters");
            let in_path = parameters.iter().filter(|parameter| parameter["in"] == "path");
            assert_eq!(in_path.count(), braces, "{method} {path}");
            for needed in ["429", "500", "503"] {
                assert!(answers.contains_key(needed), "{method} {path} {needed}");
            }
            let is_open = operation["security"].as_array().expect("security").is_empty();
            assert_eq!(is_open, operation["x-untxt"]["who"] == "anybody", "{method} {path}");
        }
    }
    let text = made.to_string();
    for reference in text.split("\"#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(made["components"]["schemas"].get(reference).is_some(), "{reference} is nowhere");
    }
}
