use axum::body::Body;
use http::Method;
use untxt_core::domain::TaskId;

use crate::{
    app::{Answer, TestApp},
    people::{Person, pdf},
    worker::Worker,
};

async fn cancel(app: &TestApp, person: &Person, task: TaskId) -> Answer {
    let path = format!("/api/v1/tasks/{task}/cancel");
    app.send(person.request(Method::POST, &path).body(Body::empty()).expect("good")).await
}

#[tokio::test]
async fn a_stopped_document_gives_the_pages_that_were_read() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let document = ada.upload(&app, "a.pdf", &pdf(100)).await;
    let task: TaskId = document.json()["task"]["id"].as_str().expect("an id").parse().expect("an id");
    let worker = Worker::start(&app).await;
    worker.begin(task, 3).await;
    assert!(worker.read_next(&app, task, &[]).await);

    cancel(&app, &bob, task).await.is_problem(404, "task_not_found");
    cancel(&app, &ada, TaskId::generate()).await.is_problem(404, "task_not_found");
    let stopped = cancel(&app, &ada, task).await;
    assert_eq!((stopped.status.as_u16(), &stopped.json()["state"]), (200, &"cancelled".into()));
    assert_eq!(cancel(&app, &ada, task).await.json(), stopped.json(), "stopping twice changes nothing");
    assert!(!worker.read_next(&app, task, &[]).await);

    let at = |path: &str| format!("{}/{path}", document.header("location"));
    assert_eq!(ada.get(&app, &at("pages/1")).await.json()["text"], "page 1\n");
    ada.get(&app, &at("pages/2")).await.is_problem(409, "page_cancelled");
    ada.get(&app, &at("searchable.pdf")).await.is_problem(404, "no_searchable_pdf");
    let pages = ada.get(&app, &at("formats/json")).await.json()["pages"].as_array().expect("pages").clone();
    let states: Vec<_> = pages.iter().map(|page| (page["state"].as_str(), page["failure"].as_str())).collect();
    let unread = (Some("failed"), Some("cancelled"));
    assert_eq!(states, [(Some("done"), None), unread, unread]);
}
