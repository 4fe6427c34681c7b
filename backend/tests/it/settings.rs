//! How an upload asks to be read.

use axum::body::Body;
use http::{Method, Request};
use serde_json::json;

use crate::{
    app::TestApp,
    people::{Person, multipart, pdf},
    worker::Worker,
};

fn upload_request(ada: &Person, query: &str) -> Request<Body> {
    ada.request(Method::POST, &format!("/api/v1/documents?{query}"))
        .header("content-type", "multipart/form-data; boundary=edge")
        .body(Body::from(multipart("scan.pdf", &pdf(100))))
        .expect("good")
}

#[tokio::test]
async fn an_upload_says_how_it_is_to_be_read() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    Worker::start(&app).await.report_languages(&["deu", "eng"]).await;
    let settings = async |query: &str| app.send(upload_request(&ada, query)).await.json()["task"]["settings"].clone();
    assert_eq!(settings("").await, json!({"languages": "auto", "preset": "auto", "text_mode": "skip"}));
    let asked = settings("languages=deu,eng&preset=fax&text=redo").await;
    assert_eq!(asked, json!({"languages": "deu+eng", "preset": "fax", "text_mode": "redo"}));
    assert_eq!(settings("languages=deu").await["languages"], "deu");
    let queue = async |query: &str| app.send(upload_request(&ada, query)).await.json()["task"]["queue"].clone();
    assert_eq!([queue("").await, queue("queue=bulk").await], [json!("interactive"), json!("bulk")]);
    let limits = ada.get(&app, "/api/v1/limits").await.json();
    assert_eq!(limits["installed_languages"], json!(["deu", "eng"]));
}

#[tokio::test]
async fn settings_that_nobody_can_follow_are_refused_before_anything_is_stored() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    Worker::start(&app).await.report_languages(&["eng"]).await;
    for query in [
        "preset=shiny",
        "text=maybe",
        "queue=fast",
        "languages=",
        "languages=../eng",
        "colour=red",
        "languages=a,b,c,d,e,f,g,h,i",
    ] {
        app.send(upload_request(&ada, query)).await.is_problem(400, "bad_request");
    }
    let missing = app.send(upload_request(&ada, "languages=eng,chi_sim")).await;
    missing.is_problem(422, "language_missing");
    assert!(missing.json()["detail"].as_str().is_some_and(|detail| detail.contains("tesseract-ocr-chi-sim")));
    assert_eq!(ada.get(&app, "/api/v1/documents").await.json()["documents"], json!([]));
    assert!(app.objects.keys().is_empty());
}
