use std::time::Duration;

use axum::body::Body;
use futures::future::join_all;
use http::{Method, Request};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use tower::ServiceExt;
use untxt_core::{clock, domain::TaskId};

use crate::{
    app::{Answer, TestApp, json, request},
    people::{Person, pdf},
    worker::Worker,
};

const OPEN: &str = "/api/v1/links/open";
const LINKED: &str = "/api/v1/links/document";

async fn app() -> TestApp {
    TestApp::with(|settings| settings.links.enabled = true).await
}

/// A document that was read, and where it is.
async fn a_document(app: &TestApp, owner: &Person, bytes: usize) -> String {
    let document = owner.upload(app, "letter.pdf", &pdf(bytes)).await.json();
    let task: TaskId = document["task"]["id"].as_str().expect("an id").parse().expect("an id");
    Worker::start(app).await.read(app, task, 2, &[]).await;
    format!("/api/v1/documents/{}", document["id"].as_str().expect("an id"))
}

fn in_days(days: i64) -> String {
    (clock::now() + time::Duration::days(days)).format(&Rfc3339).expect("a time")
}

fn wish() -> Value {
    json!({ "expires_at": in_days(7), "what": ["text", "original"], "password": null, "uses": null })
}

fn with(key: &str, value: impl Into<Value>) -> Value {
    let mut wish = wish();
    wish[key] = value.into();
    wish
}

/// Makes a link, and gives its id and what stands in it.
async fn a_link(app: &TestApp, owner: &Person, document: &str, wish: &Value) -> (String, String) {
    let answer = owner.post(app, &format!("{document}/links"), wish).await;
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    let made = answer.json();
    let (address, token) = made["url"].as_str().expect("an address").split_once('#').expect("a secret");
    assert_eq!(address, "https://localhost:8443/l/");
    (made["id"].as_str().expect("an id").to_owned(), token.trim_start_matches("p.").to_owned())
}

async fn open(app: &TestApp, token: &str, password: Option<&str>) -> Answer {
    app.send(json(Method::POST, OPEN, &json!({ "token": token, "password": password }))).await
}

fn as_visitor(opened: &Answer, path: &str) -> Request<Body> {
    let cookies = opened.cookies();
    assert_eq!(cookies.len(), 1, "{cookies:?}");
    request(Method::GET, path).header("cookie", &cookies[0]).body(Body::empty()).expect("good")
}

async fn visit(app: &TestApp, opened: &Answer, path: &str) -> Answer {
    app.send(as_visitor(opened, path)).await
}

async fn states(app: &TestApp, owner: &Person, document: &str) -> Vec<String> {
    let links = owner.get(app, &format!("{document}/links")).await.json();
    let links = links["links"].as_array().expect("links");
    links.iter().map(|link| link["state"].as_str().expect("a state").to_owned()).collect()
}

