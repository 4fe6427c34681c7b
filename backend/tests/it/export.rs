use std::{
    collections::HashSet,
    io::{Cursor, Read},
};

use aws_lc_rs::digest::{SHA256, digest};
use axum::body::Body;
use http::Method;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;
use untxt_core::{domain::TaskId, storage::ObjectKey};
use zip::ZipArchive;

use crate::{
    app::{Answer, TestApp},
    people::{Person, pdf},
    worker::Worker,
};

const EXPORT: &str = "/api/v1/account/export";

type Zip = ZipArchive<Cursor<Vec<u8>>>;

fn open(answer: &Answer) -> Zip {
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    ZipArchive::new(Cursor::new(answer.body.to_vec())).expect("a zip")
}

fn read(zip: &mut Zip, path: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    zip.by_name(path).expect("a file").read_to_end(&mut bytes).expect("read");
    bytes
}

fn manifest(zip: &mut Zip) -> Value {
    serde_json::from_slice(&read(zip, "manifest.json")).expect("JSON")
}

async fn upload(app: &TestApp, person: &Person, name: &str, size: usize) -> (String, TaskId) {
    let document = person.upload(app, name, &pdf(size)).await.json();
    let id = document["id"].as_str().expect("an id").to_owned();
    (id, document["task"]["id"].as_str().expect("an id").parse().expect("an id"))
}

#[tokio::test]
async fn everything_of_a_person_is_in_the_zip_and_nothing_of_another() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let (read_one, task) = upload(&app, &ada, "../größe.pdf", 3 << 20).await;
    Worker::start(&app).await.read(&app, task, 3, &[2]).await;
    let (trashed, _) = upload(&app, &ada, "old.pdf", 1100).await;
    assert!(ada.delete(&app, &format!("/api/v1/documents/{trashed}")).await.status.is_success());
    let (waiting, _) = upload(&app, &ada, "new.pdf", 1000).await;
    let (foreign, _) = upload(&app, &bob, "secret.pdf", 1200).await;
    let share = json!({ "login": "ada", "right": "read" });
    assert_eq!(bob.post(&app, &format!("/api/v1/documents/{foreign}/shares"), &share).await.status, 201);
    ada.post(&app, "/api/v1/folders", &json!({ "name": "Taxes", "colour": "#aa00ff" })).await;

    let answer = ada.get(&app, EXPORT).await;
    assert_eq!((answer.header("content-type"), answer.header("cache-control")), ("application/zip", "no-store"));
    let mut zip = open(&answer);
    let names: HashSet<String> = zip.file_names().map(|name| name.expect("a name").into_owned()).collect();
    assert!(!names.iter().any(|name| name.contains(&foreign) || name.contains("/../")), "{names:?}");
    let manifest = manifest(&mut zip);
    let files = manifest["files"].as_array().expect("a list");
    assert_eq!(files.len() + 1, names.len(), "all but itself");
    for file in files {
        let bytes = read(&mut zip, file["path"].as_str().expect("a path"));
        assert_eq!(file["size_bytes"], bytes.len(), "{file}");
        assert_eq!(file["sha256"], hex::encode(digest(&SHA256, &bytes)), "{file}");
        assert_eq!(file["is_in_trash"] == true, file["document"] == *trashed, "{file}");
    }
    let at = |file: &str| format!("documents/{read_one}/{file}");
    assert!(read(&mut zip, &at("original-größe.pdf")) == pdf(3 << 20));
    assert_eq!(read(&mut zip, &at("text.txt")), b"page 1\n\x0c\x0cpage 3\n");
    assert_eq!(read(&mut zip, &at("searchable.pdf")), format!("%PDF-1.7 searchable of {task}").into_bytes());
    assert!(read(&mut zip, &format!("documents/{trashed}/original-old.pdf")) == pdf(1100));
    let why = &manifest["left_out"];
    assert_eq!(why[0], json!({ "document": waiting, "what": "text.txt", "why": "not_ready" }), "{why}");
    let said = app.postgres.superuser_psql("select count(*) from audit_events where action = 'account_exported'");
    assert_eq!(said.trim(), "1");
}

#[tokio::test]
async fn what_is_missing_or_damaged_is_named_and_what_breaks_further_on_breaks_off() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let (damaged, _) = upload(&app, &ada, "a.pdf", 3 << 20).await;
    let key = ObjectKey::Original(damaged.parse().expect("an id"));
    let whole = app.objects.bytes(key);
    let mut bytes = whole.clone();
    bytes[200] ^= 1;
    app.objects.insert(key, bytes);
    let mut zip = open(&ada.get(&app, EXPORT).await);
    let why = &manifest(&mut zip)["left_out"];
    assert_eq!(why[0], json!({ "document": damaged, "what": "original", "why": "damaged" }));
    let mut bytes = whole;
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    app.objects.insert(key, bytes);
    assert_eq!(ada.get(&app, EXPORT).await.text(), "(broken off)");
}

#[tokio::test]
async fn an_export_needs_a_fresh_proof_runs_once_waits_for_its_reader_and_ends_with_the_session() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    upload(&app, &ada, "a.pdf", 4 << 20).await;
    let ask = || ada.request(Method::GET, EXPORT).body(Body::empty()).expect("good");
    let mut body = app.router.clone().oneshot(ask()).await.expect("an answer").into_body();
    assert!(body.frame().await.is_some_and(|frame| frame.is_ok()));
    ada.get(&app, EXPORT).await.is_problem(429, "too_many_exports");
    // Nothing runs ahead of a reader who rests: the session ends, and so does the rest.
    assert!(ada.delete(&app, "/api/v1/session").await.status.is_success());
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    assert!(body.collect().await.is_err(), "it breaks off");

    let bob = app.person("bob").await;
    let _ = app.postgres.superuser_psql("update sessions set verified_at = verified_at - interval '16 minutes'");
    bob.get(&app, EXPORT).await.is_problem(403, "step_up_required");
}
