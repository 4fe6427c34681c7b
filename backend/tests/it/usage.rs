use axum::body::Body;
use futures::future::join_all;
use http::Method;
use serde_json::{Value, json};
use untxt_core::domain::TaskId;

use crate::{
    app::{Answer, TestApp},
    people::{Person, multipart, pdf},
    worker::Worker,
};

const USAGE: &str = "/api/v1/account/usage";

async fn limited(pages: u64, bytes: u64) -> TestApp {
    TestApp::with(|settings| {
        settings.limits.owner_pages_per_month = pages;
        settings.limits.owner_bytes = bytes;
    })
    .await
}

fn task_of(answer: &Answer) -> TaskId {
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    answer.json()["task"]["id"].as_str().expect("an id").parse().expect("an id")
}

async fn used(app: &TestApp, person: &Person) -> Value {
    let answer = person.get(app, USAGE).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let usage = answer.json();
    json!([usage["pages"], usage["pages_per_month"], usage["bytes"], usage["max_bytes"]])
}

#[tokio::test]
async fn pages_count_once_they_are_read_and_stay_counted() {
    let app = limited(5, 0).await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let worker = Worker::start(&app).await;
    assert_eq!(used(&app, &ada).await, json!([0, 5, 0, null]));
    let first = ada.upload(&app, "a.pdf", &pdf(100)).await;
    assert_eq!(used(&app, &ada).await, json!([1, 5, 100, null]), "what waits counts");
    worker.read(&app, task_of(&first), 3, &[]).await;
    assert_eq!(used(&app, &ada).await, json!([3, 5, 100, null]));
    // Deleting gives the bytes back, and not the pages.
    let path = first.header("location").to_owned();
    assert_eq!(ada.delete(&app, &path).await.status, 204);
    assert_eq!(used(&app, &ada).await, json!([3, 5, 100, null]), "it lies in the trash");
    assert_eq!(ada.delete(&app, &format!("{path}?forever=true")).await.status, 204);
    assert_eq!(used(&app, &ada).await, json!([3, 5, 0, null]));
    // The last document is read to its end; then nothing is begun any more, not even again.
    let second = ada.upload(&app, "b.pdf", &pdf(100)).await;
    worker.read(&app, task_of(&second), 4, &[]).await;
    assert_eq!(used(&app, &ada).await, json!([7, 5, 100, null]));
    let stored = app.objects.keys().len();
    ada.upload(&app, "c.pdf", &pdf(100)).await.is_problem(409, "page_quota_used");
    let again = format!("{}/tasks", second.header("location"));
    ada.post(&app, &again, &json!({ "pages": "all" })).await.is_problem(409, "page_quota_used");
    assert_eq!(app.objects.keys().len(), stored, "nothing was left in the store");
    // Others have pages of their own, and the next month has new ones.
    assert_eq!(bob.upload(&app, "a.pdf", &pdf(100)).await.status, 202);
    let _ = app.postgres.superuser_psql("update page_usage set month = month - interval '1 month'");
    assert_eq!(used(&app, &ada).await, json!([0, 5, 100, null]));
    assert_eq!(ada.post(&app, &again, &json!({ "pages": [2] })).await.status, 202);
    assert_eq!(used(&app, &ada).await, json!([1, 5, 100, null]), "one page is read again");
}

#[tokio::test]
async fn whoever_reads_and_deletes_before_the_end_has_read() {
    let app = limited(0, 0).await;
    let ada = app.person("ada").await;
    let uploaded = ada.upload(&app, "a.pdf", &pdf(100)).await;
    let (worker, task) = (Worker::start(&app).await, task_of(&uploaded));
    worker.begin(task, 3).await;
    for _ in 0..2 {
        assert!(worker.read_next(&app, task, &[]).await);
    }
    assert_eq!(used(&app, &ada).await, json!([3, null, 100, null]));
    assert_eq!(ada.delete(&app, &format!("{}?forever=true", uploaded.header("location"))).await.status, 204);
    assert_eq!(used(&app, &ada).await, json!([2, null, 0, null]));
}

#[tokio::test]
async fn whoever_has_a_document_read_again_and_shreds_it_before_the_end_has_read() {
    let app = limited(0, 0).await;
    let ada = app.person("ada").await;
    let uploaded = ada.upload(&app, "a.pdf", &pdf(100)).await;
    let worker = Worker::start(&app).await;
    worker.read(&app, task_of(&uploaded), 3, &[]).await;
    let path = uploaded.header("location");
    let again = ada.post(&app, &format!("{path}/tasks"), &json!({ "pages": "all" })).await;
    let again: TaskId = again.json()["id"].as_str().expect("an id").parse().expect("an id");
    worker.begin_again(again).await;
    assert!(worker.read_next(&app, again, &[]).await);
    assert_eq!(used(&app, &ada).await, json!([6, null, 100, null]));
    assert_eq!(ada.delete(&app, &format!("{path}?forever=true")).await.status, 204);
    assert_eq!(used(&app, &ada).await, json!([4, null, 0, null]));
}

