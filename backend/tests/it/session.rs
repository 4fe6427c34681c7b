use std::sync::atomic::Ordering;

use axum::body::Body;
use http::{Method, StatusCode};
use serde_json::json;

use crate::{
    app::{Answer, ORIGIN, TestApp, json, request},
    people::{PASSWORD, Person},
};

const SESSION: &str = "/api/v1/session";

async fn refresh(app: &TestApp, cookies: &[String]) -> Answer {
    let request = request(Method::POST, "/api/v1/session/refresh").header("cookie", cookies.join("; "));
    app.send(request.body(Body::empty()).expect("good")).await
}

#[tokio::test]
async fn a_login_gives_hardened_cookies_and_a_logout_takes_them() {
    let app = TestApp::start().await;
    app.create_user("ada").await;
    let answer = app.log_in("ADA", PASSWORD).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["user"]["login"], "ada");
    let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().map(|c| c.to_str().expect("text")).collect();
    assert_eq!(cookies.len(), 2);
    for cookie in &cookies {
        assert!(cookie.starts_with("__Host-untxt_"), "{cookie}");
        for part in ["HttpOnly", "Secure", "SameSite=Strict", "Path=/"] {
            assert!(cookie.split("; ").any(|found| found == part), "{part} in {cookie}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
    let ada = Person {
        id: answer.json()["user"]["id"].as_str().expect("an id").parse::<uuid::Uuid>().expect("an id").into(),
        cookies: answer.cookies(),
    };
    let shown = ada.get(&app, SESSION).await;
    assert_eq!((shown.status, &shown.json()["user"]["role"]), (StatusCode::OK, &json!("user")));
    let out = ada.delete(&app, SESSION).await;
    assert_eq!(out.status, 204);
    assert!(out.headers.get_all("set-cookie").iter().all(|c| c.to_str().expect("text").contains("Max-Age=0")));
    // The old cookies open nothing any more, at once.
    ada.get(&app, SESSION).await.is_problem(401, "not_logged_in");
    ada.get(&app, "/api/v1/documents").await.is_problem(401, "not_logged_in");
    refresh(&app, &ada.cookies).await.is_problem(401, "not_logged_in");
    assert_eq!(ada.delete(&app, SESSION).await.status, 204);
}

#[tokio::test]
async fn nobody_gets_in_without_the_right_password() {
    let app = TestApp::start().await;
    app.create_user("ada").await;
    for (login, password) in [("ada", "wrong"), ("bob", PASSWORD), ("", ""), ("ada", "")] {
        app.log_in(login, password).await.is_problem(401, "wrong_credentials");
    }
    for body in [json!({}), json!({ "login": "ada" }), json!({ "login": 1, "password": 2 }), json!([])] {
        app.send(json(Method::POST, SESSION, &body)).await.is_problem(400, "bad_request");
    }
    let plain = request(Method::POST, SESSION).body(Body::from("login=ada")).expect("good");
    app.send(plain).await.is_problem(415, "unsupported_media_type");
    let long = json!({ "login": "ada", "password": "x".repeat(20_000) });
    app.send(json(Method::POST, SESSION, &long)).await.is_problem(413, "too_large");
}

#[tokio::test]
async fn guessing_is_slowed_down_whether_the_login_exists_or_not() {
    let app = TestApp::start().await;
    app.create_user("ada").await;
    let mut waits = Vec::new();
    for login in ["ada", "nobody"] {
        for _ in 0..6 {
            let answer = app.log_in(login, "wrong").await;
            if answer.status == 429 {
                break;
            }
            answer.is_problem(401, "wrong_credentials");
        }
        // Even the right password must wait now.
        let refused = app.log_in(login, PASSWORD).await;
        refused.is_problem(429, "too_many_attempts");
        waits.push(refused.header("retry-after").parse::<u64>().expect("seconds"));
    }
    assert!(waits.iter().all(|wait| (1..=2).contains(wait)), "{waits:?}");
    tokio::time::sleep(std::time::Duration::from_millis(2200)).await;
    assert_eq!(app.log_in("ada", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_refresh_replaces_both_tokens_and_an_old_one_ends_the_session() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let first = refresh(&app, &ada.cookies).await;
    assert_eq!((first.status, &first.json()["user"]["login"]), (StatusCode::OK, &json!("ada")));
    assert_ne!(first.cookies()[1], ada.cookies[1]);
    let second = refresh(&app, &first.cookies()).await;
    assert_eq!(second.status, 200);
    let ada_now = Person { cookies: second.cookies(), ..ada.clone() };
    assert_eq!(ada_now.get(&app, SESSION).await.status, 200);
    // Two steps back: somebody has kept a copy, so the whole session ends, for the thief and for the person.
    refresh(&app, &ada.cookies).await.is_problem(401, "not_logged_in");
    ada_now.get(&app, SESSION).await.is_problem(401, "not_logged_in");
    refresh(&app, &second.cookies()).await.is_problem(401, "not_logged_in");
}

#[tokio::test]
async fn the_token_before_is_good_for_a_moment_only() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let first = refresh(&app, &ada.cookies).await;
    // Two tabs with one cookie jar ask at the same time.
    let second = refresh(&app, &ada.cookies).await;
    assert_eq!((first.status, second.status), (StatusCode::OK, StatusCode::OK));
    let ada_now = Person { cookies: second.cookies(), ..ada.clone() };
    assert_eq!(ada_now.get(&app, SESSION).await.status, 200);
    _ = app.postgres.superuser_psql("update sessions set rotated_at = rotated_at - interval '1 minute'");
    refresh(&app, &first.cookies()).await.is_problem(401, "not_logged_in");
    ada_now.get(&app, SESSION).await.is_problem(401, "not_logged_in");
}

#[tokio::test]
async fn noise_with_a_known_session_id_ends_nothing() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let (name, token) = ada.cookies[1].split_once('=').expect("a pair");
    let forged = format!("{name}={}{}", &token[..64], "0".repeat(token.len() - 64));
    refresh(&app, &[forged]).await.is_problem(401, "not_logged_in");
    refresh(&app, &[]).await.is_problem(401, "not_logged_in");
    assert_eq!(ada.get(&app, SESSION).await.status, 200);
}

#[tokio::test]
async fn idle_and_old_sessions_end() {
    let app = TestApp::start().await;
    for change in ["last_used_at = last_used_at - interval '16 minutes'", "expires_at = clock_timestamp()"] {
        let person = app.person(&format!("p{}", change.len())).await;
        assert_eq!(person.get(&app, SESSION).await.status, 200);
        _ = app.postgres.superuser_psql(&format!("update sessions set {change}"));
        person.get(&app, SESSION).await.is_problem(401, "not_logged_in");
        refresh(&app, &person.cookies).await.is_problem(401, "not_logged_in");
    }
}

#[tokio::test]
async fn what_changes_something_must_come_from_our_pages() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("origin", "http://localhost:8443"),
        ("sec-fetch-site", "cross-site"),
    ] {
        for (method, path) in [
            (Method::POST, SESSION),
            (Method::POST, "/api/v1/session/refresh"),
            (Method::DELETE, SESSION),
            (Method::POST, "/api/v1/documents"),
        ] {
            let request = ada.request(method, path).header(name, value).body(Body::empty()).expect("good");
            app.send(request).await.is_problem(403, "wrong_origin");
        }
    }
    let ours = ada.request(Method::DELETE, SESSION).header("origin", ORIGIN).header("sec-fetch-site", "same-origin");
    assert_eq!(app.send(ours.body(Body::empty()).expect("good")).await.status, 204);
    assert_eq!(app.objects.puts.load(Ordering::SeqCst), 0);
}
