use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    app::{Answer, TestApp, json},
    people::{PASSWORD, Person},
};

const SESSION: &str = "/api/v1/session";
const SESSIONS: &str = "/api/v1/sessions";
const INVITATIONS: &str = "/api/v1/invitations";
const NEW_PASSWORD: &str = "seven quiet herons over the mill";

impl Person {
    /// Logs in once more, as on another machine.
    async fn elsewhere(&self, app: &TestApp, login: &str) -> Self {
        Self { cookies: app.log_in(login, PASSWORD).await.cookies(), ..self.clone() }
    }

    fn with(&self, answer: &Answer) -> Self {
        Self { cookies: answer.cookies(), ..self.clone() }
    }

    async fn is_in(&self, app: &TestApp) -> bool {
        self.get(app, SESSION).await.status == StatusCode::OK
    }
}

#[tokio::test]
async fn a_new_password_ends_all_other_sessions_and_gives_this_one_another_id() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let other = ada.elsewhere(&app, "ada").await;
    let change = |old: &str, new: &str| json!({ "old": old, "new": new });
    let path = "/api/v1/account/password";
    ada.post(&app, path, &change("wrong", NEW_PASSWORD)).await.is_problem(403, "wrong_password");
    for weak in ["short", "aaaaaaaaaaaaaaaa", "Password1234!", "adaadaadaada", &"x".repeat(1025)] {
        ada.post(&app, path, &change(PASSWORD, weak)).await.is_problem(422, "weak_password");
    }
    assert!(ada.is_in(&app).await && other.is_in(&app).await);

    let answer = ada.post(&app, path, &change(PASSWORD, NEW_PASSWORD)).await;
    assert_eq!((answer.status, &answer.json()["user"]["login"]), (StatusCode::OK, &json!("ada")));
    assert!(ada.with(&answer).is_in(&app).await);
    assert!(!ada.is_in(&app).await && !other.is_in(&app).await);
    app.log_in("ada", PASSWORD).await.is_problem(401, "wrong_credentials");
    assert_eq!(app.log_in("ada", NEW_PASSWORD).await.status, 200);
}

#[tokio::test]
async fn guessing_the_old_password_locks_the_login() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let body = json!({ "old": "wrong", "new": NEW_PASSWORD });
    for _ in 0..5 {
        ada.post(&app, "/api/v1/account/password", &body).await.is_problem(403, "wrong_password");
    }
    ada.post(&app, "/api/v1/account/password", &body).await.is_problem(429, "too_many_attempts");
    app.log_in("ada", PASSWORD).await.is_problem(429, "too_many_attempts");
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one_or_together() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let phone = json(Method::POST, SESSION, &json!({ "login": "ada", "password": PASSWORD }));
    let (mut parts, body) = phone.into_parts();
    let agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1";
    parts.headers.insert("user-agent", agent.parse().expect("a header"));
    let phone = ada.with(&app.send(http::Request::from_parts(parts, body)).await);

    let listed = ada.get(&app, SESSIONS).await.json();
    let listed = listed["sessions"].as_array().expect("a list");
    assert_eq!(listed.len(), 2);
    let of_phone = listed.iter().find(|session| session["device"] == "Safari on iOS").expect("the phone");
    assert_eq!(of_phone["is_current"], false);
    let own = listed.iter().find(|session| session["is_current"] == true).expect("this one");
    assert_eq!(own["device"], Value::Null);
    assert!(!app.postgres.superuser_psql("select sessions::text from sessions").contains("Mozilla"));

    let path = format!("{SESSIONS}/{}", of_phone["id"].as_str().expect("an id"));
    bob.delete(&app, &path).await.is_problem(404, "session_not_found");
    assert_eq!(ada.delete(&app, &path).await.status, 204);
    ada.delete(&app, &path).await.is_problem(404, "session_not_found");
    assert!(!phone.is_in(&app).await && ada.is_in(&app).await);

    let other = ada.elsewhere(&app, "ada").await;
    assert_eq!(ada.post(&app, "/api/v1/sessions/end-others", &json!({})).await.status, 204);
    assert!(!other.is_in(&app).await && ada.is_in(&app).await);
    let other = ada.elsewhere(&app, "ada").await;
    assert_eq!(ada.delete(&app, SESSIONS).await.status, 204);
    assert!(!other.is_in(&app).await && !ada.is_in(&app).await && bob.is_in(&app).await);
}

#[tokio::test]
async fn an_old_proof_is_asked_for_again() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let token = json!({ "name": "n", "scopes": ["search"], "expires_in_days": 1 });
    assert_eq!(ada.post(&app, "/api/v1/tokens", &token).await.status, 201);
    let _ = app.postgres.superuser_psql("update sessions set verified_at = verified_at - interval '16 minutes'");
    ada.post(&app, "/api/v1/tokens", &token).await.is_problem(403, "step_up_required");

    let path = "/api/v1/session/step-up";
    ada.post(&app, path, &json!({ "password": "wrong" })).await.is_problem(403, "wrong_password");
    let ends = ada.get(&app, SESSION).await.json()["expires_at"].clone();
    let answer = ada.post(&app, path, &json!({ "password": PASSWORD })).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["expires_at"], ends, "eight hours are eight hours");
    let fresh = ada.with(&answer);
    assert_eq!(fresh.post(&app, "/api/v1/tokens", &token).await.status, 201);
    assert!(!ada.is_in(&app).await, "the id of before is gone");
}

fn secret(invitation: &Value) -> String {
    let link = invitation["link"].as_str().expect("a link");
    let secret = link.strip_prefix("https://localhost:8443/invitation#").expect(link);
    secret.to_owned()
}

async fn accept(app: &TestApp, secret: &str, password: &str) -> Answer {
    let body = json!({ "secret": secret, "password": password });
    app.send(json(Method::POST, "/api/v1/invitations/accept", &body)).await
}

