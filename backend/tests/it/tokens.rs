use axum::body::Body;
use http::Method;
use serde_json::{Value, json};
use untxt_core::domain::Scope;

use crate::{
    app::{Answer, TestApp},
    people::Person,
};

const TOKENS: &str = "/api/v1/tokens";

impl Person {
    async fn create_token(&self, app: &TestApp, body: &Value) -> Answer {
        let request = self.request(Method::POST, TOKENS).header("content-type", "application/json");
        app.send(request.body(Body::from(body.to_string())).expect("good")).await
    }
}

#[tokio::test]
async fn a_token_is_shown_once_and_stored_as_a_hash() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let wish = json!({ "name": " Scanner in room 4 ", "scopes": ["search", "documents:read", "search"], "expires_in_days": 30 });
    let answer = ada.create_token(&app, &wish).await;
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    let mut created = answer.json();
    let secret = created.as_object_mut().expect("an object").remove("secret").expect("the secret");
    let secret = secret.as_str().expect("text");
    assert!(secret.starts_with("untxt_") && secret.len() == 78, "{secret}");
    assert_eq!((&created["name"], &created["last_used_at"]), (&json!("Scanner in room 4"), &Value::Null));
    assert_eq!(created["scopes"], json!(["documents:read", "search"]));

    let listed = ada.get(&app, TOKENS).await;
    assert_eq!(listed.json(), json!({ "tokens": [created] }));
    assert_eq!(bob.get(&app, TOKENS).await.json(), json!({ "tokens": [] }));
    let stored = app.postgres.superuser_psql("select api_tokens::text from api_tokens");
    assert!(!stored.contains(&secret[6..38]), "{stored}");

    let path = format!("{TOKENS}/{}", created["id"].as_str().expect("an id"));
    bob.delete(&app, &path).await.is_problem(404, "token_not_found");
    assert_eq!(ada.delete(&app, &path).await.status, 204);
    ada.delete(&app, &path).await.is_problem(404, "token_not_found");
    ada.delete(&app, &format!("{TOKENS}/1")).await.is_problem(404, "not_found");
}

#[tokio::test]
async fn a_token_needs_a_name_a_scope_and_an_end() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let with = |key: &str, value: Value| {
        let mut wish = json!({ "name": "n", "scopes": ["search"], "expires_in_days": 1 });
        wish[key] = value;
        wish
    };
    for (key, value, status, code) in [
        ("name", json!(" "), 422, "invalid_name"),
        ("name", json!("a\r\nb"), 422, "invalid_name"),
        ("name", json!("x".repeat(101)), 422, "invalid_name"),
        ("scopes", json!([]), 422, "invalid_scopes"),
        ("scopes", json!(["all"]), 400, "bad_request"),
        ("expires_in_days", json!(0), 422, "invalid_expiry"),
        ("expires_in_days", json!(366), 422, "invalid_expiry"),
        ("expires_in_days", json!(null), 400, "bad_request"),
        ("user", json!("another"), 400, "bad_request"),
    ] {
        ada.create_token(&app, &with(key, value)).await.is_problem(status, code);
    }
    let all: Vec<_> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
    assert_eq!(ada.create_token(&app, &with("scopes", json!(all))).await.status, 201);
    assert_eq!(ada.create_token(&app, &with("expires_in_days", json!(365))).await.status, 201);
    let nobody = Person { cookies: Vec::new(), ..ada.clone() };
    nobody.create_token(&app, &with("name", json!("n"))).await.is_problem(401, "not_logged_in");
}

#[tokio::test]
async fn a_hundred_tokens_are_the_limit() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let _ = app.postgres.superuser_psql(&format!(
        "insert into api_tokens (id, user_id, name, secret_hash, scopes, expires_at)
        select gen_random_uuid(), '{}', 'n', sha256(n::text::bytea), '{{search}}', now() + interval '1 day'
        from generate_series(1, 100) n",
        ada.id
    ));
    let wish = json!({ "name": "n", "scopes": ["search"], "expires_in_days": 1 });
    ada.create_token(&app, &wish).await.is_problem(409, "too_many_tokens");
}