#[tokio::test]
async fn a_team_is_no_way_round_a_limit() {
    let app = limited(0, 0).await;
    let (ada, root) = (app.person("ada").await, app.admin("root").await);
    let team = ada.post(&app, "/api/v1/teams", &json!({ "name": "round" })).await.json()["id"].clone();
    let into = format!("/api/v1/documents?team={}", team.as_str().expect("an id"));
    let upload = async || {
        let request = ada.request(Method::POST, &into).header("content-type", "multipart/form-data; boundary=edge");
        app.send(request.body(Body::from(multipart("a.pdf", &pdf(100)))).expect("good")).await
    };
    assert_eq!(upload().await.status, 202);
    let limits = format!("/api/v1/users/{}/limits", ada.id);
    let none = json!({ "pages_per_month": 0, "max_bytes": null });
    assert_eq!(root.ask(&app, Method::PUT, &limits, &none).await.status, 200);
    upload().await.is_problem(409, "page_quota_used");
}

#[tokio::test]
async fn of_uploads_at_once_no_two_take_the_last_room() {
    let app = limited(0, 1000).await;
    let ada = app.person("ada").await;
    let files: Vec<_> = (0..8).map(|n| pdf(300 + n)).collect();
    let answers = join_all(files.iter().map(|file| ada.upload(&app, "a.pdf", file))).await;
    let taken = answers.iter().filter(|answer| answer.status == 202).count();
    assert_eq!(taken, 3, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
    for refused in answers.iter().filter(|answer| answer.status != 202) {
        refused.is_problem(409, "storage_quota_used");
    }
    assert_eq!((app.objects.keys().len(), app.count("documents")), (3, 3));
    // What was taken with a key before needs no room.
    let small = pdf(50);
    let room = ada.upload_with_key(&app, "one", "b.pdf", &small).await;
    assert_eq!(room.status, 202);
    assert_eq!(ada.upload_with_key(&app, "one", "b.pdf", &small).await.status, 200);
    let told = ada.upload(&app, "c.pdf", &pdf(900)).await;
    assert!(told.is_problem(409, "storage_quota_used").text().contains("of 1000 bytes are left"), "{}", told.text());
}

#[tokio::test]
async fn an_administrator_says_otherwise_of_a_person() {
    let app = limited(5, 1000).await;
    let (ada, root) = (app.person("ada").await, app.admin("root").await);
    let limits = format!("/api/v1/users/{}/limits", ada.id);
    let set = async |wish: Value| root.ask(&app, Method::PUT, &limits, &wish).await;
    let changed = set(json!({ "pages_per_month": 0, "max_bytes": null })).await;
    assert_eq!(changed.status, 200, "{:?}", changed.body);
    ada.upload(&app, "a.pdf", &pdf(100)).await.is_problem(409, "page_quota_used");
    set(json!({ "pages_per_month": 100, "max_bytes": 5000 })).await;
    assert_eq!(ada.upload(&app, "a.pdf", &pdf(2000)).await.status, 202);
    assert_eq!(used(&app, &ada).await, json!([1, 100, 2000, 5000]));
    assert_eq!(root.get(&app, &limits).await.json()["bytes"], 2000);
    ada.get(&app, &limits).await.is_problem(403, "not_allowed");
    ada.ask(&app, Method::PUT, &limits, &json!({ "pages_per_month": null, "max_bytes": null }))
        .await
        .is_problem(403, "not_allowed");
    let nobody = format!("/api/v1/users/{}/limits", uuid::Uuid::new_v4());
    root.get(&app, &nobody).await.is_problem(404, "user_not_found");
    let wish = json!({ "pages_per_month": 1, "max_bytes": 1 });
    root.ask(&app, Method::PUT, &nobody, &wish).await.is_problem(404, "user_not_found");
    set(json!({ "pages_per_month": u64::MAX, "max_bytes": null })).await.is_problem(400, "bad_request");
    let _ = app.postgres.superuser_psql("update sessions set verified_at = verified_at - interval '1 hour'");
    set(wish).await.is_problem(403, "step_up_required");
    // Of others nothing was said.
    let bob = app.person("bob").await;
    assert_eq!(used(&app, &bob).await, json!([0, 5, 0, 1000]));
}

#[tokio::test]
async fn who_has_a_document_read_again_uses_what_its_owner_has() {
    let app = limited(3, 0).await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let uploaded = ada.upload(&app, "a.pdf", &pdf(100)).await;
    Worker::start(&app).await.read(&app, task_of(&uploaded), 3, &[]).await;
    let path = uploaded.header("location");
    let share = json!({ "login": "bob", "right": "correct" });
    assert_eq!(ada.post(&app, &format!("{path}/shares"), &share).await.status, 201);
    let again = bob.post(&app, &format!("{path}/tasks"), &json!({ "pages": "all" })).await;
    again.is_problem(409, "page_quota_used");
    assert_eq!(used(&app, &bob).await, json!([0, 3, 0, null]));
    assert_eq!(bob.upload(&app, "b.pdf", &pdf(100)).await.status, 202);
}
