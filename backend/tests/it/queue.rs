use axum::body::Body;
use http::Method;
use serde_json::{Value, json};
use untxt_core::domain::{FailureCode, TaskId};

use crate::{
    app::{Answer, TestApp},
    people::{Person, pdf},
    worker::Worker,
};

async fn upload(app: &TestApp, person: &Person) -> TaskId {
    let document = person.upload(app, "Befund Wobbelsheim.pdf", &pdf(100)).await;
    document.json()["task"]["id"].as_str().expect("an id").parse().expect("an id")
}

async fn act(app: &TestApp, person: &Person, task: TaskId, what: &str) -> Answer {
    let path = format!("/api/v1/admin/tasks/{task}/{what}");
    app.send(person.request(Method::POST, &path).body(Body::empty()).expect("good")).await
}

async fn queue(app: &TestApp, admin: &Person) -> Value {
    let answer = admin.get(app, "/api/v1/admin/queue").await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    answer.json()
}

#[tokio::test]
async fn who_is_no_administrator_learns_nothing_and_changes_nothing() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let task = upload(&app, &ada).await;
    for who in [&ada, &bob] {
        who.get(&app, "/api/v1/admin/queue").await.is_problem(403, "not_allowed");
        for what in ["cancel", "replay"] {
            // The same whether there is such a task or not.
            for task in [task, TaskId::generate()] {
                act(&app, who, task, what).await.is_problem(403, "not_allowed");
            }
        }
    }
    let nobody = app.send(crate::app::request(Method::GET, "/api/v1/admin/queue").body(Body::empty()).expect("good"));
    nobody.await.is_problem(401, "not_logged_in");
    let state = app.postgres.superuser_psql(&format!("select state from tasks where id = '{task}'"));
    assert_eq!(state, "queued");
}

#[tokio::test]
async fn an_administrator_sees_what_waits_without_its_name_and_stops_it() {
    let app = TestApp::start().await;
    let (ada, root) = (app.person("ada").await, app.admin("root").await);
    let task = upload(&app, &ada).await;
    let seen = queue(&app, &root).await;
    assert_eq!(seen["totals"]["workers"], 0);
    assert_eq!((&seen["totals"]["open_tasks"], &seen["totals"]["waiting_tasks"]), (&json!(1), &json!(1)));
    let shown = &seen["tasks"][0];
    assert_eq!(
        (&shown["id"], &shown["owner"], &shown["state"], &shown["queue"]),
        (&json!(task), &json!("ada"), &json!("queued"), &json!("interactive"))
    );
    assert_eq!(shown["pages"], json!({ "total": 0, "ended": 0, "in_work": 0 }));
    let worker = Worker::start(&app).await;
    worker.report_alive(2, Some(1.5)).await;
    let seen = queue(&app, &root).await;
    assert_eq!((&seen["workers"][0]["slots"], &seen["workers"][0]["page_seconds"]), (&json!(2), &json!(1.5)));
    assert_eq!(seen["workers"][0]["id"].as_str().map(str::len), Some(8));
    assert!(!seen.to_string().contains("Wobbelsheim"), "{seen}");

    let mut foreign = root.request(Method::POST, &format!("/api/v1/admin/tasks/{task}/cancel"));
    foreign = foreign.header("origin", "https://evil.example");
    app.send(foreign.body(Body::empty()).expect("good")).await.is_problem(403, "wrong_origin");
    let stopped = act(&app, &root, task, "cancel").await;
    assert_eq!((stopped.status.as_u16(), &stopped.json()["state"]), (200, &json!("cancelled")));
    assert_eq!(act(&app, &root, task, "cancel").await.json(), stopped.json(), "stopping twice changes nothing");
    act(&app, &root, TaskId::generate(), "cancel").await.is_problem(404, "task_not_found");
    let seen = queue(&app, &root).await;
    assert_eq!((&seen["tasks"], &seen["totals"]["open_tasks"]), (&json!([]), &json!(0)));
    // It stays hers: whoever stopped it can't open it.
    let documents = ada.get(&app, "/api/v1/documents").await.json();
    assert_eq!(documents["documents"][0]["task"]["state"], "cancelled");
    assert_eq!(root.get(&app, "/api/v1/documents").await.json()["documents"], json!([]));
}

#[tokio::test]
async fn what_was_given_up_is_shown_with_advice_and_read_again() {
    let app = TestApp::start().await;
    let (ada, root) = (app.person("ada").await, app.admin("root").await);
    let task = upload(&app, &ada).await;
    act(&app, &root, task, "replay").await.is_problem(409, "still_reading");
    Worker::start(&app).await.fail(task, FailureCode::Crashed).await;
    let letter = queue(&app, &root).await["dead_letters"][0].clone();
    assert_eq!((&letter["task"], &letter["page"], &letter["attempts"]), (&json!(task), &Value::Null, &json!(1)));
    assert_eq!(letter["failure"]["code"], "crashed");
    assert!(letter["failure"]["advice"].as_str().is_some_and(|advice| !advice.is_empty()), "{letter}");

    let replayed = act(&app, &root, task, "replay").await;
    assert_eq!((replayed.status.as_u16(), &replayed.json()["state"]), (202, &json!("queued")));
    let new = replayed.json()["id"].clone();
    let seen = queue(&app, &root).await;
    assert_eq!((&seen["dead_letters"], &seen["tasks"][0]["id"]), (&json!([]), &new));
    act(&app, &root, TaskId::generate(), "replay").await.is_problem(404, "task_not_found");
    act(&app, &root, task, "replay").await.is_problem(409, "still_reading");
    let documents = ada.get(&app, "/api/v1/documents").await.json();
    assert_eq!(documents["documents"][0]["task"]["id"], new, "her document shows the new run");
}
