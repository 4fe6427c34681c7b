use std::time::Duration;

use axum::body::Body;
use http::Method;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;
use untxt_core::domain::TaskId;

use crate::{
    app::{Answer, TestApp},
    people::{PASSWORD, Person, pdf},
    smtp::{MailServer, Manner},
    worker::Worker,
};

const EMERGENCY: &str = "/api/v1/emergency-access";
const DOCUMENTS: &str = "/api/v1/documents";
const REASON: &str = "unconscious patient, allergy unknown";

async fn app() -> TestApp {
    TestApp::with(|settings| settings.emergency.enabled = true).await
}

async fn with_role(app: &TestApp, login: &str, role: &str) -> Person {
    let person = app.person(login).await;
    let _ = app.postgres.superuser_psql(&format!("update users set role = '{role}' where id = '{}'", person.id));
    person
}

/// A document that was read, and where it is.
async fn a_document(app: &TestApp, owner: &Person, bytes: usize) -> (String, TaskId) {
    let document = owner.upload(app, "letter.pdf", &pdf(bytes)).await.json();
    let task: TaskId = document["task"]["id"].as_str().expect("an id").parse().expect("an id");
    Worker::start(app).await.read(app, task, 2, &[]).await;
    (format!("{DOCUMENTS}/{}", document["id"].as_str().expect("an id")), task)
}

fn id_of(document: &str) -> &str {
    document.rsplit('/').next().expect("an id")
}

fn wish(document: &str) -> Value {
    json!({ "document": id_of(document), "reason": REASON, "minutes": 30 })
}

async fn begin(app: &TestApp, who: &Person, wish: &Value) -> String {
    let answer = who.post(app, EMERGENCY, wish).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert!(!answer.text().contains(REASON) && answer.json()["ends_at"].is_string(), "{}", answer.text());
    answer.json()["id"].as_str().expect("an id").to_owned()
}