#[tokio::test]
async fn a_link_opens_one_document_and_nothing_else() {
    let app = app().await;
    let ada = app.person("ada").await;
    let (document, other) = (a_document(&app, &ada, 100).await, a_document(&app, &ada, 101).await);
    let (_, token) = a_link(&app, &ada, &document, &wish()).await;
    let opened = open(&app, &token, None).await;
    assert_eq!((opened.status.as_u16(), &opened.json()["what"]), (200, &json!(["text", "original"])));
    let set = opened.header("set-cookie");
    for part in ["__Host-untxt_link=", "; HttpOnly", "; SameSite=Strict", "; Secure", "; Path=/"] {
        assert!(set.contains(part), "{set}");
    }
    assert!(!set.contains(&token) && !set.contains("Max-Age"), "{set}");

    let shown = visit(&app, &opened, LINKED).await;
    let outline = shown.json();
    assert_eq!(
        (&outline["name"], &outline["pages"], &outline["size_bytes"]),
        (&json!("letter.pdf"), &json!(2), &json!(100))
    );
    assert!(!shown.text().contains(document.rsplit('/').next().expect("an id")), "no id: {outline}");
    // A page that was opened for one link is not given another.
    let link = opened.json()["link"].as_str().expect("an id").to_owned();
    assert_eq!(visit(&app, &opened, &format!("{LINKED}/text?link={link}")).await.status, 200);
    for path in [LINKED, &format!("{LINKED}/text")] {
        let other = format!("{path}?link={}", uuid::Uuid::new_v4());
        visit(&app, &opened, &other).await.is_problem(404, "public_link_not_good");
    }
    let original = visit(&app, &opened, &format!("{LINKED}/original")).await;
    assert_eq!(original.body, pdf(100));
    assert!(!format!("{:?}", original.headers).contains(document.rsplit('/').next().expect("an id")), "no id");
    let text = visit(&app, &opened, &format!("{LINKED}/text")).await;
    assert_eq!((text.status.as_u16(), text.header("cache-control")), (200, "no-store"));
    assert!(text.text().contains("page 2"), "{}", text.text());
    visit(&app, &opened, &format!("{LINKED}/pdf")).await.is_problem(404, "not_found");
    visit(&app, &opened, &format!("{LINKED}/everything")).await.is_problem(404, "not_found");
    for path in
        [&document, &other, &format!("{document}/original"), "/api/v1/documents", "/api/v1/account", "/api/v1/live"]
    {
        visit(&app, &opened, path).await.is_problem(401, "not_logged_in");
    }
    // Without what was opened, and with what somebody made up.
    app.send(request(Method::GET, LINKED).body(Body::empty()).expect("good"))
        .await
        .is_problem(404, "public_link_not_good");
    let forged = format!("__Host-untxt_link={}", "0".repeat(64));
    let forged = request(Method::GET, LINKED).header("cookie", forged).body(Body::empty()).expect("good");
    app.send(forged).await.is_problem(404, "public_link_not_good");
    let foreign =
        request(Method::POST, OPEN).header("origin", "https://evil.example").header("content-type", "application/json");
    let body = json!({ "token": token, "password": null }).to_string();
    app.send(foreign.body(Body::from(body)).expect("good")).await.is_problem(403, "wrong_origin");
    // Neither the secret of the link nor that of the session is stored.
    let stored = app.postgres.superuser_psql("select l::text, s::text from links l, link_sessions s");
    let session = opened.cookies()[0].split_once('=').expect("a pair").1.to_owned();
    assert!(!stored.contains(&token) && !stored.contains(&session), "{stored}");
}

/// What is refused looks the same, whatever the reason.
#[tokio::test]
async fn what_does_not_open_does_not_say_why() {
    let app = app().await;
    let ada = app.person("ada").await;
    let document = a_document(&app, &ada, 100).await;
    let locked = with("password", "open sesame");
    let (_, guarded) = a_link(&app, &ada, &document, &locked).await;
    let (ended_id, ended) = a_link(&app, &ada, &document, &wish()).await;
    assert_eq!(ada.delete(&app, &format!("{document}/links/{ended_id}")).await.status, 204);
    assert_eq!(ada.delete(&app, &format!("{document}/links/{ended_id}")).await.status, 204, "twice is fine");
    let (expired_id, expired) = a_link(&app, &ada, &document, &wish()).await;
    let _ = app.postgres.superuser_psql(&format!(
        "update links set created_at = now() - interval '2 days', expires_at = now() - interval '1 second' \
         where id = '{expired_id}'"
    ));
    let (_, once) = a_link(&app, &ada, &document, &with("uses", 1)).await;
    assert_eq!(open(&app, &once, None).await.status, 200);
    let unknown = "ab".repeat(32);
    let mut seen = Vec::new();
    for (token, password) in [
        (&guarded, None),
        (&guarded, Some("open sesam")),
        (&ended, None),
        (&expired, None),
        (&once, None),
        (&unknown, None),
        (&unknown, Some("open sesame")),
        (&"none".to_owned(), None),
    ] {
        let answer = open(&app, token, password).await;
        answer.is_problem(404, "public_link_not_good");
        assert!(answer.cookies().is_empty());
        let mut body = answer.json();
        body["request_id"] = Value::Null;
        seen.push(body);
    }
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(states(&app, &ada, &document).await, ["used_up", "ended", "good", "expired"]);
    assert_eq!(open(&app, &guarded, Some("open sesame")).await.status, 200);
}

