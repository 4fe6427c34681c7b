use axum::body::Body;
use http::Method;
use untxt_core::domain::{DocumentId, TaskId};

use crate::{
    app::{Answer, ORIGIN, TestApp, request},
    people::pdf,
};

/// What every answer must carry, whatever it is.
const ALWAYS: &[(&str, &str)] = &[
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; \
         font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    ("strict-transport-security", "max-age=63072000"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

#[track_caller]
fn is_secure(answer: &Answer) {
    for (name, value) in ALWAYS {
        assert_eq!(answer.header(name), *value, "{name} of {} {:?}", answer.status, answer.body);
    }
    assert!(answer.header("permissions-policy").contains("camera=()"));
    assert!(!answer.header("x-request-id").is_empty());
    for telling in ["server", "x-powered-by", "x-xss-protection"] {
        assert!(!answer.headers.contains_key(telling), "{telling}");
    }
}

#[tokio::test]
async fn every_route_answers_everyone_with_the_headers() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let document = ada.upload(&app, "a.pdf", &pdf(100)).await;
    is_secure(&document);
    let (here, gone) = (document.header("location").to_owned(), DocumentId::generate());
    let mut paths = vec![
        "/".to_owned(),
        "/login".into(),
        "/assets/none.js".into(),
        "/health".into(),
        "/api".into(),
        "/api/v1/nothing".into(),
        "/api/v1/session".into(),
        "/api/v1/session/refresh".into(),
        "/api/v1/limits".into(),
        "/api/v1/documents".into(),
        "/api/v1/documents?limit=x".into(),
        "/api/v1/live".into(),
        format!("/api/v1/tasks/{}/events", TaskId::generate()),
        format!("/{}", "x".repeat(5000)),
        "/api/v1/documents/%00".into(),
        "/%ff%fe".into(),
    ];
    for base in [here, format!("/api/v1/documents/{gone}")] {
        paths.push(base.clone());
        for part in ["pages", "pages/1", "pages/1/image", "original", "text", "words", "searchable.pdf"] {
            paths.push(format!("{base}/{part}"));
        }
    }
    for path in paths {
        // DELETE comes last: it ends the session, or the document.
        for method in [Method::GET, Method::HEAD, Method::OPTIONS, Method::PUT, Method::POST, Method::PATCH] {
            for is_known in [false, true] {
                let asking = if is_known { ada.request(method.clone(), &path) } else { request(method.clone(), &path) };
                let answer = app.send(asking.header("origin", ORIGIN).body(Body::empty()).expect("good")).await;
                is_secure(&answer);
                if path.starts_with("/api/") {
                    assert_eq!(answer.header("cache-control"), "no-store", "{method} {path}");
                    assert!(!answer.headers.contains_key("content-encoding"), "{method} {path}");
                }
                if answer.status.as_u16() >= 400 && method != Method::HEAD {
                    let code = answer.json()["code"].as_str().expect("a code").to_owned();
                    answer.is_problem(answer.status.as_u16(), &code);
                    assert_ne!(answer.status.as_u16(), 500, "{method} {path}");
                }
                let allow = answer.header("allow");
                assert_eq!(allow.is_empty(), answer.status != 405, "{method} {path}: {}", answer.status);
            }
        }
    }
}

#[tokio::test]
async fn pages_come_with_the_right_caching() {
    let app = TestApp::start().await;
    let get = async |path: &str| app.send(request(Method::GET, path).body(Body::empty()).expect("good")).await;
    app.send(request(Method::GET, &format!("/{}", "x".repeat(5000))).body(Body::empty()).expect("good"))
        .await
        .is_problem(414, "address_too_long");
    get("/assets/none.js").await.is_problem(404, "not_found");
    get("/api/v1/documents/../../etc/passwd").await.is_problem(404, "not_found");
    let index = get("/").await;
    if index.status == 503 {
        index.is_problem(503, "no_frontend");
        return;
    }
    assert_eq!((index.header("content-type"), index.header("cache-control")), ("text/html; charset=utf-8", "no-cache"));
    assert_eq!(get("/documents/anything").await.body, index.body);
    let known = request(Method::GET, "/").header("if-none-match", index.header("etag"));
    assert_eq!(app.send(known.body(Body::empty()).expect("good")).await.status, 304);
    let script = index.text().split("\"/assets/").nth(1).and_then(|rest| rest.split('"').next()).expect("a script");
    let script = get(&format!("/assets/{script}")).await;
    assert_eq!(script.header("cache-control"), "public, max-age=31536000, immutable");
}

#[tokio::test]
async fn health_and_limits_are_open_to_all() {
    let app = TestApp::start().await;
    let get = async |path: &str| app.send(request(Method::GET, path).body(Body::empty()).expect("good")).await;
    assert_eq!(get("/health").await.json()["status"], "ok");
    let limits = get("/api/v1/limits").await.json();
    assert_eq!((&limits["max_file_bytes"], &limits["languages"][0]), (&(4 << 20).into(), &"auto".into()));
    assert!(limits["allowed_types"].as_array().is_some_and(|types| types.contains(&"application/pdf".into())));
    app.lifecycle.stop();
    get("/health").await.is_problem(503, "unavailable");
}
