//! Every route as everybody, against answers that are written down in `matrix.txt`.

use std::collections::BTreeMap;

use axum::body::Body;
use http::{Method, Request};
use serde_json::{Value, json};

use crate::{
    app::{Answer, TestApp, request},
    people::{Person, multipart, pdf},
    worker::Worker,
};

const EXPECTED: &str = include_str!("matrix.txt");

/// The columns, in the order in which they ask: the owner last, because then things may be gone.
const COLUMNS: [&str; 6] = ["nobody", "stranger", "reviewer", "auditor", "admin", "owner"];

/// What the owner has, made anew for each route.
struct Things {
    document: String,
    task: String,
    folder: String,
    tag: String,
}

struct House {
    app: TestApp,
    worker: Worker,
    people: BTreeMap<&'static str, Person>,
}

impl House {
    async fn build() -> Self {
        let app = TestApp::start().await;
        let worker = Worker::start(&app).await;
        let mut people = BTreeMap::new();
        for name in &COLUMNS[1..] {
            let person = app.person(name).await;
            if let "reviewer" | "auditor" | "admin" = *name {
                let role = format!("update users set role = '{name}' where id = '{}'", person.id);
                let _ = app.postgres.superuser_psql(&role);
            }
            people.insert(*name, person);
        }
        Self { app, worker, people }
    }

    fn owner(&self) -> &Person {
        &self.people["owner"]
    }

    /// Gives the owner a document that was read, a folder and a tag; what was there before goes.
    async fn furnish(&self) -> Things {
        let _ = self.app.postgres.superuser_psql("delete from document_tags; delete from tags");
        let owner = self.owner();
        let document = owner.upload(&self.app, "scan.pdf", &pdf(300)).await.json();
        let task = document["task"]["id"].as_str().expect("a task").to_owned();
        self.worker.read(&self.app, task.parse().expect("an id"), 1, &[]).await;
        let make = async |path: &str, name: &str| {
            let body = json!({ "name": name });
            let made = self.app.send(with_json(owner.request(Method::POST, path), &body)).await;
            made.json()["id"].as_str().expect("an id").to_owned()
        };
        let name = uuid::Uuid::new_v4().to_string();
        Things {
            document: document["id"].as_str().expect("an id").to_owned(),
            task,
            folder: make("/api/v1/folders", &name).await,
            tag: make("/api/v1/tags", &name).await,
        }
    }

    async fn ask(&self, column: &str, method: &Method, path: &str, things: &Things) -> Answer {
        // A login of its own, because some routes end it.
        let asking = match column {
            "nobody" => request(method.clone(), path),
            _ => Person { cookies: self.cookies(column).await, ..self.people[column].clone() }
                .request(method.clone(), path),
        };
        self.app.send(body(asking, method, path, things)).await
    }

    async fn cookies(&self, column: &str) -> Vec<String> {
        self.app.log_in(column, crate::people::PASSWORD).await.cookies()
    }
}

fn with_json(asking: http::request::Builder, body: &Value) -> Request<Body> {
    asking.header("content-type", "application/json").body(Body::from(body.to_string())).expect("good")
}

/// Gives a request the body that its route takes; a route that is new here has none, and shows it.
fn body(asking: http::request::Builder, method: &Method, path: &str, things: &Things) -> Request<Body> {
    let name = uuid::Uuid::new_v4().to_string();
    let json = match (method.as_str(), path.rsplit('/').next().unwrap_or_default()) {
        ("POST", "documents") => {
            let asking = asking.header("content-type", "multipart/form-data; boundary=edge");
            return asking.body(Body::from(multipart("a.pdf", &pdf(100)))).expect("good");
        }
        ("GET", "live") => {
            let asking = asking.header("origin", crate::app::ORIGIN);
            return asking.body(Body::empty()).expect("good");
        }
        ("POST", "session") => json!({ "login": "owner", "password": crate::people::PASSWORD }),
        ("POST", "folders" | "tags") => json!({ "name": name }),
        ("POST", "search") => json!({ "query": "page" }),
        ("POST", "tasks") => json!({ "pages": "all" }),
        ("POST", "choices") => json!({ "pages": [{ "page": 1, "task": things.task }] }),
        ("PATCH", last) if last == things.document => json!({ "tags": [] }),
        ("PATCH", _) => json!({ "name": name }),
        _ => return asking.body(Body::empty()).expect("good"),
    };
    with_json(asking, &json)
}

fn fill(path: &str, things: &Things) -> String {
    path.replace("{document}", &things.document)
        .replace("{task}", &things.task)
        .replace("{folder}", &things.folder)
        .replace("{tag}", &things.tag)
        .replace("{page}", "1")
        .replace("{format}", "txt")
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
    let house = House::build().await;
    let mut found = String::new();
    for (path, item) in description["paths"].as_object().expect("paths") {
        for name in item.as_object().expect("methods").keys() {
            let method: Method = name.to_uppercase().parse().expect("a method");
            let things = house.furnish().await;
            found += &format!("{method} {path}\n");
            for column in COLUMNS {
                let answer = house.ask(column, &method, &fill(path, &things), &things).await;
                found += &format!("    {column:9} {}\n", say(&answer));
                let operation = &item[name];
                let status = answer.status.as_u16().to_string();
                assert!(operation["responses"].get(&status).is_some(), "{method} {path} {column}: {status}");
                is_no_leak(column, &answer, &things);
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

/// Whoever is not the owner never meets what is the owner's, but an administrator who looks at the queue.
#[track_caller]
fn is_no_leak(column: &str, answer: &Answer, things: &Things) {
    let text = String::from_utf8_lossy(&answer.body);
    if column != "owner" {
        assert!(!text.contains("scan.pdf") && !text.contains(&things.document), "{column}: {text}");
    }
}