#[tokio::test]
async fn a_password_is_tried_ten_times_and_no_more_however_many_come_at_once() {
    let app = app().await;
    let ada = app.person("ada").await;
    let document = a_document(&app, &ada, 100).await;
    let (_, token) = a_link(&app, &ada, &document, &with("password", "open sesame")).await;
    // The right one takes back what it counted.
    for _ in 0..3 {
        assert_eq!(open(&app, &token, Some("open sesame")).await.status, 200);
    }
    join_all((0..14).map(|_| open(&app, &token, Some("not this one")))).await;
    open(&app, &token, Some("open sesame")).await.is_problem(404, "public_link_not_good");
    assert_eq!(states(&app, &ada, &document).await, ["locked"]);
    assert_eq!(app.postgres.superuser_psql("select wrong_passwords from links").trim(), "10");
}

#[tokio::test]
async fn of_many_who_come_for_the_last_use_one_gets_it() {
    let app = app().await;
    let ada = app.person("ada").await;
    let document = a_document(&app, &ada, 100).await;
    let (_, token) = a_link(&app, &ada, &document, &with("uses", 2)).await;
    let answers = join_all((0..8).map(|_| open(&app, &token, None))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 2);
    // Whoever is in stays in for a while.
    let inside = answers.iter().find(|answer| answer.status == 200).expect("one");
    assert_eq!(visit(&app, inside, LINKED).await.status, 200);
    let _ = app.postgres.superuser_psql("update link_sessions set expires_at = now() - interval '1 second'");
    visit(&app, inside, LINKED).await.is_problem(404, "public_link_not_good");
}

#[tokio::test]
async fn a_link_ends_at_once_and_takes_running_downloads_with_it() {
    let app = app().await;
    let ada = app.person("ada").await;
    let document = a_document(&app, &ada, 3 << 20).await;
    let (link, token) = a_link(&app, &ada, &document, &wish()).await;
    let opened = open(&app, &token, None).await;
    let begin = async || {
        let request = as_visitor(&opened, &format!("{LINKED}/original"));
        let mut body = app.router.clone().oneshot(request).await.expect("an answer").into_body();
        body.frame().await.expect("a piece").expect("good");
        body
    };
    let body = begin().await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert!(body.collect().await.is_ok(), "it goes on while it may");
    // Nobody has to come back for it in time, though what is new needs them.
    let body = begin().await;
    let _ = app.postgres.superuser_psql("update link_sessions set expires_at = now() - interval '1 second'");
    visit(&app, &opened, LINKED).await.is_problem(404, "public_link_not_good");
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert!(body.collect().await.is_ok(), "it goes on");
    let _ = app.postgres.superuser_psql("update link_sessions set expires_at = now() + interval '15 minutes'");
    let body = begin().await;
    assert_eq!(ada.delete(&app, &format!("{document}/links/{link}")).await.status, 204);
    visit(&app, &opened, LINKED).await.is_problem(404, "public_link_not_good");
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert!(body.collect().await.is_err(), "it breaks off");
}

#[tokio::test]
async fn a_link_is_good_as_long_as_its_maker_may_manage_the_document() {
    let app = app().await;
    let (ada, bob, root) = (app.person("ada").await, app.person("bob").await, app.admin("root").await);
    let document = a_document(&app, &ada, 100).await;
    let share = json!({ "login": "bob", "right": "manage" });
    let share = ada.post(&app, &format!("{document}/shares"), &share).await.json()["id"].clone();
    let (_, of_bob) = a_link(&app, &bob, &document, &wish()).await;
    let (_, of_ada) = a_link(&app, &ada, &document, &wish()).await;
    let by_bob = open(&app, &of_bob, None).await;
    assert_eq!(visit(&app, &by_bob, LINKED).await.status, 200);
    let taken = format!("{document}/shares/{}", share.as_str().expect("an id"));
    assert_eq!(ada.delete(&app, &taken).await.status, 204);
    visit(&app, &by_bob, LINKED).await.is_problem(404, "public_link_not_good");
    open(&app, &of_bob, None).await.is_problem(404, "public_link_not_good");
    assert_eq!(states(&app, &ada, &document).await, ["good", "void"]);

    // The trash ends it for good, and so does a disabled account.
    let by_ada = open(&app, &of_ada, None).await;
    assert_eq!(ada.delete(&app, &document).await.status, 204);
    visit(&app, &by_ada, LINKED).await.is_problem(404, "public_link_not_good");
    ada.post(&app, &format!("{document}/links"), &wish()).await.is_problem(409, "in_trash");
    assert_eq!(ada.post(&app, &format!("{document}/restore"), &json!({})).await.status, 200);
    visit(&app, &by_ada, LINKED).await.is_problem(404, "public_link_not_good");
    let (_, again) = a_link(&app, &ada, &document, &wish()).await;
    for is_disabled in [true, false] {
        let path = format!("/api/v1/users/{}", ada.id);
        assert_eq!(root.patch(&app, &path, &json!({ "is_disabled": is_disabled })).await.status, 204);
        open(&app, &again, None).await.is_problem(404, "public_link_not_good");
    }
}