async fn list(app: &TestApp, who: &Person, query: &str) -> Value {
    let answer = who.get(app, &format!("{EMERGENCY}{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["emergency_accesses"].clone()
}

fn reading(document: &str, task: TaskId) -> Vec<String> {
    let mut paths = ["", "/pages", "/pages/1", "/pages/1/image", "/pages/1/formats/txt", "/formats/txt", "/original"]
        .map(|path| format!("{document}{path}"))
        .to_vec();
    paths.push(format!("/api/v1/tasks/{task}/events"));
    paths
}

#[tokio::test]
async fn a_document_is_read_while_it_lasts_and_nothing_else_is_done_to_it() {
    let app = app().await;
    let (olga, rita) = (app.person("olga").await, with_role(&app, "rita", "reviewer").await);
    let (document, task) = a_document(&app, &olga, 100).await;
    let (other, _) = a_document(&app, &olga, 101).await;
    let is_closed = async || {
        for path in reading(&document, task) {
            let answer = rita.get(&app, &path).await;
            assert_eq!(answer.status, 404, "{path}: {}", String::from_utf8_lossy(&answer.body));
        }
    };
    is_closed().await;
    let access = begin(&app, &rita, &wish(&document)).await;
    for path in reading(&document, task) {
        let answer = rita.get(&app, &path).await;
        assert_eq!(answer.status, 200, "{path}: {}", String::from_utf8_lossy(&answer.body));
    }
    assert_eq!(rita.get(&app, &format!("{document}/original")).await.body, pdf(100));
    let seen = rita.get(&app, &document).await.json();
    assert_eq!(
        (&seen["right"], &seen["owner"]["name"], &seen["name"]),
        (&json!("read"), &json!("olga"), &json!("letter.pdf"))
    );
    rita.get(&app, &other).await.is_problem(404, "document_not_found");
    let expires_at = "2099-01-01T00:00:00Z";
    for (method, path, body) in [
        (Method::POST, format!("{document}/tasks"), json!({ "pages": "all" })),
        (Method::POST, format!("{document}/choices"), json!({ "pages": [{ "page": 1, "task": task }] })),
        (Method::POST, format!("/api/v1/tasks/{task}/cancel"), json!({})),
        (Method::PATCH, document.clone(), json!({ "folder": null })),
        (Method::POST, format!("{document}/shares"), json!({ "login": "rita", "right": "read" })),
        (Method::GET, format!("{document}/shares"), json!({})),
        (Method::GET, format!("{document}/links"), json!({})),
        (Method::DELETE, document.clone(), json!({})),
    ] {
        rita.ask(&app, method, &path, &body).await.is_problem(403, "right_missing");
    }
    rita.delete(&app, &format!("{document}?forever=true")).await.is_problem(404, "document_not_found");
    let link = json!({ "expires_at": expires_at, "what": ["text"], "password": null, "uses": null });
    rita.post(&app, &format!("{document}/links"), &link).await.is_problem(409, "links_off");
    // What is one's own stays what it was.
    for path in [DOCUMENTS.to_owned(), format!("{DOCUMENTS}?shared=with_me")] {
        assert_eq!(rita.get(&app, &path).await.json()["documents"], json!([]), "{path}");
    }
    let found = rita.post(&app, "/api/v1/search", &json!({ "query": "page" })).await;
    assert!(!found.text().contains(id_of(&document)), "{}", found.text());
    // Nor does it make another one's rights.
    let bob = app.admin("bob").await;
    bob.get(&app, &document).await.is_problem(404, "document_not_found");

    assert_eq!(olga.delete(&app, &document).await.status, 204);
    is_closed().await;
    assert_eq!(olga.post(&app, &format!("{document}/restore"), &json!({})).await.status, 200);
    assert_eq!(rita.get(&app, &document).await.status, 200);
    assert_eq!(rita.delete(&app, &format!("{EMERGENCY}/{access}")).await.status, 204);
    is_closed().await;
    // By its time.
    begin(&app, &rita, &wish(&document)).await;
    assert_eq!(rita.get(&app, &document).await.status, 200);
    let _ = app.postgres.superuser_psql(
        "update emergency_accesses set created_at = created_at - interval '1 hour', ends_at = now() - interval '1 second'",
    );
    is_closed().await;
}

#[tokio::test]
async fn all_of_a_person_is_listed_and_read_by_the_one_who_may() {
    let app = app().await;
    let (olga, root) = (app.person("olga").await, app.admin("root").await);
    let (document, _) = a_document(&app, &olga, 100).await;
    let of_olga = format!("{DOCUMENTS}?owner={}", olga.id);
    begin(&app, &root, &wish(&document)).await;
    root.get(&app, &of_olga).await.is_problem(404, "emergency_not_found");
    let all = json!({ "user": olga.id, "reason": REASON, "minutes": 5, "reference": "ER 2026/7" });
    let access = begin(&app, &root, &all).await;
    let (later, _) = a_document(&app, &olga, 101).await;
    let listed = root.get(&app, &of_olga).await;
    assert_eq!(listed.json()["documents"].as_array().map(Vec::len), Some(2), "{}", listed.text());
    assert_eq!(root.get(&app, &format!("{of_olga}&limit=1")).await.json()["next"], id_of(&later));
    assert_eq!(root.get(&app, &format!("{later}/original")).await.body, pdf(101));
    for more in ["trash=true", "shared=with_me", "folder=none"] {
        root.get(&app, &format!("{of_olga}&{more}")).await.is_problem(400, "bad_request");
    }
    for (who, owner) in [(&olga, root.id), (&olga, olga.id), (&root, root.id)] {
        who.get(&app, &format!("{DOCUMENTS}?owner={owner}")).await.is_problem(404, "emergency_not_found");
    }
    assert_eq!(root.delete(&app, &format!("{EMERGENCY}/{access}")).await.status, 204);
    root.get(&app, &of_olga).await.is_problem(404, "emergency_not_found");
    root.get(&app, &later).await.is_problem(404, "document_not_found");
    assert_eq!(root.get(&app, &document).await.status, 200, "the other one runs on");
}

#[tokio::test]
async fn only_some_may_and_only_with_a_proof_a_reason_and_an_end() {
    let off = TestApp::start().await;
    let (olga, root) = (off.person("olga").await, off.admin("root").await);
    let document = olga.upload(&off, "a.pdf", &pdf(100)).await.header("location").to_owned();
    root.post(&off, EMERGENCY, &wish(&document)).await.is_problem(409, "emergency_off");
    olga.post(&off, EMERGENCY, &wish(&document)).await.is_problem(403, "not_allowed");

    let app = TestApp::with(|settings| {
        settings.emergency.enabled = true;
        settings.emergency.roles = vec![untxt_core::domain::Role::Admin];
    })
    .await;
    let (olga, root) = (app.person("olga").await, app.admin("root").await);
    let document = olga.upload(&app, "a.pdf", &pdf(100)).await.header("location").to_owned();
    let wish = wish(&document);
    for (login, role) in [("plain", "user"), ("rita", "reviewer"), ("vera", "auditor")] {
        let person = with_role(&app, login, role).await;
        person.post(&app, EMERGENCY, &wish).await.is_problem(403, "not_allowed");
    }
    let but = |key: &str, value: Value| {
        let mut wish = wish.clone();
        wish[key] = value;
        wish
    };
    for bad in [
        but("reason", json!("too short")),
        but("reason", json!("x".repeat(501))),
        but("minutes", json!(0)),
        but("minutes", json!(61)),
        but("reference", json!("Müller")),
        but("user", json!(olga.id)),
        but("document", Value::Null),
        json!({ "user": root.id, "reason": REASON, "minutes": 5 }),
    ] {
        root.post(&app, EMERGENCY, &bad).await.is_problem(422, "invalid_emergency");
    }
    let own = root.upload(&app, "b.pdf", &pdf(100)).await.header("location").to_owned();
    root.post(&app, EMERGENCY, &self::wish(&own)).await.is_problem(422, "invalid_emergency");
    root.post(&app, EMERGENCY, &but("minutes", json!(-1))).await.is_problem(400, "bad_request");
    let unknown = untxt_core::domain::DocumentId::generate();
    root.post(&app, EMERGENCY, &but("document", json!(unknown))).await.is_problem(404, "document_not_found");
    for (kind, code) in [("user", "user_not_found"), ("team", "team_not_found")] {
        let wish = json!({ kind: unknown, "reason": REASON, "minutes": 5 });
        root.post(&app, EMERGENCY, &wish).await.is_problem(404, code);
    }
    let _ = app.postgres.superuser_psql("update sessions set verified_at = now() - interval '1 hour'");
    root.post(&app, EMERGENCY, &wish).await.is_problem(403, "step_up_required");
    assert_eq!(app.count("emergency_accesses"), 0);
    let proof = root.post(&app, "/api/v1/session/step-up", &json!({ "password": PASSWORD })).await;
    assert_eq!(proof.status, 200, "{}", proof.text());
    let root = Person { cookies: proof.cookies(), ..root };
    begin(&app, &root, &wish).await;
    assert_eq!(root.get(&app, &document).await.status, 200);

    // A program of theirs reads nothing by it, and a server that no longer allows it ends it.
    let token = json!({ "name": "t", "scopes": ["documents:read"], "expires_in_days": 1 });
    let token = root.post(&app, "/api/v1/tokens", &token).await.json()["secret"].as_str().expect("a token").to_owned();
    let request = crate::app::request(Method::GET, &document).header("authorization", format!("Bearer {token}"));
    app.send(request.body(Body::empty()).expect("good")).await.is_problem(404, "document_not_found");
    let mut settings = app.settings.clone();
    settings.emergency.enabled = false;
    let closed = app.another_backend_with(&settings);
    let request = root.request(Method::GET, &document).body(Body::empty()).expect("good");
    closed.send(request).await.is_problem(404, "document_not_found");
    let limits = root.get(&app, "/api/v1/limits").await.json();
    assert_eq!(limits["emergency_minutes"], 60);
}

#[tokio::test]
async fn a_running_download_breaks_off_when_it_ends() {
    let app = app().await;
    let (olga, root) = (app.person("olga").await, app.admin("root").await);
    let document = olga.upload(&app, "large.pdf", &pdf(3 << 20)).await.header("location").to_owned();
    let download = async || {
        let access = begin(&app, &root, &wish(&document)).await;
        let request = root.request(Method::GET, &format!("{document}/original")).body(Body::empty()).expect("good");
        let mut body = app.router.clone().oneshot(request).await.expect("an answer").into_body();
        let first = body.frame().await.expect("a piece").expect("good").into_data().expect("bytes");
        assert!(first.len() <= 64 << 10, "{}", first.len());
        (access, body)
    };
    let wait = || tokio::time::sleep(Duration::from_millis(1100));
    let (access, body) = download().await;
    wait().await;
    assert!(body.collect().await.is_ok(), "it goes on while it may");
    root.delete(&app, &format!("{EMERGENCY}/{access}")).await;
    let (access, body) = download().await;
    assert_eq!(root.delete(&app, &format!("{EMERGENCY}/{access}")).await.status, 204);
    wait().await;
    assert!(body.collect().await.is_err(), "ended by hand");
    let (_, body) = download().await;
    let _ =
        app.postgres.superuser_psql("update emergency_accesses set ends_at = clock_timestamp() where ended_at is null");
    wait().await;
    assert!(body.collect().await.is_err(), "over by its time");
    let (_, body) = download().await;
    let _ = app.postgres.superuser_psql(&format!("update users set role = 'user' where id = '{}'", root.id));
    wait().await;
    assert!(body.collect().await.is_err(), "the role is gone");
}

#[tokio::test]
async fn who_took_it_is_shown_to_the_owner_and_why_to_those_who_watch() {
    let app = app().await;
    let (olga, eve) = (app.person("olga").await, app.person("eve").await);
    let (rita, root) = (with_role(&app, "rita", "reviewer").await, app.admin("root").await);
    let vera = with_role(&app, "vera", "auditor").await;
    let (document, _) = a_document(&app, &olga, 100).await;
    let access = begin(&app, &rita, &wish(&document)).await;
    rita.get(&app, &document).await;
    rita.get(&app, &format!("{document}/pages/1")).await;
    let by_document = format!("?document={}", id_of(&document));
    for (who, reason) in [(&rita, json!(REASON)), (&root, json!(REASON)), (&vera, json!(REASON)), (&olga, Value::Null)]
    {
        for query in ["", &by_document] {
            let all = list(&app, who, query).await;
            let one = &all[0];
            assert_eq!((all.as_array().map(Vec::len), &one["id"], &one["reason"]), (Some(1), &json!(access), &reason));
            assert_eq!((&one["by"]["name"], &one["owner"]["name"]), (&json!("rita"), &json!("olga")));
            assert_eq!((&one["documents_read"], &one["is_running"]), (&json!(1), &json!(true)));
            assert!(one["last_read_at"].is_string());
        }
        assert_eq!(list(&app, who, &format!("?before={access}")).await, json!([]));
    }
    assert_eq!(list(&app, &eve, "").await, json!([]));
    // It is nowhere in clear.
    let stored = app.postgres.superuser_psql("select encode(reason_sealed, 'escape') from emergency_accesses");
    assert!(!stored.contains("patient"), "{stored}");
    // Not in the row of another one.
    for who in [&olga, &eve, &vera] {
        let answer = who.delete(&app, &format!("{EMERGENCY}/{access}")).await;
        answer.is_problem(403, "not_allowed");
    }
    let other = with_role(&app, "rolf", "reviewer").await;
    other.delete(&app, &format!("{EMERGENCY}/{access}")).await.is_problem(404, "emergency_not_found");
    assert_eq!(root.delete(&app, &format!("{EMERGENCY}/{access}")).await.status, 204);
    let ended = &list(&app, &olga, "").await[0];
    assert_eq!((&ended["is_running"], &ended["ended_by"]), (&json!(false), &json!(root.id)));
    rita.get(&app, &document).await.is_problem(404, "document_not_found");
}

#[tokio::test]
async fn the_record_tells_what_was_read_in_an_emergency() {
    let app = app().await;
    let (olga, root) = (app.person("olga").await, app.admin("root").await);
    let (document, task) = a_document(&app, &olga, 100).await;
    let access = begin(&app, &root, &wish(&document)).await;
    let own = root.upload(&app, "own.pdf", &pdf(100)).await.header("location").to_owned();
    for path in ["", "/pages/1", "/formats/txt"] {
        assert_eq!(root.get(&app, &format!("{document}{path}")).await.status, 200);
    }
    assert_eq!(root.get(&app, &format!("/api/v1/tasks/{task}/events")).await.status, 200);
    assert_eq!(root.get(&app, &own).await.status, 200);
    root.delete(&app, &document).await.is_problem(403, "right_missing");
    let all = begin(&app, &root, &json!({ "user": olga.id, "reason": REASON, "minutes": 5 })).await;
    assert_eq!(root.get(&app, &format!("{DOCUMENTS}?owner={}", olga.id)).await.status, 200);
    root.delete(&app, &format!("{EMERGENCY}/{all}")).await;
    root.delete(&app, &format!("{EMERGENCY}/{access}")).await;
    let lines = app.postgres.superuser_psql(
        "select json_agg(json_build_array(action, outcome, detail, token_id, object_id, owner_id, count) order by position) \
         from audit_events where position >= (select min(position) from audit_events where action = 'emergency_access_begun') \
         and action <> 'document_uploaded'",
    );
    assert!(!lines.contains("patient") && !lines.contains("unconscious"), "{lines}");
    let lines: Vec<Value> = serde_json::from_str(&lines).expect("lines");
    let (id, whose, no) = (id_of(&document), olga.id.to_string(), Value::Null);
    assert_eq!(
        lines,
        [
            json!(["emergency_access_begun", "ok", no, access, id, whose, 30]),
            json!(["file_access", "ok", "emergency", access, id, whose, no]),
            json!(["page_read", "ok", "emergency", access, id, whose, no]),
            json!(["document_downloaded", "ok", "emergency", access, id, whose, no]),
            json!(["task_read", "ok", "emergency", access, task, whose, no]),
            json!(["file_access", "ok", no, no, id_of(&own), root.id, no]),
            json!(["document_trashed", "refused", "right_missing", no, id, whose, no]),
            json!(["emergency_access_begun", "ok", no, all, whose, whose, 5]),
            json!(["documents_listed", "ok", "emergency", all, no, whose, no]),
            json!(["emergency_access_ended", "ok", no, all, all, whose, no]),
            json!(["emergency_access_ended", "ok", no, access, id, whose, no]),
        ]
    );
    let severity: Answer = root.get(&app, "/api/v1/audit?action=emergency_access_begun").await;
    assert_eq!(severity.json()["rows"][0]["severity"], "critical");
}

#[tokio::test]
async fn whose_documents_they_are_and_administrators_are_written() {
    let server = MailServer::start(Manner::Implicit).await;
    let mail = server.settings();
    let app = TestApp::with(|settings| (settings.emergency.enabled, settings.mail) = (true, mail)).await;
    let (olga, root) = (app.person("olga").await, app.admin("root").await);
    let (rita, _) = (with_role(&app, "rita", "reviewer").await, app.person("eve").await);
    let _ = app.postgres.superuser_psql("update users set mail = login || '@clinic.example'");
    let document = olga.upload(&app, "Müller.pdf", &pdf(100)).await.header("location").to_owned();
    begin(&app, &rita, &wish(&document)).await;
    let letters = server.letters(2).await.join("\n");
    for wanted in ["olga@clinic.example", "root@clinic.example", "rita has taken access in an emergency"] {
        assert!(letters.contains(wanted), "{wanted}: {letters}");
    }
    for unwanted in ["eve@clinic", "rita@clinic", "patient", id_of(&document), &root.id.to_string()] {
        assert!(!letters.contains(unwanted), "{unwanted}: {letters}");
    }
}
