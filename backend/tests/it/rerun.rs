//! Reading a document again, and choosing between two results.

use axum::body::Body;
use http::Method;
use serde_json::{Value, json};
use untxt_core::{
    domain::{FailureCode, TaskId},
    storage::{ObjectKey, ObjectStore},
};

use crate::{
    app::{Answer, TestApp},
    people::{Person, pdf},
    worker::{Worker, content_of},
};

/// A document that was read once, and everybody who touches it.
struct Scene {
    app: TestApp,
    ada: Person,
    worker: Worker,
    at: String,
    first: TaskId,
}

fn task_of(answer: &Answer) -> TaskId {
    let json = answer.json();
    let task = if json["task"].is_object() { &json["task"] } else { &json };
    task["id"].as_str().expect("an id").parse().expect("an id")
}

impl Scene {
    async fn delete_forever(&self) -> u16 {
        self.ada.delete(&self.app, &format!("{}?forever=true", self.at)).await.status.as_u16()
    }

    /// Begins with three pages; those in `broken` failed.
    async fn with(broken: &[u32]) -> Self {
        Self::allowing(20, broken).await
    }

    async fn allowing(max_readings: u32, broken: &[u32]) -> Self {
        let app = TestApp::with(|settings| settings.limits.max_readings = max_readings).await;
        let ada = app.person("ada").await;
        let document = ada.upload(&app, "a.pdf", &pdf(100)).await;
        let (at, first) = (document.header("location").to_owned(), task_of(&document));
        let worker = Worker::start(&app).await;
        worker.report_languages(&["deu", "eng"]).await;
        worker.read(&app, first, 3, broken).await;
        Self { app, ada, worker, at, first }
    }

    async fn get(&self, path: &str) -> Answer {
        self.ada.get(&self.app, &format!("{}{path}", self.at)).await
    }

    async fn text(&self) -> String {
        self.get("/formats/txt").await.text().to_owned()
    }

    async fn post_as(&self, person: &Person, path: &str, body: &Value, key: Option<&str>) -> Answer {
        let mut request = person.request(Method::POST, &format!("{}{path}", self.at));
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let request = request.header("content-type", "application/json").body(Body::from(body.to_string()));
        self.app.send(request.expect("good")).await
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_as(&self.ada, path, body, None).await
    }

    async fn read_again(&self, body: &Value) -> TaskId {
        let answer = self.post("/tasks", body).await;
        assert_eq!(answer.status, 202, "{:?}", answer.body);
        let task = task_of(&answer);
        self.worker.begin_again(task).await;
        task
    }

    /// Has all pages read again; nobody has begun.
    async fn read_again_unread(&self) -> TaskId {
        let answer = self.post("/tasks", &json!({"pages": "all"})).await;
        assert_eq!(answer.status, 202, "{:?}", answer.body);
        task_of(&answer)
    }

    async fn finish(&self, task: TaskId) {
        self.worker.finish(&self.app, task, true).await;
    }

    async fn pdf(&self) -> String {
        self.get("/searchable.pdf").await.text().to_owned()
    }
}

#[tokio::test]
async fn failed_pages_are_tried_again_and_everything_follows() {
    let scene = Scene::with(&[2]).await;
    assert_eq!(scene.get("").await.json()["task"]["state"], "done_with_errors");
    let task = scene.read_again(&json!({"pages": "failed"})).await;
    let document = scene.get("").await.json();
    assert_eq!((&document["task"]["id"], &document["task"]["is_rerun"]), (&json!(task), &json!(true)));
    assert_eq!(document["task"]["pages"], json!({"total": 3, "done": 2, "failed": 0, "low": 0}));
    assert_eq!(scene.get("/pages/1").await.json()["text"], "page 1\n", "what was read stays");
    scene.get("/pages/2").await.is_problem(409, "page_not_ready");
    assert_eq!(scene.pdf().await, format!("%PDF-1.7 searchable of {}", scene.first), "the one of before");
    assert!(scene.text().await.contains("page 3"), "the text of before");

    assert!(scene.worker.read_next(&scene.app, task, &[]).await);
    assert!(!scene.worker.read_next(&scene.app, task, &[]).await, "one page was to be read");
    scene.finish(task).await;
    let document = scene.get("").await.json();
    assert_eq!(document["task"]["state"], "done");
    let pages = scene.get("/pages").await.json();
    let tasks: Vec<_> = pages["pages"].as_array().expect("pages").iter().map(|page| &page["task"]).collect();
    assert_eq!(tasks, [&json!(scene.first), &json!(task), &json!(scene.first)]);
    assert_eq!(scene.pdf().await, format!("%PDF-1.7 searchable of {task}"));
    for page in 1..=3 {
        assert!(scene.text().await.contains(&format!("page {page}")));
        let image = scene.get(&format!("/pages/{page}/image")).await;
        assert_eq!(image.text(), format!("image of page {page}"));
    }
    scene.post("/tasks", &json!({"pages": "failed"})).await.is_problem(409, "nothing_unread");
}