#[tokio::test]
async fn only_who_manages_a_document_makes_sees_and_ends_its_links() {
    let app = app().await;
    let (ada, eve) = (app.person("ada").await, app.person("eve").await);
    let (document, own) = (a_document(&app, &ada, 100).await, a_document(&app, &eve, 101).await);
    let (link, _) = a_link(&app, &ada, &document, &wish()).await;
    let links = format!("{document}/links");
    let ask = async |status: u16, code: &str| {
        eve.get(&app, &links).await.is_problem(status, code);
        eve.post(&app, &links, &wish()).await.is_problem(status, code);
        eve.delete(&app, &format!("{links}/{link}")).await.is_problem(status, code);
    };
    ask(404, "document_not_found").await;
    for right in ["read", "correct"] {
        ada.post(&app, &format!("{document}/shares"), &json!({ "login": "eve", "right": right })).await;
        ask(403, "right_missing").await;
    }
    // By way of a document of one's own.
    eve.delete(&app, &format!("{own}/links/{link}")).await.is_problem(404, "link_not_found");
    assert_eq!(states(&app, &ada, &document).await, ["good"]);
    let listed = ada.get(&app, &links).await;
    assert!(!listed.text().contains("url") && !listed.text().contains("hash"), "{}", listed.text());
}

#[tokio::test]
async fn wishes_have_bounds_and_a_server_may_have_no_links() {
    let app = app().await;
    let ada = app.person("ada").await;
    let document = a_document(&app, &ada, 100).await;
    let links = format!("{document}/links");
    for bad in [
        with("expires_at", in_days(31)),
        with("expires_at", in_days(-1)),
        with("what", json!([])),
        with("uses", 0),
        with("uses", 10_001),
        with("password", "7 chars"),
    ] {
        ada.post(&app, &links, &bad).await.is_problem(422, "invalid_link");
    }
    for bad in [with("what", json!(["everything"])), with("uses", -1), with("expires_at", "tomorrow")] {
        ada.post(&app, &links, &bad).await.is_problem(400, "bad_request");
    }
    let _ = app.postgres.superuser_psql(
        "insert into links (id, owner_id, document_id, made_by, token_hash, formats, expires_at) \
         select gen_random_uuid(), owner_id, id, owner_id, sha256(n::text::bytea), '{text}', now() + interval '1 day' \
         from documents, generate_series(1, 100) n",
    );
    ada.post(&app, &links, &wish()).await.is_problem(409, "too_many_links");

    let off = TestApp::start().await;
    let bob = off.person("bob").await;
    let document = a_document(&off, &bob, 100).await;
    bob.post(&off, &format!("{document}/links"), &wish()).await.is_problem(409, "links_off");
    // One that was made before it was switched off.
    let secret = "cd".repeat(32);
    let _ = off.postgres.superuser_psql(&format!(
        "insert into links (id, owner_id, document_id, made_by, token_hash, formats, expires_at) \
         select gen_random_uuid(), owner_id, id, owner_id, sha256(decode('{secret}', 'hex')), '{{text}}', \
         now() + interval '1 day' from documents"
    ));
    open(&off, &secret, None).await.is_problem(404, "public_link_not_good");
    let limits = [app.send(get("/api/v1/limits")).await.json(), off.send(get("/api/v1/limits")).await.json()];
    assert_eq!(limits.map(|limits| limits["link_days"].clone()), [json!(30), json!(0)]);
}

