use std::net::SocketAddr;

use axum::{body::Body, extract::ConnectInfo};
use http::{Method, Request};
use serde_json::json;

use crate::{
    app::{ORIGIN, TestApp, json, request},
    people::{PASSWORD, pdf},
};

#[tokio::test]
async fn no_other_site_gets_leave_to_read_anything() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    for path in ["/api/v1/documents", "/api/v1/session", "/api/v1/search", "/api/v1/limits"] {
        let preflight = request(Method::OPTIONS, path)
            .header("origin", "https://evil.example")
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type");
        let answer = app.send(preflight.body(Body::empty()).expect("good")).await;
        answer.is_problem(405, "method_not_allowed");
        assert!(!answer.header("allow").is_empty());
        for site in
            [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site")]
        {
            let asked = ada.request(Method::GET, path).header(site.0, site.1).body(Body::empty()).expect("good");
            let answer = app.send(asked).await;
            if path != "/api/v1/search" {
                answer.is_problem(403, "wrong_origin");
            }
            assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control-")), "{path}");
        }
        let own = ada.request(Method::GET, path).header("origin", ORIGIN).header("sec-fetch-site", "same-origin");
        assert_ne!(app.send(own.body(Body::empty()).expect("good")).await.status, 403, "{path}");
    }
}

#[tokio::test]
async fn what_is_of_a_document_is_stored_nowhere_on_the_way() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let path = ada.upload(&app, "a.pdf", &pdf(100)).await.header("location").to_owned();
    for part in ["", "/original", "/pages", "/pages/1", "/searchable.pdf", "/formats/txt"] {
        let answer = ada.get(&app, &format!("{path}{part}")).await;
        assert_eq!(answer.header("cache-control"), "no-store", "{part}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
}

#[tokio::test]
async fn a_quota_is_told_and_kept() {
    let app = TestApp::with(|settings| {
        settings.limits.requests_per_minute = 10;
        settings.limits.requests_per_minute_of_strangers = 40;
    })
    .await;
    let (ada, eve) = (app.person("ada").await, app.person("eve").await);
    let first = ada.get(&app, "/api/v1/session").await;
    assert_eq!(first.header("ratelimit-policy"), "\"person\";q=10;w=60");
    assert!(first.header("ratelimit").starts_with("\"person\";r=9;t="), "{}", first.header("ratelimit"));
    for _ in 0..9 {
        assert_eq!(ada.get(&app, "/api/v1/session").await.status, 200);
    }
    for _ in 0..3 {
        let refused = ada.get(&app, "/api/v1/session").await;
        refused.is_problem(429, "too_many_requests");
        assert!((1..=60).contains(&refused.header("retry-after").parse::<u32>().expect("seconds")));
    }
    assert_eq!(eve.get(&app, "/api/v1/session").await.status, 200, "everybody has their own");
    let refused = "select count(*) from audit_events where detail = 'too_many_requests'";
    assert_eq!(app.postgres.superuser_psql(refused).trim(), "1", "a flood does not fill the record");
}

#[tokio::test]
async fn only_a_proxy_that_is_believed_says_whose_request_it_is() {
    let forwarded = |peer: &str| {
        let body = json!({ "login": "ada", "password": PASSWORD });
        let mut asked: Request<Body> = json(Method::POST, "/api/v1/session", &body);
        asked.headers_mut().insert("x-forwarded-for", "203.0.113.9".parse().expect("a value"));
        asked.headers_mut().insert("forwarded", "for=203.0.113.10".parse().expect("a value"));
        let peer: SocketAddr = format!("{peer}:4711").parse().expect("an address");
        asked.extensions_mut().insert(ConnectInfo(peer));
        asked
    };
    let app = TestApp::with(|settings| settings.server.trusted_proxies = vec!["10.0.0.0/8".to_owned()]).await;
    app.create_user("ada").await;
    assert_eq!(app.send(forwarded("198.51.100.7")).await.status, 200);
    assert_eq!(app.send(forwarded("10.1.2.3")).await.status, 200);
    let said = app.postgres.superuser_psql("select string_agg(host(address), ' ' order by position) from audit_events");
    assert_eq!(said.trim(), "198.51.100.7 203.0.113.9");
}
