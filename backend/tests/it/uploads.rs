use std::{
    io,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use axum::body::Body;
use bytes::Bytes;
use futures::{future::join_all, stream};
use http::Method;
use tokio::time::sleep;
use untxt_core::{domain::MediaType, queue::QueueKind};

use crate::{
    app::{Answer, TestApp},
    people::{Person, multipart, pdf},
};

const DOCUMENTS: &str = "/api/v1/documents";

#[tokio::test]
async fn a_file_becomes_a_sealed_document_with_a_task() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let bytes = pdf(3 << 20);
    let answer = ada.upload(&app, "Röntgen Mustermann.pdf", &bytes).await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    let document = answer.json();
    assert_eq!(answer.header("location"), format!("{DOCUMENTS}/{}", document["id"].as_str().expect("an id")));
    assert_eq!(document["name"], "Röntgen Mustermann.pdf");
    assert_eq!((&document["media_type"], &document["size_bytes"]), (&"application/pdf".into(), &bytes.len().into()));
    assert_eq!(document["sha256"].as_str().map(str::len), Some(64));
    assert_eq!((&document["task"]["state"], &document["task"]["last_seq"]), (&"queued".into(), &1.into()));
    let mut found = ada.get(&app, answer.header("location")).await.json();
    // Its place in the queue is only known a moment later.
    assert_eq!(found["task"]["place"].take()["workers_alive"], 0);
    assert_eq!(found, document);
    // In the store: one object that holds nothing of the file. In the database: nothing of the name.
    let [object] = app.objects.keys()[..] else { panic!("one object") };
    let stored = app.objects.bytes(object);
    assert!(stored.len() > bytes.len() && !stored.windows(8).any(|window| window == &bytes[..8]));
    let rows = app.postgres.superuser_psql("select documents::text, tasks::text from documents, tasks");
    assert!(!rows.contains("Mustermann") && !rows.contains(document["sha256"].as_str().expect("text")));
    wait_for(|| !app.queue.entries.lock().expect("entries").is_empty()).await;
    let entries = app.queue.entries.lock().expect("entries").clone();
    assert_eq!((entries.len(), entries[0].kind), (1, QueueKind::Inspect));
    assert_eq!(entries[0].task.to_string(), document["task"]["id"].as_str().expect("an id"));
}

#[tokio::test]
async fn a_file_longer_than_the_parts_of_the_store_is_taken() {
    let app = TestApp::with(|settings| settings.limits.max_file_bytes = 20 << 20).await;
    let ada = app.person("ada").await;
    assert_eq!(ada.upload(&app, "long.pdf", &pdf((8 << 20) + 1)).await.status, 202);
}

#[tokio::test]
async fn a_panic_in_the_store_leaves_no_object() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    app.objects.panics.store(true, Ordering::SeqCst);
    ada.upload(&app, "a.pdf", &pdf(2 << 20)).await.is_problem(500, "internal");
    assert_eq!((app.objects.keys().len(), app.count("documents")), (0, 0));
}

async fn wait_for(condition: impl Fn() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < Duration::from_secs(60), "waited too long");
        sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn bad_input_is_refused_and_leaves_nothing() {
    let app = TestApp::with(|settings| settings.limits.allowed_types = vec![MediaType::Pdf, MediaType::Png]).await;
    let ada = app.person("ada").await;
    let max = usize::try_from(app.settings.limits.max_file_bytes).expect("small");
    ada.upload(&app, "empty.pdf", b"").await.is_problem(400, "empty_file");
    ada.upload(&app, "page.pdf", b"<html>not a scan").await.is_problem(415, "unsupported_type");
    ada.upload(&app, "photo.pdf", b"\xff\xd8\xff\xe0 a JPEG").await.is_problem(415, "unsupported_type");
    ada.upload(&app, "program.pdf", b"MZ\x90\0").await.is_problem(415, "unsupported_type");
    ada.upload(&app, "big.pdf", &pdf(max + 1)).await.is_problem(413, "file_too_large");
    ada.upload(&app, "bigger.pdf", &pdf(max + (1 << 20))).await.is_problem(413, "file_too_large");
    let other = "--edge\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\nx\r\n--edge--\r\n";
    let two = [multipart("a.pdf", &pdf(99)), multipart("b.pdf", &pdf(99))].concat();
    let two = String::from_utf8_lossy(&two).replacen("--edge--\r\n", "", 1);
    let cut = String::from_utf8_lossy(&multipart("a.pdf", &pdf(99))).replace("\r\n--edge--\r\n", "");
    let endless = format!("--edge\r\nContent-Disposition: form-data; name=\"file\"; x=\"{}", "y".repeat(3 << 20));
    for (body, status, code) in [
        (other.to_owned(), 400, "file_missing"),
        (two, 400, "bad_request"),
        (cut, 400, "upload_broken"),
        (endless, 400, "upload_broken"),
        (String::new(), 400, "upload_broken"),
    ] {
        let request = ada.request(Method::POST, DOCUMENTS).header("content-type", "multipart/form-data; boundary=edge");
        app.send(request.body(Body::from(body)).expect("good")).await.is_problem(status, code);
    }
    let not_multipart = ada.request(Method::POST, DOCUMENTS).header("content-type", "application/pdf");
    app.send(not_multipart.body(Body::from(pdf(99))).expect("good")).await.is_problem(400, "file_missing");
    for key in ["", "with space", &"k".repeat(256), "ümlaut"] {
        ada.upload_with_key(&app, key, "a.pdf", &pdf(99)).await.is_problem(400, "bad_idempotency_key");
    }
    assert_eq!((app.objects.keys().len(), app.count("documents"), app.count("tasks")), (0, 0, 0));
    // Exactly the limit is fine.
    assert_eq!(ada.upload(&app, "max.pdf", &pdf(max)).await.status, 202);
}

