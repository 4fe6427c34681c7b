use serde_json::Value;
use untxt_core::{
    domain::{DocumentId, FailureCode, TaskId},
    storage::ObjectKey,
};

use crate::{app::TestApp, people::pdf, worker::Worker};

#[tokio::test]
async fn what_was_uploaded_comes_back_byte_by_byte() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    for size in [1029, 1 << 20, (3 << 20) + 17] {
        let bytes = pdf(size);
        let answer = ada.upload(&app, "größe.pdf", &bytes).await;
        let original = ada.get(&app, &format!("{}/original", answer.header("location"))).await;
        assert!(original.body == bytes, "{} of {size} bytes", original.status);
        assert_eq!(original.header("content-type"), "application/pdf");
        assert_eq!(original.header("content-length"), size.to_string());
        assert_eq!(original.header("cache-control"), "no-store");
        assert_eq!(
            original.header("content-disposition"),
            "attachment; filename=\"gr__e.pdf\"; filename*=UTF-8''gr%C3%B6%C3%9Fe.pdf"
        );
    }
}

#[tokio::test]
async fn what_the_virus_scanner_found_stays_in_quarantine() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let answer = ada.upload(&app, "invoice.pdf", &pdf(100)).await;
    let task = answer.json()["task"]["id"].as_str().expect("an id").parse().expect("an id");
    Worker::start(&app).await.fail(task, FailureCode::MalwareFound).await;
    let original = ada.get(&app, &format!("{}/original", answer.header("location"))).await;
    assert_eq!((original.status.as_u16(), original.json()["code"].as_str()), (403, Some("quarantined")));
    let document = ada.get(&app, answer.header("location")).await.json();
    assert_eq!(document["task"]["failure"]["code"], "malware_found");
}

#[tokio::test]
async fn results_come_as_text_data_and_pdf() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let answer = ada.upload(&app, "scan.pdf", &pdf(100)).await;
    let at = |path: &str| format!("{}/{path}", answer.header("location"));
    let task: TaskId = answer.json()["task"]["id"].as_str().expect("an id").parse().expect("an id");
    // More pages than one query gives, and one that failed.
    Worker::start(&app).await.read(&app, task, 20, &[2]).await;
    let text = ada.get(&app, &at("formats/txt")).await;
    assert_eq!(text.header("content-type"), "text/plain; charset=utf-8");
    assert!(text.header("content-disposition").contains("scan.txt"));
    let pages: Vec<_> = text.text().split('\x0c').collect();
    assert_eq!((pages.len(), pages[0], pages[1], pages[19]), (20, "page 1\n", "", "page 20\n"));
    let words = ada.get(&app, &at("formats/json")).await;
    assert!(words.header("content-disposition").contains("scan.json"));
    let words: Value = words.json();
    assert_eq!(words["title"], "scan.pdf");
    assert_eq!(words["pages"].as_array().map(Vec::len), Some(20));
    assert_eq!(words["pages"][19]["words"][1]["text"], "20");
    assert_eq!((&words["pages"][1]["state"], &words["pages"][1]["failure"]), (&"failed".into(), &"unreadable".into()));
    let searchable = ada.get(&app, &at("searchable.pdf")).await;
    assert_eq!(searchable.header("content-type"), "application/pdf");
    assert_eq!(searchable.text(), format!("%PDF-1.7 searchable of {task}"));
    assert!(searchable.header("content-disposition").contains("scan.searchable.pdf"));
}

#[tokio::test]
async fn every_format_is_there_for_a_document_and_a_page() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let answer = ada.upload(&app, "scan.pdf", &pdf(100)).await;
    let at = |path: &str| format!("{}/{path}", answer.header("location"));
    let task = answer.json()["task"]["id"].as_str().expect("an id").parse().expect("an id");
    Worker::start(&app).await.read(&app, task, 3, &[2]).await;
    let limits = ada.get(&app, "/api/v1/limits").await.json();
    let formats = limits["formats"].as_array().expect("a list");
    assert_eq!(formats.len(), 10);
    for format in formats {
        let format = format.as_str().expect("a name");
        for path in [format!("formats/{format}"), format!("pages/3/formats/{format}")] {
            let file = ada.get(&app, &at(&path)).await;
            assert_eq!(file.status, 200, "{path}");
            // the simulated pages have no table
            assert!(format == "csv" || !file.body.is_empty(), "{path}");
        }
    }
    ada.get(&app, &at("formats/exe")).await.is_problem(404, "format_unknown");
    ada.get(&app, &at("pages/2/formats/txt")).await.is_problem(422, "page_failed");
    assert_eq!(ada.get(&app, &at("pages/3/formats/txt")).await.text(), "page 3\n");
}

#[tokio::test]
async fn a_damaged_object_never_looks_whole() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let answer = ada.upload(&app, "a.pdf", &pdf(3 << 20)).await;
    let path = format!("{}/original", answer.header("location"));
    let id: DocumentId = answer.json()["id"].as_str().expect("an id").parse().expect("an id");
    let whole = app.objects.bytes(ObjectKey::Original(id));
    let damage = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = whole.clone();
        change(&mut bytes);
        app.objects.insert(ObjectKey::Original(id), bytes);
    };
    // In the first segment: nothing was sent yet, so it is a clear error.
    damage(&|bytes| bytes[100] ^= 1);
    ada.get(&app, &path).await.is_problem(500, "damaged");
    // Further on, or cut off: the answer breaks off.
    damage(&|bytes| bytes[(2 << 20) + 5] ^= 1);
    assert_eq!(ada.get(&app, &path).await.text(), "(broken off)");
    damage(&|bytes| bytes.truncate(2 << 20));
    assert_eq!(ada.get(&app, &path).await.text(), "(broken off)");
    // Another document's object in its place.
    let other =
        ada.upload(&app, "b.pdf", &pdf(2000)).await.json()["id"].as_str().expect("an id").parse().expect("an id");
    let foreign = app.objects.bytes(ObjectKey::Original(other));
    app.objects.insert(ObjectKey::Original(id), foreign);
    ada.get(&app, &path).await.is_problem(500, "damaged");
    app.objects.is_down.store(true, std::sync::atomic::Ordering::SeqCst);
    ada.get(&app, &path).await.is_problem(503, "storage_unavailable");
}