#[tokio::test]
async fn an_invitation_makes_one_person_once() {
    let app = TestApp::start().await;
    let (admin, bob) = (app.admin("admin").await, app.person("bob").await);
    let wish = json!({ "login": "Carol@Example", "role": "user" });
    bob.post(&app, INVITATIONS, &wish).await.is_problem(403, "not_allowed");
    let invited = admin.post(&app, INVITATIONS, &wish).await;
    assert_eq!((invited.status, &invited.json()["login"]), (StatusCode::CREATED, &json!("carol@example")));
    let secret = secret(&invited.json());
    assert!(!app.postgres.superuser_psql("select invitations::text from invitations").contains(&secret));
    assert!(!admin.get(&app, INVITATIONS).await.text().contains("link"));
    bob.get(&app, INVITATIONS).await.is_problem(403, "not_allowed");

    accept(&app, &"0".repeat(64), NEW_PASSWORD).await.is_problem(404, "link_not_good");
    accept(&app, "nonsense", NEW_PASSWORD).await.is_problem(404, "link_not_good");
    // A weak password uses nothing up.
    accept(&app, &secret, "carolcarolcarol").await.is_problem(422, "weak_password");
    let answer = accept(&app, &secret, NEW_PASSWORD).await;
    assert_eq!((answer.status, &answer.json()["user"]["login"]), (StatusCode::OK, &json!("carol@example")));
    assert!(admin.with(&answer).is_in(&app).await);
    assert_eq!(app.log_in("carol@example", NEW_PASSWORD).await.status, 200);
    accept(&app, &secret, NEW_PASSWORD).await.is_problem(404, "link_not_good");
    admin.post(&app, INVITATIONS, &wish).await.is_problem(409, "login_taken");
    for bad in ["", "a b", "a\nb", &"x".repeat(101)] {
        let wish = json!({ "login": bad, "role": "user" });
        admin.post(&app, INVITATIONS, &wish).await.is_problem(422, "invalid_login");
    }
}

#[tokio::test]
async fn an_invitation_ends_after_a_week_when_it_is_taken_back_and_with_its_admin() {
    let app = TestApp::start().await;
    let admin = app.admin("admin").await;
    let invite = async || {
        let invited = admin.post(&app, INVITATIONS, &json!({ "login": "carol", "role": "user" })).await.json();
        (secret(&invited), format!("{INVITATIONS}/{}", invited["id"].as_str().expect("an id")))
    };
    let (first, _) = invite().await;
    let (second, path) = invite().await;
    accept(&app, &first, NEW_PASSWORD).await.is_problem(404, "link_not_good");
    assert_eq!(admin.delete(&app, &path).await.status, 204);
    admin.delete(&app, &path).await.is_problem(404, "invitation_not_found");
    accept(&app, &second, NEW_PASSWORD).await.is_problem(404, "link_not_good");
    for change in ["update invitations set expires_at = now()", "update users set role = 'user'"] {
        let (secret, _) = invite().await;
        let _ = app.postgres.superuser_psql(change);
        accept(&app, &secret, NEW_PASSWORD).await.is_problem(404, "link_not_good");
    }
    assert_eq!(app.count("users"), 1);
}

#[tokio::test]
async fn who_is_disabled_is_out_at_once_and_looks_like_nobody() {
    let app = TestApp::start().await;
    let (admin, bob) = (app.admin("admin").await, app.person("bob").await);
    let token = json!({ "name": "n", "scopes": ["search"], "expires_in_days": 1 });
    assert_eq!(bob.post(&app, "/api/v1/tokens", &token).await.status, 201);
    let path = |person: &Person| format!("/api/v1/users/{}", person.id);
    let (off, on) = (json!({ "is_disabled": true }), json!({ "is_disabled": false }));
    bob.ask(&app, Method::PATCH, &path(&admin), &off).await.is_problem(403, "not_allowed");
    bob.get(&app, "/api/v1/users").await.is_problem(403, "not_allowed");
    admin.ask(&app, Method::PATCH, &path(&admin), &off).await.is_problem(409, "not_yourself");
    let nobody = format!("/api/v1/users/{}", uuid::Uuid::new_v4());
    admin.ask(&app, Method::PATCH, &nobody, &off).await.is_problem(404, "user_not_found");

    assert_eq!(admin.ask(&app, Method::PATCH, &path(&bob), &off).await.status, 204);
    bob.get(&app, SESSION).await.is_problem(401, "not_logged_in");
    assert_eq!(app.count("api_tokens"), 0);
    app.log_in("bob", PASSWORD).await.is_problem(401, "wrong_credentials");
    let listed = admin.get(&app, "/api/v1/users").await.json();
    assert_eq!(listed["users"][1]["login"], "bob");
    assert!(listed["users"][1]["disabled_at"].is_string() && listed["users"][0]["disabled_at"].is_null());

    assert_eq!(admin.ask(&app, Method::PATCH, &path(&bob), &on).await.status, 204);
    assert_eq!(app.log_in("bob", PASSWORD).await.status, 200);
    assert!(!bob.is_in(&app).await, "what ended stays ended");
}

#[tokio::test]
async fn failures_count_across_backends_and_restarts() {
    let app = TestApp::start().await;
    let again = app.another_backend();
    for _ in 0..5 {
        app.log_in("nobody", "wrong").await.is_problem(401, "wrong_credentials");
    }
    let body = json!({ "login": "NOBODY", "password": "wrong" });
    let refused = again.send(json(Method::POST, SESSION, &body)).await;
    refused.is_problem(429, "too_many_attempts");
    assert!(!app.postgres.superuser_psql("select login_failures::text from login_failures").contains("nobody"));
}