#[tokio::test]
async fn a_worse_result_waits_until_it_is_accepted() {
    let scene = Scene::with(&[]).await;
    let task = scene.read_again(&json!({"pages": [2], "languages": "deu", "preset": "fax", "text": "redo"})).await;
    let settings = json!({"languages": "deu", "preset": "fax", "text_mode": "redo"});
    assert_eq!(scene.get("").await.json()["task"]["settings"], settings);
    let worse = |number| content_of("Seite", 0.5, number);
    assert!(scene.worker.read_next_as(&scene.app, task, &[], worse).await);
    scene.finish(task).await;
    assert_eq!(scene.get("/pages/2").await.json()["text"], "page 2\n");
    let page = scene.get("/pages").await.json()["pages"][1].clone();
    assert_eq!((&page["task"], &page["mean_confidence"]), (&json!(scene.first), &json!(0.9)));
    let newer = json!({"task": task, "mean_confidence": 0.5, "is_newer": true, "is_undecided": true});
    assert_eq!(page["other"], newer);
    let compared = scene.get(&format!("/pages/2?task={task}")).await.json();
    assert_eq!((&compared["text"], &compared["task"]), (&json!("Seite 2\n"), &json!(task)));
    assert_eq!(scene.get(&format!("/pages/2/image?task={task}")).await.status, 200);
    scene.get(&format!("/pages/1?task={task}")).await.is_problem(404, "result_not_found");

    let accept = json!({"pages": [{"page": 2, "task": task}]});
    let accepted = scene.post("/choices", &accept).await;
    assert_eq!(accepted.status, 202, "{:?}", accepted.body);
    assert_eq!(scene.get("/pages/2").await.json()["text"], "Seite 2\n", "at once");
    assert_eq!(scene.post("/choices", &accept).await.status, 200, "the same wish again");
    let accepted = task_of(&accepted);
    assert_eq!(scene.worker.begin_again(accepted).await, 0, "nothing to read");
    scene.finish(accepted).await;
    assert!(scene.text().await.contains("Seite 2"));
    assert_eq!(scene.pdf().await, format!("%PDF-1.7 searchable of {accepted}"));
    let json = scene.get("/formats/json").await.json();
    assert_eq!(json["pages"][1]["text"], "Seite 2\n");

    let back = scene.post("/choices", &json!({"pages": [{"page": 2, "task": scene.first}]})).await;
    assert_eq!(back.status, 202);
    assert_eq!(scene.get("/pages/2").await.json()["text"], "page 2\n");
}

#[tokio::test]
async fn a_searchable_pdf_of_an_older_reading_says_so() {
    let scene = Scene::with(&[]).await;
    let pdf = async || {
        let document = scene.get("").await.json();
        let pdf = scene.get("/searchable.pdf").await;
        (document["pdf_task"].clone(), pdf.text().to_owned(), pdf.header("content-disposition").to_owned())
    };
    let (of_task, text, name) = pdf().await;
    assert_eq!((of_task, text), (json!(scene.first), format!("%PDF-1.7 searchable of {}", scene.first)));
    assert!(name.contains("\"a.searchable.pdf\""), "{name}");
    let task = scene.read_again(&json!({"pages": [1]})).await;
    let better = |number| content_of("Blatt", 0.99, number);
    assert!(scene.worker.read_next_as(&scene.app, task, &[], better).await);
    scene.worker.finish(&scene.app, task, false).await;
    assert_eq!(scene.get("").await.json()["task"]["state"], "done_with_errors");
    let (of_task, text, name) = pdf().await;
    assert_eq!((of_task, text), (json!(scene.first), format!("%PDF-1.7 searchable of {}", scene.first)));
    assert!(name.contains("\"a.older.searchable.pdf\""), "{name}");
    // Nothing is to be read, only the PDF is missing.
    let answer = scene.post("/tasks", &json!({"pages": "failed"})).await;
    let task = task_of(&answer);
    assert_eq!((answer.status.as_u16(), scene.worker.begin_again(task).await), (202, 0));
    scene.finish(task).await;
    let (of_task, _, name) = pdf().await;
    assert_eq!(of_task, json!(task));
    assert!(name.contains("\"a.searchable.pdf\""), "{name}");
}