#[tokio::test]
async fn an_announced_flood_is_refused_before_it_comes() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let never = Body::from_stream(stream::pending::<io::Result<Bytes>>());
    let request = ada
        .request(Method::POST, DOCUMENTS)
        .header("content-type", "multipart/form-data; boundary=edge")
        .header("content-length", "5000000000");
    app.send(request.body(never).expect("good")).await.is_problem(413, "file_too_large");
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let whole = multipart("a.pdf", &pdf(3 << 20));
    let half = Bytes::copy_from_slice(&whole[..whole.len() / 2]);
    let body = Body::from_stream(stream::iter([Ok(half), Err(io::Error::other("gone"))]));
    let request = ada.request(Method::POST, DOCUMENTS).header("content-type", "multipart/form-data; boundary=edge");
    app.send(request.body(body).expect("good")).await.is_problem(400, "upload_broken");
    assert_eq!((app.objects.keys().len(), app.count("documents")), (0, 0));
}

#[tokio::test]
async fn without_the_store_nothing_is_accepted_and_without_the_queue_everything() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    app.objects.is_down.store(true, Ordering::SeqCst);
    let refused = ada.upload(&app, "a.pdf", &pdf(2 << 20)).await;
    refused.is_problem(503, "storage_unavailable");
    assert!(!refused.header("retry-after").is_empty());
    assert_eq!((app.count("documents"), app.count("tasks")), (0, 0));
    app.objects.is_down.store(false, Ordering::SeqCst);
    app.queue.is_down.store(true, Ordering::SeqCst);
    assert_eq!(ada.upload(&app, "a.pdf", &pdf(2 << 20)).await.status, 202);
    assert_eq!((app.count("documents"), app.count("task_events")), (1, 1));
}

#[tokio::test]
async fn the_same_key_gives_the_same_document() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let first = ada.upload_with_key(&app, "key-1", "a.pdf", &pdf(5000)).await;
    let again = ada.upload_with_key(&app, "key-1", "a.pdf", &pdf(5000)).await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (202, 200));
    assert_eq!(first.json(), again.json());
    assert_eq!(first.header("location"), again.header("location"));
    ada.upload_with_key(&app, "key-1", "a.pdf", &pdf(5001)).await.is_problem(409, "idempotency_key_reused");
    // Without a key, or with another, the same file is another document; so it is for another person.
    assert_eq!(ada.upload_with_key(&app, "key-2", "a.pdf", &pdf(5000)).await.status, 202);
    assert_eq!(ada.upload(&app, "a.pdf", &pdf(5000)).await.status, 202);
    let bob = app.person("bob").await;
    assert_eq!(bob.upload_with_key(&app, "key-1", "b.pdf", &pdf(6000)).await.status, 202);
    assert_eq!((app.objects.keys().len(), app.count("documents")), (4, 4));
}

/// Uploads as clients do: a busy machine hasn't the places nor the connections for fifty, and says "come again".
async fn upload_until_taken(app: &TestApp, person: &Person, bytes: &[u8]) -> Answer {
    for _ in 0..30 {
        let answer = person.upload_with_key(app, "one", "a.pdf", bytes).await;
        if ![429, 503].contains(&answer.status.as_u16()) {
            return answer;
        }
        sleep(Duration::from_millis(200)).await;
    }
    panic!("it was never taken");
}

#[tokio::test]
async fn fifty_at_once_with_one_key_make_one_document() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let bytes = pdf(20_000);
    let answers = join_all((0..50).map(|_| upload_until_taken(&app, &ada, &bytes))).await;
    let id = answers[0].json()["id"].clone();
    for answer in &answers {
        let body = answer.json();
        assert!(body["id"].is_string() && body["id"] == id, "{} {body}", answer.status);
    }
    let of = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((of(202), of(200)), (1, 49));
    assert_eq!((app.objects.keys().len(), app.count("documents"), app.count("tasks")), (1, 1, 1));
    assert_eq!(app.count("owner_keys"), 1);
}

#[tokio::test]
async fn hostile_names_do_no_harm() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    for (raw, name) in [
        ("../../../etc/passwd", "passwd"),
        ("C:\\\\Windows\\\\x.pdf", "x.pdf"),
        ("%22; rm -rf.pdf", "\"; rm -rf.pdf"),
        ("<script>alert(1)</script>.pdf", "script>.pdf"),
        ("' or 1=1 --.pdf", "' or 1=1 --.pdf"),
        ("\u{202e}fdp.exe", "fdp.exe"),
        ("", "document"),
        (&format!("{}.pdf", "n".repeat(300)), &"n".repeat(255)),
    ] {
        let answer = ada.upload(&app, raw, &pdf(200)).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["name"]), (202, &name.into()), "{raw:?}");
        let original = ada.get(&app, &format!("{}/original", answer.header("location"))).await;
        let disposition = original.header("content-disposition");
        assert!(disposition.starts_with("attachment; filename=\""), "{disposition}");
        assert_eq!(disposition.matches('"').count(), 2, "{disposition}");
    }
}
