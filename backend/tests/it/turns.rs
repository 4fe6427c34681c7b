//! One person's changes that wait, and everybody else.

use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};
use untxt_core::domain::DocumentId;
use untxt_database::{
    documents::{self, Restored, ShredWish, Shredding},
    labels, tags,
};

use crate::{
    app::TestApp,
    people::{Person, pdf},
};

/// More of each than the whole server has connections.
const OF_EACH: usize = 10;

/// Counts the backend's connections that wait for a lock.
fn waiting(app: &TestApp) -> usize {
    let count = "select count(*) from pg_stat_activity
        where datname = current_database() and usename = 'untxt_backend' and wait_event_type = 'Lock'";
    app.postgres.superuser_psql(count).trim().parse().expect("a number")
}

async fn uploaded(app: &TestApp, ada: &Person) -> (DocumentId, String, String) {
    let answer = ada.upload(app, "a.pdf", &pdf(100)).await;
    let document = answer.json();
    let text = |value: &Value| value.as_str().expect("an id").to_owned();
    let id = text(&document["id"]);
    (id.parse().expect("an id"), answer.header("location").to_owned(), text(&document["task"]["id"]))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_for_himself_takes_no_connections_from_others() {
    let app = Arc::new(TestApp::start().await);
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let (id, at, task) = uploaded(&app, &ada).await;
    let (trashed, trashed_at, _) = uploaded(&app, &ada).await;
    assert_eq!(ada.delete(&app, &trashed_at).await.status, 204);
    let folder = ada.make(&app, "/api/v1/folders", &json!({ "name": "Bills" })).await;
    let tag = ada.make(&app, "/api/v1/tags", &json!({ "name": "red" })).await;

    // Somebody does all of it just now, and has not finished.
    let elsewhere = app.postgres.backend().await;
    let mut held = elsewhere.begin_as(ada.id).await.expect("a transaction");
    labels::lock(&mut held, ada.id.as_owner()).await.expect("locked");
    assert!(tags::delete(&mut held, tag.parse().expect("an id")).await.expect("deleted"));
    let shredding = documents::shred(&mut held, id, ShredWish::AtOnce).await.expect("shredded");
    assert_eq!(shredding, Shredding::Done);
    assert_eq!(documents::restore(&mut held, trashed).await.expect("restored"), Some(Restored::Back));

    let (folders, tags) = ("/api/v1/folders", "/api/v1/tags");
    let nothing = Value::Null;
    let wishes = [
        (Method::POST, folders.to_owned(), json!({ "name": "Other" })),
        (Method::PATCH, format!("{folders}/{folder}"), json!({ "name": "Another" })),
        (Method::DELETE, format!("{folders}/{folder}"), nothing.clone()),
        (Method::POST, tags.to_owned(), json!({ "name": "blue" })),
        (Method::PATCH, format!("{tags}/{tag}"), json!({ "name": "green" })),
        (Method::DELETE, format!("{tags}/{tag}"), nothing.clone()),
        (Method::PATCH, at.clone(), json!({ "tags": [] })),
        (Method::POST, format!("{at}/tasks"), json!({ "pages": "all" })),
        (Method::POST, format!("{at}/choices"), json!({ "pages": [{ "page": 1, "task": task }] })),
        (Method::POST, format!("/api/v1/tasks/{task}/cancel"), nothing.clone()),
        (Method::DELETE, at.clone(), nothing.clone()),
        (Method::DELETE, format!("{at}?forever=true"), nothing.clone()),
        (Method::POST, format!("{trashed_at}/restore"), nothing.clone()),
        (Method::DELETE, "/api/v1/trash".to_owned(), nothing),
    ];
    let mut asked = tokio::task::JoinSet::new();
    for (method, path, body) in std::iter::repeat_n(wishes, OF_EACH).flatten() {
        let (app, ada) = (Arc::clone(&app), ada.clone());
        asked.spawn(async move { (ada.ask(&app, method, &path, &body).await.status.as_u16(), path) });
    }
    while waiting(&app) < 2 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    for _ in 0..20 {
        assert_eq!(bob.get(&app, "/api/v1/documents").await.status, 200);
        assert_eq!(ada.get(&app, &at).await.status, 200, "what she reads does not wait either");
        assert_eq!(waiting(&app), 2);
    }
    drop(held);
    while let Some(answer) = asked.join_next().await {
        let (status, path) = answer.expect("no panic");
        assert!(status < 500, "{path} {status}");
    }
}

#[tokio::test]
async fn a_session_that_is_noted_as_used_holds_up_nobody() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let _ = app.postgres.superuser_psql("update sessions set last_used_at = now() - interval '1 minute'");
    // A long request has noted it, and goes on.
    let elsewhere = app.postgres.backend().await;
    let mut held = elsewhere.begin_as(ada.id).await.expect("a transaction");
    let session = app.postgres.superuser_psql("select id from sessions");
    let session = session.trim().parse().expect("an id");
    let day = std::time::Duration::from_secs(86_400);
    untxt_database::sessions::enter(&mut held, ada.id, session, day).await.expect("noted").expect("a role");
    assert_eq!(ada.get(&app, "/api/v1/documents").await.status, 200);
    held.commit().await.expect("committed");
    let noted = "select count(*) from sessions where last_used_at > now() - interval '30 seconds'";
    assert_eq!(app.postgres.superuser_psql(noted).trim(), "1");
}
