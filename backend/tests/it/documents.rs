use axum::body::Body;
use http::Method;
use serde_json::{Value, json};
use untxt_core::domain::{DocumentId, FailureCode};

use crate::{
    app::{TestApp, request},
    people::{Person, pdf},
    worker::Worker,
};

const DOCUMENTS: &str = "/api/v1/documents";

fn task_of(document: &Value) -> untxt_core::domain::TaskId {
    document["task"]["id"].as_str().expect("an id").parse().expect("an id")
}

#[tokio::test]
async fn the_list_is_newest_first_and_goes_on() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let mut ids = Vec::new();
    for number in 0..5 {
        let answer = ada.upload(&app, &format!("{number}.pdf"), &pdf(100)).await;
        ids.insert(0, answer.json()["id"].clone());
    }
    let all = ada.get(&app, DOCUMENTS).await.json();
    assert_eq!(all["documents"].as_array().expect("a list").iter().map(|d| d["id"].clone()).collect::<Vec<_>>(), ids);
    assert_eq!(all["next"], Value::Null);
    let first = ada.get(&app, &format!("{DOCUMENTS}?limit=3")).await.json();
    assert_eq!((first["documents"].as_array().map(Vec::len), &first["next"]), (Some(3), &ids[2]));
    let next = first["next"].as_str().expect("an id");
    let rest = ada.get(&app, &format!("{DOCUMENTS}?limit=3&before={next}")).await.json();
    assert_eq!(
        (&rest["documents"][0]["id"], &rest["documents"][1]["id"], &rest["next"]),
        (&ids[3], &ids[4], &Value::Null)
    );
    for bad in ["limit=many", "before=yesterday"] {
        ada.get(&app, &format!("{DOCUMENTS}?{bad}")).await.is_problem(400, "bad_request");
    }
    let bob = app.person("bob").await;
    assert_eq!(bob.get(&app, DOCUMENTS).await.json(), json!({ "documents": [], "next": null }));
}

#[tokio::test]
async fn foreign_and_unknown_documents_look_the_same_on_every_route() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let document = ada.upload(&app, "a.pdf", &pdf(100)).await.json();
    let task = task_of(&document);
    Worker::start(&app).await.read(&app, task, 1, &[]).await;
    let mut compared = 0;
    for (method, path) in [
        (Method::GET, ""),
        (Method::DELETE, ""),
        (Method::GET, "/pages"),
        (Method::GET, "/pages/1"),
        (Method::GET, "/pages/1/image"),
        (Method::GET, "/original"),
        (Method::GET, "/formats/txt"),
        (Method::GET, "/formats/json"),
        (Method::GET, "/pages/1/formats/hocr"),
        (Method::GET, "/searchable.pdf"),
    ] {
        let ask = async |person: &Person, id: &str| {
            let path = format!("{DOCUMENTS}/{id}{path}");
            app.send(person.request(method.clone(), &path).body(Body::empty()).expect("good")).await
        };
        let foreign = ask(&bob, document["id"].as_str().expect("an id")).await;
        let unknown = ask(&bob, &DocumentId::generate().to_string()).await;
        foreign.is_problem(404, "document_not_found");
        unknown.is_problem(404, "document_not_found");
        let without_id = |answer: &crate::app::Answer| {
            let mut problem = answer.json();
            problem["request_id"].take();
            problem
        };
        assert_eq!(without_id(&foreign), without_id(&unknown));
        ask(&bob, "not-an-id").await.is_problem(404, "not_found");
        // Nobody at all gets 401, without a word about the document.
        let nobody = request(method.clone(), &format!("{DOCUMENTS}/{}{path}", document["id"].as_str().expect("an id")));
        app.send(nobody.body(Body::empty()).expect("good")).await.is_problem(401, "not_logged_in");
        compared += 1;
    }
    assert_eq!(compared, 10);
    bob.get(&app, &format!("/api/v1/tasks/{task}/events")).await.is_problem(404, "task_not_found");
    assert_eq!(ada.get(&app, &format!("{DOCUMENTS}/{}", document["id"].as_str().expect("an id"))).await.status, 200);
}