fn get(path: &str) -> Request<Body> {
    request(Method::GET, path).body(Body::empty()).expect("good")
}

#[tokio::test]
async fn the_record_says_who_made_a_link_and_what_came_by_it() {
    let app = app().await;
    let ada = app.person("ada").await;
    let document = a_document(&app, &ada, 100).await;
    let (link, token) = a_link(&app, &ada, &document, &wish()).await;
    let opened = open(&app, &token, None).await;
    visit(&app, &opened, LINKED).await;
    visit(&app, &opened, &format!("{LINKED}/text")).await;
    open(&app, &"ab".repeat(32), None).await.is_problem(404, "public_link_not_good");
    assert_eq!(ada.delete(&app, &format!("{document}/links/{link}")).await.status, 204);
    open(&app, &token, None).await.is_problem(404, "public_link_not_good");
    visit(&app, &opened, LINKED).await.is_problem(404, "public_link_not_good");
    let lines = app.postgres.superuser_psql(
        "select json_agg(json_build_array(action, outcome, detail, actor, token_id, object_id, owner_id) order by position) \
         from audit_events where position >= (select position from audit_events where action = 'link_created')",
    );
    assert!(!lines.contains(&token), "{lines}");
    let lines: Vec<Value> = serde_json::from_str(&lines).expect("lines");
    let (me, id) = (ada.id.to_string(), document.rsplit('/').next().expect("an id"));
    let no = Value::Null;
    assert_eq!(
        lines,
        [
            json!(["link_created", "ok", no, me, link, id, me]),
            json!(["link_opened", "ok", no, no, link, id, me]),
            json!(["file_access", "ok", "link", no, link, id, me]),
            json!(["document_downloaded", "ok", "text", no, link, id, me]),
            json!(["link_opened", "refused", "public_link_not_good", no, no, no, no]),
            json!(["link_revoked", "ok", no, me, link, id, me]),
            json!(["link_opened", "refused", "public_link_not_good", no, link, id, me]),
            json!(["file_access", "refused", "public_link_not_good", no, no, no, no]),
        ]
    );
}

/// The database itself gives whoever acts for a link one document and nothing that is beside it.
#[tokio::test]
async fn for_a_link_the_database_shows_one_document_and_changes_nothing() {
    let app = app().await;
    let ada = app.person("ada").await;
    let document = a_document(&app, &ada, 100).await;
    a_document(&app, &ada, 101).await;
    let folder = ada.post(&app, "/api/v1/folders", &json!({ "name": "Ward" })).await.json()["id"].clone();
    assert_eq!(ada.patch(&app, &document, &json!({ "folder": folder })).await.status, 200);
    let (_, token) = a_link(&app, &ada, &document, &wish()).await;
    assert_eq!(open(&app, &token, None).await.status, 200);
    let seen = |sql: &str| {
        let acting = "set role untxt_backend; select set_config('untxt.actor', '', false) \
             from (select set_config('untxt.link', id::text, false) from link_sessions_of_test) s;";
        let _ = app.postgres.superuser_psql(
            "create or replace view link_sessions_of_test as select id from link_sessions; \
             grant select on link_sessions_of_test to untxt_backend",
        );
        app.postgres.superuser_psql(&format!("{acting} {sql}")).trim().to_owned()
    };
    let count = |table: &str| seen(&format!("select count(*) from {table}"));
    assert_eq!(count("documents"), "1");
    assert_eq!((count("tasks"), count("pages"), count("owner_keys")), ("1".into(), "2".into(), "1".into()));
    for table in [
        "users",
        "sessions",
        "api_tokens",
        "folders",
        "tags",
        "document_tags",
        "shares",
        "teams",
        "team_members",
        "links",
        "task_events",
        "key_events",
        "search_segments",
        "label_keys",
        "integrity_checks",
        "legal_holds",
    ] {
        assert_eq!(count(table), "0", "{table}");
    }
    for change in [
        "update documents set folder_id = null",
        "update documents set trashed_at = now()",
        "delete from documents",
        "update tasks set state = 'cancelled'",
        "delete from pages",
    ] {
        assert_eq!(seen(&format!("with gone as ({change} returning 1) select count(*) from gone")), "0", "{change}");
    }
}
