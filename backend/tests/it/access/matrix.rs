//! Every route as everybody, against answers that are written down in `matrix.txt`.

use std::collections::BTreeMap;

use http::{Method, Request, StatusCode, request::Builder};
use serde_json::json;
use time::format_description::well_known::Rfc3339;
use untxt_core::{clock, domain::Scope};

use super::house::{GUESTS, House, PEOPLE, Things};
use crate::{
    app::{Answer, ORIGIN, request},
    people::{PASSWORD, multipart, pdf},
};
use axum::body::Body;

const EXPECTED: &str = include_str!("matrix.txt");

/// The columns: people with a login, and for each scope a token of somebody whose role has what it opens. Whoever may most
/// comes last, because then things may be gone.
fn columns() -> Vec<&'static str> {
    let scopes = Scope::ALL.iter().map(|scope| scope.as_str());
    ["nobody"].into_iter().chain(PEOPLE).chain(GUESTS.map(|(name, _)| name)).chain(scopes).chain(["owner"]).collect()
}

/// Gives a request the body that its route takes; a route that is new here has none, and shows it.
fn with_body(asking: Builder, method: &Method, path: &str, things: &Things) -> Request<Body> {
    let name = uuid::Uuid::new_v4().to_string();
    let wrong = json!({ "code": "000000" });
    let json = match (method.as_str(), path.trim_start_matches("/api/v1/")) {
        ("POST", "documents") => {
            let asking = asking.header("content-type", "multipart/form-data; boundary=edge");
            return asking.body(Body::from(multipart("a.pdf", &pdf(100)))).expect("good");
        }
        ("GET", "live") => return asking.header("origin", ORIGIN).body(Body::empty()).expect("good"),
        ("POST", "session") => json!({ "login": "owner", "password": PASSWORD }),
        ("POST", "session/second-factor") => json!({ "pending": "none", "code": "000000" }),
        ("POST", "session/passkey") => json!({ "credential": {} }),
        ("POST", "account/passkeys") => json!({ "name": name, "credential": {} }),
        ("POST", "session/step-up") => json!({ "password": PASSWORD }),
        ("POST", "account/password") => json!({ "old": "not the right one", "new": name }),
        ("POST", "account/second-factor/confirm") | ("DELETE", "account/second-factor") => wrong,
        ("POST", "tokens") => json!({ "name": name, "scopes": ["search"], "expires_in_days": 1 }),
        ("POST", "invitations") => json!({ "login": name, "role": "user" }),
        ("POST", "password-resets") => json!({ "name": name }),
        ("POST", "password-resets/confirm") => json!({ "token": "none", "password": name }),
        ("PUT", path) if path.ends_with("/limits") => json!({ "pages_per_month": 1000, "max_bytes": null }),
        ("POST", path) if path.starts_with("oidc/") || path.starts_with("account/oidc/") => {
            json!({ "code": "none", "state": "none" })
        }
        ("PUT", "account/mail") => json!({ "mail": null }),
        ("POST", "invitations/accept") => json!({ "secret": "none", "password": name }),
        ("POST", "emergency-access") => {
            json!({ "user": things.user, "reason": "nobody else is here", "minutes": 5 })
        }
        ("POST", "legal-holds") => json!({ "reference": "2026/7", "user": things.user }),
        ("POST", "folders" | "tags" | "teams") => json!({ "name": name }),
        ("POST", "search") => json!({ "query": "page" }),
        ("POST", "links/open") => json!({ "token": "none", "password": null }),
        ("POST", path) if path.ends_with("/links") => {
            let expires_at = (clock::now() + time::Duration::DAY).format(&Rfc3339).expect("a time");
            json!({ "expires_at": expires_at, "what": ["text"], "password": null, "uses": null })
        }
        ("POST", path) if path.ends_with("/shares") => json!({ "login": things.login, "right": "read" }),
        ("POST", path) if path.ends_with("/members") => json!({ "login": things.login }),
        ("PUT", path) if path.starts_with("teams/") => json!({ "is_manager": true }),
        ("POST", path) if path.ends_with("/tasks") => json!({ "pages": "all" }),
        ("POST", path) if path.ends_with("/choices") => json!({ "pages": [{ "page": 1, "task": things.task }] }),
        ("PATCH", path) if path.starts_with("documents/") => json!({ "tags": [] }),
        ("PATCH", path) if path.starts_with("users/") => json!({ "is_disabled": true }),
        ("PATCH", _) => json!({ "name": name }),
        _ => return asking.body(Body::empty()).expect("good"),
    };
    asking.header("content-type", "application/json").body(Body::from(json.to_string())).expect("good")
}

impl House {
    async fn ask(&self, column: &str, method: &Method, path: &str, things: &Things) -> Answer {
        let asking = request(method.clone(), path);
        let asking = match self.tokens.get(column) {
            Some(token) => asking.header("authorization", format!("Bearer {token}")),
            None if column == "nobody" => asking,
            // A login of its own, because some routes end it.
            None => asking.header("cookie", self.log_in(column).await.cookie()),
        };
        self.app.send(with_body(asking, method, path, things)).await
    }
}

fn say(answer: &Answer) -> String {
    match answer.status.as_u16() {
        good @ ..400 => good.to_string(),
        bad => format!("{bad} {}", answer.json()["code"].as_str().expect("a code")),
    }
}

#[tokio::test]
async fn every_route_answers_everybody_as_it_is_written_down() {
    let description = untxt_backend::describe().expect("a description");
    let house = Box::pin(House::build()).await;
    let mut found = String::new();
    for (path, item) in description["paths"].as_object().expect("paths") {
        for name in item.as_object().expect("methods").keys() {
            let method: Method = name.to_uppercase().parse().expect("a method");
            let mut things = house.furnish().await;
            let mut answers = BTreeMap::<String, Vec<&str>>::new();
            for column in columns() {
                let answer = house.ask(column, &method, &things.fill(path), &things).await;
                answers.entry(say(&answer)).or_default().push(column);
                let operation = &item[name];
                let status = answer.status.as_u16().to_string();
                assert!(operation["responses"].get(&status).is_some(), "{method} {path} {column}: {status}");
                assert_ne!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{method} {path} {column}");
                is_no_leak(column, path, &answer, &things);
                if !method.is_safe() && answer.status.is_success() {
                    things = house.furnish().await;
                }
            }
            found += &format!("{method} {path}\n");
            for (answer, columns) in answers {
                found += &format!("    {answer}: {}\n", columns.join(" "));
            }
        }
    }
    if found != EXPECTED {
        std::fs::write(std::env::temp_dir().join("untxt-matrix.txt"), &found).expect("written");
        for (is, should) in found.lines().zip(EXPECTED.lines()) {
            assert_eq!(is, should, "the whole of it is in untxt-matrix.txt in the folder for temporary files");
        }
        panic!("routes are missing here, or there:\n{found}");
    }
}

/// Whoever is not the owner never meets what is the owner's; the record has ids, and no names.
#[track_caller]
fn is_no_leak(column: &str, path: &str, answer: &Answer, things: &Things) {
    let text = String::from_utf8_lossy(&answer.body);
    if PEOPLE.contains(&column) || column == "nobody" {
        assert!(!text.contains("scan.pdf"), "{column} {path}: {text}");
        let is_of_ids = path.starts_with("/api/v1/audit") && matches!(column, "admin" | "auditor");
        assert!(is_of_ids || !text.contains(&things.document), "{column} {path}: {text}");
    }
}