#[tokio::test]
async fn a_download_that_meets_the_removal_of_its_pdf_gets_the_one_in_its_place() {
    let scene = Scene::with(&[]).await;
    let task = scene.read_again(&json!({"pages": [1]})).await;
    assert!(scene.worker.read_next(&scene.app, task, &[]).await);
    let objects = &scene.app.objects;
    let older = objects.keys().into_iter().find(|key| matches!(key, ObjectKey::SearchablePdf(..))).expect("a PDF");
    let (asked, let_go) = objects.hold_next_get();
    let replaced = async {
        asked.await.expect("asked for");
        scene.finish(task).await;
        objects.delete(&[older]).await.expect("deleted");
        let_go.send(()).expect("it waits");
    };
    let (pdf, ()) = tokio::join!(scene.get("/searchable.pdf"), replaced);
    assert_eq!(pdf.text(), format!("%PDF-1.7 searchable of {task}"));
    assert!(pdf.header("content-disposition").contains("\"a.searchable.pdf\""));

    let (asked, let_go) = objects.hold_next_get();
    let deleted = async {
        asked.await.expect("asked for");
        assert_eq!(scene.delete_forever().await, 204);
        objects.delete(&objects.keys()).await.expect("deleted");
        let_go.send(()).expect("it waits");
    };
    let (pdf, ()) = tokio::join!(scene.get("/searchable.pdf"), deleted);
    pdf.is_problem(404, "document_not_found");
}

#[tokio::test]
async fn a_stopped_run_takes_nothing_away() {
    let scene = Scene::with(&[]).await;
    let task = scene.read_again(&json!({"pages": "all"})).await;
    let cancel = |task: TaskId| scene.ada.request(Method::POST, &format!("/api/v1/tasks/{task}/cancel"));
    let stopped = scene.app.send(cancel(task).body(Body::empty()).expect("good")).await;
    assert_eq!(stopped.json()["state"], "cancelled");
    let document = scene.get("").await.json();
    assert_eq!((&document["task"]["id"], &document["task"]["state"]), (&json!(scene.first), &json!("done")));
    assert_eq!(scene.pdf().await, format!("%PDF-1.7 searchable of {}", scene.first));

    let task = scene.read_again(&json!({"pages": "all"})).await;
    let better = |number| content_of("Blatt", 0.99, number);
    assert!(scene.worker.read_next_as(&scene.app, task, &[], better).await);
    scene.app.send(cancel(task).body(Body::empty()).expect("good")).await;
    let next = task_of(&scene.get("").await);
    assert_ne!(next, task);
    assert_eq!(scene.worker.begin_again(next).await, 0);
    scene.finish(next).await;
    let text = scene.text().await;
    assert!(text.contains("Blatt 1") && text.contains("page 2") && text.contains("page 3"), "{text}");
    assert_eq!(scene.pdf().await, format!("%PDF-1.7 searchable of {next}"));
}

#[tokio::test]
async fn a_key_gives_the_same_task_and_a_second_run_has_to_wait() {
    let scene = Scene::with(&[]).await;
    let wish = json!({"pages": [1]});
    let first = scene.post_as(&scene.ada, "/tasks", &wish, Some("k")).await;
    assert_eq!(first.status, 202);
    let again = scene.post_as(&scene.ada, "/tasks", &wish, Some("k")).await;
    assert_eq!((again.status.as_u16(), task_of(&again)), (200, task_of(&first)));
    let other = scene.post_as(&scene.ada, "/tasks", &json!({"pages": [2]}), Some("k")).await;
    other.is_problem(409, "idempotency_key_reused");
    scene.post("/tasks", &wish).await.is_problem(409, "still_reading");
    let choice = json!({"pages": [{"page": 1, "task": TaskId::generate()}]});
    scene.post("/choices", &choice).await.is_problem(409, "still_reading");
}