#[tokio::test]
async fn a_deleted_document_is_gone_everywhere() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let document = ada.upload(&app, "a.pdf", &pdf(100)).await;
    let task = task_of(&document.json());
    Worker::start(&app).await.read(&app, task, 2, &[]).await;
    let forever = format!("{}?forever=true", document.header("location"));
    assert_eq!(ada.delete(&app, &forever).await.status, 204);
    ada.get(&app, document.header("location")).await.is_problem(404, "document_not_found");
    for again in [&forever, document.header("location")] {
        assert_eq!(ada.delete(&app, again).await.status, 204, "it is what was wished");
    }
    for table in ["documents", "tasks", "pages", "task_events"] {
        assert_eq!(app.count(table), 0, "{table}");
    }
}

#[tokio::test]
async fn pages_tell_how_they_ended() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let answer = ada.upload(&app, "a.pdf", &pdf(100)).await;
    let at = |path: &str| format!("{}{path}", answer.header("location"));
    let task = task_of(&answer.json());
    let worker = Worker::start(&app).await;
    ada.get(&app, &at("/pages/1")).await.is_problem(409, "page_not_ready");
    worker.begin(task, 3).await;
    assert!(worker.read_next(&app, task, &[]).await && worker.read_next(&app, task, &[2]).await);
    let pages = ada.get(&app, &at("/pages")).await.json();
    let states: Vec<_> = pages["pages"].as_array().expect("a list").iter().map(|page| page["state"].clone()).collect();
    assert_eq!(states, ["done", "failed", "queued"]);
    assert_eq!(pages["pages"][1]["failure"]["code"], "unreadable");
    let page = ada.get(&app, &at("/pages/1")).await.json();
    assert_eq!((&page["page"], &page["state"], &page["text"]), (&1.into(), &"done".into(), &"page 1\n".into()));
    assert_eq!(page["words"][1]["box"], json!([60, 10, 100, 30]));
    let image = ada.get(&app, &at("/pages/1/image")).await;
    assert_eq!((image.header("content-type"), image.text()), ("image/jpeg", "image of page 1"));
    let failed = ada.get(&app, &at("/pages/2")).await;
    failed.is_problem(422, "page_failed");
    assert_eq!(failed.json()["failure"]["code"], "unreadable");
    ada.get(&app, &at("/pages/3")).await.is_problem(409, "page_not_ready");
    ada.get(&app, &at("/pages/3/image")).await.is_problem(409, "page_not_ready");
    ada.get(&app, &at("/pages/4")).await.is_problem(404, "page_not_found");
    ada.get(&app, &at("/pages/0")).await.is_problem(404, "not_found");
    for path in ["/formats/txt", "/formats/xlsx", "/searchable.pdf"] {
        ada.get(&app, &at(path)).await.is_problem(409, "not_ready");
    }
}

#[tokio::test]
async fn a_document_that_nobody_can_read_says_why() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let answer = ada.upload(&app, "a.pdf", &pdf(100)).await;
    Worker::start(&app).await.fail(task_of(&answer.json()), FailureCode::Encrypted).await;
    let task = ada.get(&app, answer.header("location")).await.json()["task"].clone();
    assert_eq!((&task["state"], &task["failure"]["code"]), (&"failed".into(), &"encrypted".into()));
    assert!(task["failure"]["advice"].is_string() && task["ended_at"].is_string());
    let pdf = ada.get(&app, &format!("{}/searchable.pdf", answer.header("location"))).await;
    pdf.is_problem(404, "no_searchable_pdf");
    assert_eq!(ada.get(&app, &format!("{}/original", answer.header("location"))).await.status, 200);
}
