use axum::body::Body;
use http::{Method, Request};
use serde_json::json;
use untxt_core::{config::SecondFactorRule, domain::Scope};

use crate::{
    app::{Answer, TestApp, request},
    people::Person,
};

fn with_token(method: Method, path: &str, token: &str) -> Request<Body> {
    request(method, path).header("authorization", format!("Bearer {token}")).body(Body::empty()).expect("good")
}

async fn get(app: &TestApp, path: &str, token: &str) -> Answer {
    app.send(with_token(Method::GET, path, token)).await
}

#[tokio::test]
async fn a_request_with_a_token_counts_as_that_alone() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.person("ada").await, app.person("eve").await);
    let path = ada.upload(&app, "a.pdf", b"%PDF-1.7\n a").await.header("location").to_owned();
    let (id, token) = eve.make_token(&app, "n", Scope::DocumentsRead).await;
    let with_both = |method: Method, path: &str, token: &str| {
        let mut asked = with_token(method, path, token);
        asked.headers_mut().insert("cookie", ada.cookie().parse().expect("a value"));
        asked
    };
    // Ada's cookies open nothing that Eve's token does not, and a token that is none is not mended by them.
    app.send(with_both(Method::GET, &path, &token)).await.is_problem(404, "document_not_found");
    for none in ["", "untxt_", &token[..77], "Basic", "null"] {
        app.send(with_both(Method::GET, &path, none)).await.is_problem(401, "not_logged_in");
    }
    assert_eq!(app.send(with_both(Method::DELETE, "/api/v1/session", &token)).await.status, 204);
    app.send(with_both(Method::POST, "/api/v1/session/refresh", &token)).await.is_problem(401, "not_logged_in");
    assert_eq!(ada.get(&app, &path).await.status, 200, "her login lives");
    let line = "select concat_ws(' ', actor, token_id, coalesce(session_id::text, 'none')) from audit_events \
                where detail = 'document_not_found'";
    assert_eq!(app.postgres.superuser_psql(line).trim(), format!("{} {id} none", eve.id));
}

#[tokio::test]
async fn a_token_is_good_for_its_scope_while_it_lives_and_its_person_may() {
    let app = TestApp::start().await;
    let (ada, root) = (app.person("ada").await, app.admin("root").await);
    let (_, token) = ada.make_token(&app, "n", Scope::DocumentsRead).await;
    let (_, queue) = root.make_token(&app, "n", Scope::Queue).await;
    assert_eq!(get(&app, "/api/v1/documents", &token).await.status, 200);
    get(&app, "/api/v1/tokens", &token).await.is_problem(403, "scope_missing");
    get(&app, "/api/v1/admin/queue", &token).await.is_problem(403, "not_allowed");
    assert_eq!(get(&app, "/api/v1/admin/queue", &queue).await.status, 200);
    let _ = app.postgres.superuser_psql(&format!("update users set role = 'user' where id = '{}'", root.id));
    get(&app, "/api/v1/admin/queue", &queue).await.is_problem(403, "not_allowed");

    let tokens = ada.get(&app, "/api/v1/tokens").await.json();
    let path = format!("/api/v1/tokens/{}", tokens["tokens"][0]["id"].as_str().expect("an id"));
    assert_eq!(ada.delete(&app, &path).await.status, 204);
    get(&app, "/api/v1/documents", &token).await.is_problem(401, "not_logged_in");
}

#[tokio::test]
async fn a_token_does_not_lead_around_a_second_factor() {
    let mut app = TestApp::with(|_| {}).await;
    let root: Person = app.admin("root").await;
    let (_, token) = root.make_token(&app, "n", Scope::Queue).await;
    assert_eq!(get(&app, "/api/v1/admin/queue", &token).await.status, 200);
    app.settings.session.second_factor = SecondFactorRule::Admins;
    let stricter = app.another_backend();
    stricter.send(with_token(Method::GET, "/api/v1/admin/queue", &token)).await.is_problem(403, "second_factor_needed");
    let asked = root.request(Method::GET, "/api/v1/admin/queue").body(Body::empty()).expect("good");
    stricter.send(asked).await.is_problem(403, "second_factor_needed");
    let asked = root.request(Method::GET, "/api/v1/account").body(Body::empty()).expect("good");
    assert_eq!(stricter.send(asked).await.json()["needs_second_factor"], json!(true));
}
