//! The record as administrators and auditors see it.

use http::Method;
use serde_json::Value;
use untxt_core::{
    audit::{AuditAction, AuditEntry, AuditObject, AuditOutcome, AuditVerifier},
    domain::DocumentId,
    receipts::SigningKey,
};
use untxt_database::audit;

use crate::{app::TestApp, people::Person};

/// Puts lines into the record, of each action one.
async fn record(app: &TestApp, actor: &Person, actions: &[AuditAction]) -> DocumentId {
    let document = DocumentId::generate();
    let mut tx = app.db.begin_system().await.expect("a transaction");
    for action in actions {
        let entry = AuditEntry {
            actor: Some(actor.id),
            object: Some(AuditObject::from(document)),
            ..AuditEntry::new(*action, AuditOutcome::Ok)
        };
        audit::record(&mut tx, &entry).await.expect("recorded");
    }
    tx.commit().await.expect("committed");
    document
}

async fn list(app: &TestApp, who: &Person, query: &str) -> Value {
    let answer = who.get(app, &format!("/api/v1/audit?{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {:?}", answer.body);
    answer.json()
}

/// Gives the actions of a list, those of the test only.
fn actions(list: &Value) -> Vec<&str> {
    let rows = list["rows"].as_array().expect("rows").iter();
    rows.filter_map(|row| row["action"].as_str())
        .filter(|action| ["page_read", "search", "shared"].contains(action))
        .collect()
}

#[tokio::test]
async fn only_administrators_and_auditors_look_into_the_record() {
    let app = TestApp::start().await;
    let (ada, root, eve) = (app.person("ada").await, app.admin("root").await, app.person("eve").await);
    record(&app, &ada, &[AuditAction::PageRead]).await;
    for path in ["/api/v1/audit", "/api/v1/audit/export"] {
        ada.get(&app, path).await.is_problem(403, "not_allowed");
        let nobody = crate::app::request(Method::GET, path).body(axum::body::Body::empty()).expect("good");
        app.send(nobody).await.is_problem(401, "not_logged_in");
        assert_eq!(root.get(&app, path).await.status, 200);
    }
    let _ = app.postgres.superuser_psql(&format!("update users set role = 'auditor' where id = '{}'", eve.id));
    assert_eq!(actions(&list(&app, &eve, "").await), ["page_read"]);
}

#[tokio::test]
async fn the_record_is_looked_through_by_filters_and_page_by_page() {
    let app = TestApp::start().await;
    let (ada, bob, root) = (app.person("ada").await, app.person("bob").await, app.admin("root").await);
    let document = record(&app, &ada, &[AuditAction::PageRead, AuditAction::Search]).await;
    record(&app, &bob, &[AuditAction::PageRead, AuditAction::Shared]).await;
    let all = list(&app, &root, "").await;
    assert_eq!(actions(&all), ["shared", "page_read", "search", "page_read"], "newest first");
    let row = all["rows"].as_array().expect("rows").iter().find(|row| row["action"] == "page_read").expect("a row");
    assert_eq!((&row["category"], &row["severity"]), (&"data_access".into(), &"info".into()));
    for (query, expected) in [
        (format!("actor={}", ada.id), &["search", "page_read"][..]),
        ("action=page_read".to_owned(), &["page_read", "page_read"]),
        (format!("object={document}&object_kind=document"), &["search", "page_read"]),
        (format!("actor={}&action=shared&outcome=ok", bob.id), &["shared"]),
        ("outcome=failed".to_owned(), &[]),
        ("to=2020-01-01T00:00:00Z".to_owned(), &[]),
        ("from=2020-01-01T00:00:00Z&action=search".to_owned(), &["search"]),
    ] {
        assert_eq!(actions(&list(&app, &root, &query).await), expected, "{query}");
    }
    let mut seen = Vec::new();
    let mut query = "limit=1&action=page_read".to_owned();
    loop {
        let page = list(&app, &root, &query).await;
        seen.push(page["rows"][0]["actor"].clone());
        let Some(next) = page["next"].as_i64() else { break };
        query = format!("limit=1&action=page_read&before={next}");
    }
    assert_eq!(seen, [bob.id.to_string(), ada.id.to_string()]);
}

#[tokio::test]
async fn no_filter_carries_sql() {
    let app = TestApp::start().await;
    let root = app.admin("root").await;
    let bad = ["'", "1%20or%201=1", "page_read'--", "%27%3Bdrop%20table%20users%3B--", "%00", "null"];
    for name in ["actor", "action", "outcome", "object", "object_kind", "from", "to", "before", "limit", "other"] {
        for value in bad {
            let answer = root.get(&app, &format!("/api/v1/audit?{name}={value}")).await;
            answer.is_problem(400, "bad_request");
        }
    }
    assert_eq!(app.count("users"), 1);
}

#[tokio::test]
async fn what_is_taken_out_can_be_checked_elsewhere() {
    let app = TestApp::start().await;
    let (ada, root) = (app.person("ada").await, app.admin("root").await);
    record(&app, &ada, &[AuditAction::PageRead, AuditAction::Search]).await;
    let (worker, key) = (app.postgres.worker().await, SigningKey::generate().expect("a key"));
    let mut tx = worker.begin_system().await.expect("a transaction");
    audit::seal_next(&mut tx, &key, None, None, 9).await.expect("sealed").expect("a batch");
    tx.commit().await.expect("committed");
    let answer = root.get(&app, "/api/v1/audit/export").await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/x-ndjson"));
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"audit.jsonl\"");
    assert_eq!(answer.header("cache-control"), "no-store");
    let check = |text: &str| {
        let mut verifier = AuditVerifier::new(vec![key.public()], &[]);
        text.lines().for_each(|line| verifier.take(line));
        verifier.finish()
    };
    let report = check(answer.text());
    assert!(report.is_good() && report.rows >= 2, "{report:?}");
    assert!(!check(&answer.text().replace("\"search\"", "\"shared\"")).is_good());
    for (format, begin) in [("csv", "number,position,at,"), ("syslog", "<110>1 20")] {
        let answer = root.get(&app, &format!("/api/v1/audit/export?format={format}")).await;
        assert!(answer.text().starts_with(begin), "{:?}", answer.body);
    }
    root.get(&app, "/api/v1/audit/export?format=xml").await.is_problem(400, "bad_request");
}
