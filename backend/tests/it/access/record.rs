use std::time::Duration;

use axum::body::Body;
use http::Method;
use serde_json::{Value, json};
use tower::ServiceExt;
use untxt_core::domain::DocumentId;

use crate::{
    app::{TestApp, json, request},
    people::{PASSWORD, Person, pdf},
};

/// Gives the lines of the record, oldest first, but for what it took to get there.
pub(super) fn lines(app: &TestApp) -> Vec<Value> {
    let lines = app.postgres.superuser_psql(
        "select coalesce(json_agg(e order by position), '[]') from audit_events e where action <> 'login_success'",
    );
    serde_json::from_str(&lines).expect("lines")
}

fn forget(app: &TestApp) {
    let _ = app.postgres.superuser_psql("set session_replication_role = replica; delete from audit_events");
}

fn fails_to_record(app: &TestApp, is_broken: bool) {
    let columns = "action, outcome, actor, session_id, token_id, owner_id, object_kind, object_id, page_number, address, \
                   request_id, count, detail, login_mark";
    let (verb, side) = if is_broken { ("revoke", "from") } else { ("grant", "to") };
    let _ = app.postgres.superuser_psql(&format!("{verb} insert ({columns}) on audit_events {side} untxt_backend"));
}

#[tokio::test]
async fn each_request_makes_one_line_that_says_who_did_what_to_what() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.person("ada").await, app.person("eve").await);
    let uploaded = ada.upload(&app, "Müller, secret.pdf", &pdf(100)).await;
    let id = uploaded.json()["id"].as_str().expect("an id").to_owned();
    let path = uploaded.header("location").to_owned();
    forget(&app);
    let line = |who: &Person, action: &str, outcome: &str, kind: &str, object: Option<&str>, detail: Option<&str>| {
        json!([who.id.to_string(), action, outcome, kind, object, detail])
    };
    ada.get(&app, "/api/v1/documents").await;
    ada.get(&app, &path).await;
    ada.get(&app, &format!("{path}/original")).await;
    ada.get(&app, &format!("{path}/pages/7")).await.is_problem(409, "page_not_ready");
    eve.get(&app, &path).await.is_problem(404, "document_not_found");
    ada.upload(&app, "b.pdf", &pdf(101)).await;
    ada.delete(&app, &path).await;
    ada.delete(&app, &format!("{path}?forever=true")).await;
    let folder = ada.post(&app, "/api/v1/folders", &json!({ "name": "secret" })).await;
    let folder = folder.json()["id"].as_str().expect("an id").to_owned();
    ada.delete(&app, &format!("/api/v1/folders/{folder}")).await;
    let found: Vec<_> = lines(&app)
        .iter()
        .map(|line| {
            json!([
                line["actor"],
                line["action"],
                line["outcome"],
                line["object_kind"],
                line["object_id"],
                line["detail"]
            ])
        })
        .collect();
    // Whose it is stands there, also when it was another who asked and when it is gone.
    let owners: Vec<_> = lines(&app).iter().map(|line| line["owner_id"].clone()).collect();
    assert_eq!(owners[0], Value::Null);
    assert!(owners[1..].iter().all(|owner| *owner == ada.id.to_string()), "{owners:?}");
    let second = lines(&app)[5]["object_id"].as_str().expect("an id").to_owned();
    assert_ne!(second, id);
    assert_eq!(
        found,
        [
            line(&ada, "documents_listed", "ok", "document", None, None),
            line(&ada, "file_access", "ok", "document", Some(&id), None),
            line(&ada, "document_downloaded", "ok", "document", Some(&id), Some("original")),
            line(&ada, "page_read", "refused", "document", Some(&id), Some("page_not_ready")),
            line(&eve, "file_access", "refused", "document", Some(&id), Some("document_not_found")),
            line(&ada, "document_uploaded", "ok", "document", Some(&second), None),
            line(&ada, "document_trashed", "ok", "document", Some(&id), None),
            line(&ada, "document_deleted", "ok", "document", Some(&id), None),
            line(&ada, "folder_created", "ok", "folder", Some(&folder), None),
            line(&ada, "folder_deleted", "ok", "folder", Some(&folder), None),
        ]
    );
    let all = lines(&app);
    assert_eq!(all[3]["page_number"], 7);
    assert!(all.iter().all(|line| line["session_id"].is_string() && line["request_id"].is_string()));
    assert!(!Value::from(all).to_string().contains("secret"), "no name of a document");
}

#[tokio::test]
async fn logins_and_those_who_are_nobody_are_on_record_too() {
    let app = TestApp::start().await;
    let ada = app.create_user("ada").await;
    app.log_in("ada", PASSWORD).await;
    app.log_in("ada", "wrong").await;
    app.send(request(Method::GET, "/api/v1/documents").body(Body::empty()).expect("good")).await;
    let foreign = request(Method::DELETE, "/api/v1/trash").header("origin", "https://evil.example");
    app.send(foreign.body(Body::empty()).expect("good")).await.is_problem(403, "wrong_origin");
    app.send(json(Method::POST, "/api/v1/session", &json!([]))).await.is_problem(400, "bad_request");
    // These say nothing about anybody.
    for path in ["/health", "/api/v1/limits", "/", "/api/v1/nothing"] {
        app.send(request(Method::GET, path).body(Body::empty()).expect("good")).await;
    }
    let said = app.postgres.superuser_psql(
        "select string_agg(concat_ws(' ', action, outcome, actor, detail), '; ' order by position) from audit_events",
    );
    assert_eq!(
        said.trim(),
        format!(
            "login_success ok {ada}; login_failure refused wrong_credentials; documents_listed refused not_logged_in; \
             trash_emptied refused wrong_origin; login_failure refused bad_request"
        )
    );
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_given() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let path = ada.upload(&app, "a.pdf", &pdf(100)).await.header("location").to_owned();
    fails_to_record(&app, true);
    let refused = ada.get(&app, &format!("{path}/original")).await;
    refused.is_problem(503, "audit_unavailable");
    assert!(!refused.text().contains("%PDF") && !refused.headers.contains_key("content-disposition"));
    assert!(!refused.header("retry-after").is_empty());
    ada.get(&app, "/api/v1/documents").await.is_problem(503, "audit_unavailable");
    assert_eq!(ada.get(&app, "/api/v1/limits").await.status, 200, "nothing of anybody");
    fails_to_record(&app, false);
    assert_eq!(ada.get(&app, &format!("{path}/original")).await.status, 200);
}

#[tokio::test]
async fn who_leaves_before_the_answer_is_on_record() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    forget(&app);
    let nowhere = format!("/api/v1/documents/{}", DocumentId::generate());
    let asking = app.router.clone().oneshot(ada.request(Method::GET, &nowhere).body(Body::empty()).expect("good"));
    // Long enough to begin, too short for a database.
    tokio::time::timeout(Duration::from_micros(1), asking).await.expect_err("still asking");
    for _ in 0..500 {
        if !lines(&app).is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let lines = lines(&app);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!((&lines[0]["outcome"], &lines[0]["detail"]), (&"failed".into(), &"client_left".into()));
}