#[tokio::test]
async fn wishes_that_nobody_can_fulfil_are_refused() {
    let scene = Scene::with(&[]).await;
    let bob = scene.app.person("bob").await;
    let all = json!({"pages": "all"});
    scene.post_as(&bob, "/tasks", &all, None).await.is_problem(404, "document_not_found");
    let choice = json!({"pages": [{"page": 1, "task": scene.first}]});
    scene.post_as(&bob, "/choices", &choice, None).await.is_problem(404, "document_not_found");
    scene.post("/tasks", &json!({"pages": [4]})).await.is_problem(404, "page_not_found");
    scene.post("/tasks", &json!({"pages": []})).await.is_problem(400, "bad_request");
    for bad in [json!({}), json!({"pages": [0]}), json!({"pages": "some"}), json!({"pages": "all", "colour": "red"})] {
        scene.post("/tasks", &bad).await.is_problem(400, "bad_request");
    }
    scene.post("/tasks", &json!({"pages": "all", "preset": "shiny"})).await.is_problem(400, "bad_request");
    let missing = scene.post("/tasks", &json!({"pages": "all", "languages": "xyz"})).await;
    missing.is_problem(422, "language_missing");
    scene.post("/choices", &json!({"pages": []})).await.is_problem(400, "bad_request");
    let foreign = json!({"pages": [{"page": 1, "task": TaskId::generate()}]});
    scene.post("/choices", &foreign).await.is_problem(404, "result_not_found");
    assert_eq!(scene.post("/choices", &choice).await.status, 200, "it is shown already");
    assert_eq!(scene.app.count("tasks"), 1);
}

#[tokio::test]
async fn malware_stays_in_quarantine_however_often_it_is_tried() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let document = ada.upload(&app, "a.pdf", &pdf(100)).await;
    let (at, first, worker) = (document.header("location").to_owned(), task_of(&document), Worker::start(&app).await);
    worker.fail(first, FailureCode::MalwareFound).await;
    let scene = Scene { app, ada, worker, at, first };
    let again = scene.post("/tasks", &json!({"pages": "all"})).await;
    assert_eq!(again.status, 202);
    scene.get("/original").await.is_problem(403, "quarantined");
    scene.get("/searchable.pdf").await.is_problem(403, "quarantined");
    let cancel = format!("/api/v1/tasks/{}/cancel", task_of(&again));
    let cancel = scene.ada.request(Method::POST, &cancel).body(Body::empty()).expect("good");
    assert_eq!(scene.app.send(cancel).await.json()["state"], "cancelled");
    scene.get("/original").await.is_problem(403, "quarantined");
    let passed = task_of(&scene.post("/tasks", &json!({"pages": "all"})).await);
    scene.worker.read(&scene.app, passed, 1, &[]).await;
    assert_eq!(scene.get("/original").await.status, 200, "the scanner has learned better");
}

#[tokio::test]
async fn what_was_read_before_malware_was_found_is_held_back_too() {
    let scene = Scene::with(&[]).await;
    let again = scene.read_again_unread().await;
    scene.worker.fail(again, FailureCode::MalwareFound).await;
    let of_first = format!("?task={}", scene.first);
    for path in [
        "/original",
        "/searchable.pdf",
        "/pages/1",
        &format!("/pages/1{of_first}"),
        "/pages/1/image",
        &format!("/pages/1/image{of_first}"),
        "/pages/1/formats/txt",
        "/formats/txt",
        "/formats/docx",
    ] {
        scene.get(path).await.is_problem(403, "quarantined");
    }
    let choice = json!({"pages": [{"page": 1, "task": again}]});
    assert_eq!(scene.post("/choices", &choice).await.status, 404, "there is no such result");
    assert_eq!(scene.get("").await.status, 200, "it can still be seen and deleted");
    assert_eq!(scene.delete_forever().await, 204);
}

#[tokio::test]
async fn a_document_is_not_read_again_for_ever() {
    let scene = Scene::allowing(2, &[]).await;
    let again = scene.read_again(&json!({"pages": [1]})).await;
    scene.worker.read_next(&scene.app, again, &[]).await;
    scene.finish(again).await;
    let refused = scene.post("/tasks", &json!({"pages": "all"})).await;
    refused.is_problem(409, "too_many_readings");
    assert!(refused.json()["detail"].as_str().expect("a sentence").contains("keeps 2 readings"), "{}", refused.text());
}

#[tokio::test]
async fn deleting_leaves_nothing_of_any_run() {
    let scene = Scene::with(&[3]).await;
    let task = scene.read_again(&json!({"pages": "failed"})).await;
    scene.worker.read_next(&scene.app, task, &[]).await;
    scene.finish(task).await;
    assert_eq!(scene.delete_forever().await, 204);
    assert_eq!((scene.app.count("tasks"), scene.app.count("pages"), scene.app.count("task_events")), (0, 0, 0));
}
