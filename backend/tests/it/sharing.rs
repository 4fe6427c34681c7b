use std::time::Duration;

use axum::body::Body;
use http::Method;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;
use untxt_core::domain::{DocumentId, TaskId, UserId};

use crate::{
    app::{Answer, TestApp},
    people::{Person, pdf},
    worker::Worker,
};

const DOCUMENTS: &str = "/api/v1/documents";
const FOLDERS: &str = "/api/v1/folders";
const TEAMS: &str = "/api/v1/teams";

async fn send(app: &TestApp, person: &Person, method: Method, path: &str, body: &Value) -> Answer {
    let request = person.request(method, path).header("content-type", "application/json");
    app.send(request.body(Body::from(body.to_string())).expect("good")).await
}

async fn post(app: &TestApp, person: &Person, path: &str, body: &Value) -> Answer {
    send(app, person, Method::POST, path, body).await
}

fn id(value: &Value) -> String {
    value["id"].as_str().expect("an id").to_owned()
}

/// A document that was read, and the one who owns it.
async fn a_read_document(app: &TestApp, owner: &Person) -> (String, TaskId) {
    let document = owner.upload(app, "letter.pdf", &pdf(100)).await.json();
    let task: TaskId = id(&document["task"]).parse().expect("an id");
    Worker::start(app).await.read(app, task, 2, &[]).await;
    (format!("{DOCUMENTS}/{}", id(&document)), task)
}

#[tokio::test]
async fn each_right_opens_what_it_says_and_no_more() {
    let app = TestApp::start().await;
    let (olga, rita) = (app.person("olga").await, app.person("rita").await);
    let (document, task) = a_read_document(&app, &olga).await;
    let at = |path: &str| format!("{document}/{path}");
    let ask = async |method: Method, path: &str, body: &Value| send(&app, &rita, method, path, body).await;
    let reading = [
        String::new(),
        "/pages".into(),
        "/pages/1".into(),
        "/pages/1/image".into(),
        "/formats/txt".into(),
        "/original".into(),
    ];
    for path in &reading {
        rita.get(&app, &format!("{document}{path}")).await.is_problem(404, "document_not_found");
    }
    let share = async |right: &str| {
        let wish = json!({ "login": "Rita", "right": right });
        let answer = post(&app, &olga, &at("shares"), &wish).await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        id(&answer.json())
    };
    let corrections = [
        (Method::POST, at("tasks"), json!({ "pages": "all" })),
        (Method::POST, at("choices"), json!({ "pages": [{ "page": 1, "task": task }] })),
        (Method::POST, format!("/api/v1/tasks/{task}/cancel"), json!({})),
    ];
    let management = [
        (Method::PATCH, document.clone(), json!({ "folder": null })),
        (Method::POST, at("restore"), json!({})),
        (Method::POST, at("shares"), json!({ "login": "olga", "right": "read" })),
        (Method::GET, at("shares"), json!({})),
        (Method::DELETE, at(&format!("shares/{}", DocumentId::generate())), json!({})),
        (Method::DELETE, document.clone(), json!({})),
        (Method::DELETE, format!("{document}?forever=true"), json!({})),
    ];

    share("read").await;
    for path in &reading {
        assert_eq!(rita.get(&app, &format!("{document}{path}")).await.status, 200, "{path}");
    }
    assert_eq!(rita.get(&app, &format!("/api/v1/tasks/{task}/events")).await.status, 200);
    let seen = rita.get(&app, &document).await.json();
    assert_eq!((&seen["right"], &seen["owner"]), (&json!("read"), &json!({ "id": olga.id, "name": "olga" })));
    let own = olga.get(&app, &document).await.json();
    assert_eq!((&own["right"], &own["owner"]["name"]), (&json!("manage"), &Value::Null));
    for (method, path, body) in corrections.iter().chain(&management) {
        ask(method.clone(), path, body).await.is_problem(403, "right_missing");
    }

    let list = format!("{DOCUMENTS}?shared=with_me");
    assert_eq!(rita.get(&app, &list).await.json()["documents"][0]["name"], "letter.pdf");
    assert_eq!(rita.get(&app, DOCUMENTS).await.json()["documents"], json!([]), "it is not hers");
    assert_eq!(olga.get(&app, &list).await.json()["documents"], json!([]));
    rita.get(&app, &format!("{list}&trash=true")).await.is_problem(400, "bad_request");

    share("correct").await;
    assert_eq!(ask(Method::POST, &at("choices"), &corrections[1].2).await.status, 200, "it is shown already");
    assert_eq!(ask(Method::POST, &at("tasks"), &corrections[0].2).await.status, 202);
    let again: TaskId = id(&rita.get(&app, &document).await.json()["task"]).parse().expect("an id");
    assert_ne!(again, task);
    assert_eq!(ask(Method::POST, &format!("/api/v1/tasks/{again}/cancel"), &json!({})).await.status, 200);
    for (method, path, body) in &management {
        ask(method.clone(), path, body).await.is_problem(403, "right_missing");
    }

    let managing = share("manage").await;
    ask(Method::PATCH, &document, &json!({ "tags": [] })).await.is_problem(403, "right_missing");
    let shares = ask(Method::GET, &at("shares"), &json!({})).await.json();
    assert_eq!((shares["shares"].as_array().map(Vec::len), &shares["shares"][0]["id"]), (Some(1), &json!(managing)));
    assert_eq!(shares["shares"][0]["with"]["name"], "rita");
    let bob = app.person("bob").await;
    assert_eq!(ask(Method::POST, &at("shares"), &json!({ "login": "bob", "right": "read" })).await.status, 201);
    assert_eq!(bob.get(&app, &document).await.status, 200);
    assert_eq!(ask(Method::DELETE, &document, &json!({})).await.status, 204);
    bob.get(&app, &document).await.is_problem(404, "document_not_found");
    assert_eq!(ask(Method::POST, &at("restore"), &json!({})).await.status, 200);
    assert_eq!(olga.delete(&app, &at(&format!("shares/{managing}"))).await.status, 204);
    for person in [&rita, &bob] {
        person.get(&app, &document).await.is_problem(404, "document_not_found");
    }
    share("manage").await;
    assert_eq!(ask(Method::DELETE, &format!("{document}?forever=true"), &json!({})).await.status, 204);
    let by = app.postgres.superuser_psql("select requested_by from shreds");
    assert_eq!(by.trim(), rita.id.to_string(), "the line says who wished it");
    olga.get(&app, &document).await.is_problem(404, "document_not_found");
}

#[tokio::test]
async fn ids_of_others_look_unknown_on_every_route_of_shares_and_teams() {
    let app = TestApp::start().await;
    let (olga, eve) = (app.person("olga").await, app.person("eve").await);
    let (document, _) = a_read_document(&app, &olga).await;
    let folder = format!("{FOLDERS}/{}", id(&post(&app, &olga, FOLDERS, &json!({ "name": "Ward" })).await.json()));
    let share = id(&post(&app, &olga, &format!("{document}/shares"), &json!({ "login": "eve", "right": "manage" }))
        .await
        .json());
    assert_eq!(olga.delete(&app, &format!("{document}/shares/{share}")).await.status, 204);
    let team = format!("{TEAMS}/{}", id(&post(&app, &olga, TEAMS, &json!({ "name": "ward 3" })).await.json()));
    let wish = json!({ "login": "eve", "right": "manage" });
    let unknown = DocumentId::generate();
    for (method, path, body, code) in [
        (Method::GET, "shares", &json!({}), ""),
        (Method::POST, "shares", &wish, ""),
        (Method::DELETE, &format!("shares/{share}"), &json!({}), ""),
        (Method::GET, "", &json!({}), "team_not_found"),
        (Method::POST, "members", &json!({ "login": "eve" }), "team_not_found"),
        (Method::PUT, &format!("members/{}", eve.id), &json!({ "is_manager": true }), "team_not_found"),
        (Method::DELETE, &format!("members/{}", olga.id), &json!({}), "team_not_found"),
        (Method::DELETE, &format!("members/{}", eve.id), &json!({}), "team_not_found"),
    ] {
        let bases = match code {
            "" => {
                vec![(document.clone(), DOCUMENTS, "document_not_found"), (folder.clone(), FOLDERS, "folder_not_found")]
            }
            code => vec![(team.clone(), TEAMS, code)],
        };
        for (foreign, all, code) in bases {
            for base in [foreign, format!("{all}/{unknown}")] {
                let path = format!("{base}/{path}");
                let path = path.trim_end_matches('/');
                send(&app, &eve, method.clone(), path, body).await.is_problem(404, code);
            }
        }
    }
    eve.get(&app, &format!("{DOCUMENTS}?team={}", UserId::generate())).await.is_problem(404, "team_not_found");
    eve.get(&app, &format!("{DOCUMENTS}?shared=with_me&folder={unknown}")).await.is_problem(404, "folder_not_found");
    let shares = format!("{document}/shares");
    post(&app, &olga, &shares, &json!({ "login": "nobody", "right": "read" }))
        .await
        .is_problem(404, "person_not_found");
    post(&app, &olga, &shares, &json!({ "team": "nobody", "right": "read" })).await.is_problem(404, "team_not_found");
    post(&app, &olga, &shares, &json!({ "right": "read" })).await.is_problem(400, "bad_request");
    let past = json!({ "login": "eve", "right": "read", "ends_at": "2020-01-01T00:00:00Z" });
    post(&app, &olga, &shares, &past).await.is_problem(422, "invalid_time");
}

#[tokio::test]
async fn what_lies_in_a_shared_folder_is_shared_until_it_leaves() {
    let app = TestApp::start().await;
    let (olga, rita) = (app.person("olga").await, app.person("rita").await);
    let top = id(&post(&app, &olga, FOLDERS, &json!({ "name": "Ward" })).await.json());
    let inner = id(&post(&app, &olga, FOLDERS, &json!({ "name": "Inner", "parent": top })).await.json());
    let wish = json!({ "login": "rita", "right": "manage" });
    assert_eq!(post(&app, &olga, &format!("{FOLDERS}/{top}/shares"), &wish).await.status, 201);
    let folders = rita.get(&app, &format!("{FOLDERS}?shared=with_me")).await.json();
    let names: Vec<_> =
        folders["folders"].as_array().expect("a list").iter().map(|folder| folder["name"].clone()).collect();
    assert_eq!(names, ["Ward", "Inner"]);
    assert_eq!((&folders["folders"][0]["parent"], &folders["folders"][1]["parent"]), (&Value::Null, &json!(top)));
    assert_eq!(rita.get(&app, FOLDERS).await.json(), json!({ "folders": [] }));
    // Also what comes later.
    let (document, _) = a_read_document(&app, &olga).await;
    rita.get(&app, &document).await.is_problem(404, "document_not_found");
    let put = async |who: &Person, folder: Value| {
        send(&app, who, Method::PATCH, &document, &json!({ "folder": folder })).await
    };
    assert_eq!(put(&olga, json!(inner)).await.status, 200);
    assert_eq!(rita.get(&app, &document).await.json()["folder"], json!(inner));
    let inside = rita.get(&app, &format!("{DOCUMENTS}?shared=with_me&folder={inner}")).await.json();
    assert_eq!(inside["documents"].as_array().map(Vec::len), Some(1));
    // She files it inside of what she manages, and nowhere else; the folders themselves stay their owner's.
    put(&rita, Value::Null).await.is_problem(403, "right_missing");
    assert_eq!(put(&rita, json!(top)).await.status, 200);
    let hers = id(&post(&app, &rita, FOLDERS, &json!({ "name": "Mine" })).await.json());
    put(&rita, json!(hers)).await.is_problem(404, "folder_not_found");
    rita.delete(&app, &format!("{FOLDERS}/{inner}")).await.is_problem(404, "folder_not_found");
    assert_eq!(put(&olga, Value::Null).await.status, 200);
    rita.get(&app, &document).await.is_problem(404, "document_not_found");
    // A rule of a folder that she doesn't own keeps what is in it from her, too.
    let rule = json!({ "retention": { "keep_days": 30 } });
    assert_eq!(send(&app, &olga, Method::PATCH, &format!("{FOLDERS}/{top}"), &rule).await.status, 200);
    assert_eq!(put(&olga, json!(top)).await.status, 200);
    assert_eq!(put(&rita, json!(inner)).await.status, 200, "the rule holds there, too");
    rita.delete(&app, &format!("{document}?forever=true")).await.is_problem(409, "retained");
}

#[tokio::test]
async fn a_team_owns_what_is_uploaded_into_it() {
    let app = TestApp::start().await;
    let (mara, nils, eve) = (app.person("mara").await, app.person("nils").await, app.person("eve").await);
    let made = post(&app, &mara, TEAMS, &json!({ "name": " ward 3 " })).await.json();
    assert_eq!((&made["name"], &made["is_manager"]), (&json!("ward 3"), &json!(true)));
    post(&app, &eve, TEAMS, &json!({ "name": "ward 3" })).await.is_problem(409, "name_taken");
    let team = format!("{TEAMS}/{}", id(&made));
    let members = format!("{team}/members");
    assert_eq!(post(&app, &mara, &members, &json!({ "login": "nils" })).await.status, 204);
    post(&app, &nils, &members, &json!({ "login": "eve" })).await.is_problem(403, "not_manager");
    let upload = async |person: &Person| {
        let mut request = person.upload_request(None, "chart.pdf", &pdf(100));
        *request.uri_mut() = format!("{DOCUMENTS}?team={}", id(&made)).parse().expect("an address");
        app.send(request).await
    };
    upload(&eve).await.is_problem(404, "team_not_found");
    let answer = upload(&nils).await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    let document = answer.header("location").to_owned();
    let task: TaskId = id(&answer.json()["task"]).parse().expect("an id");
    Worker::start(&app).await.read(&app, task, 1, &[]).await;
    let list = format!("{DOCUMENTS}?team={}", id(&made));
    for (person, right) in [(&mara, "manage"), (&nils, "correct")] {
        let seen = person.get(&app, &document).await.json();
        assert_eq!((&seen["right"], &seen["owner"]["name"]), (&json!(right), &json!("ward 3")));
        assert_eq!(person.get(&app, &format!("{document}/pages/1")).await.json()["text"], "page 1\n");
        assert_eq!(person.get(&app, &list).await.json()["documents"].as_array().map(Vec::len), Some(1));
        assert_eq!(person.get(&app, DOCUMENTS).await.json()["documents"], json!([]));
    }
    eve.get(&app, &document).await.is_problem(404, "document_not_found");
    nils.delete(&app, &document).await.is_problem(403, "right_missing");
    mara.delete(&app, &format!("{members}/{}", mara.id)).await.is_problem(409, "last_manager");
    assert_eq!(nils.delete(&app, &format!("{members}/{}", nils.id)).await.status, 204);
    nils.get(&app, &document).await.is_problem(404, "document_not_found");
    nils.get(&app, &list).await.is_problem(404, "team_not_found");
    // With a team as with one person.
    let (letter, _) = a_read_document(&app, &eve).await;
    let wish = json!({ "team": "ward 3", "right": "read" });
    assert_eq!(post(&app, &eve, &format!("{letter}/shares"), &wish).await.status, 201);
    assert_eq!(mara.get(&app, &letter).await.status, 200);
    nils.get(&app, &letter).await.is_problem(404, "document_not_found");
    assert_eq!(mara.delete(&app, &document).await.status, 204);
}

#[tokio::test]
async fn a_running_download_breaks_off_when_the_right_is_taken_back() {
    let app = TestApp::start().await;
    let (olga, rita) = (app.person("olga").await, app.person("rita").await);
    let document = olga.upload(&app, "large.pdf", &pdf(3 << 20)).await.header("location").to_owned();
    let begin = async || {
        let wish = json!({ "login": "rita", "right": "read" });
        let share = id(&post(&app, &olga, &format!("{document}/shares"), &wish).await.json());
        let request = rita.request(Method::GET, &format!("{document}/original")).body(Body::empty()).expect("good");
        let mut body = app.router.clone().oneshot(request).await.expect("an answer").into_body();
        let first = body.frame().await.expect("a piece").expect("good").into_data().expect("bytes");
        assert!(first.len() <= 64 << 10, "{}", first.len());
        (share, body)
    };
    let (share, body) = begin().await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert!(body.collect().await.is_ok(), "it goes on while it may");
    let (share_again, body) = begin().await;
    assert_ne!(share, share_again);
    assert_eq!(olga.delete(&app, &format!("{document}/shares/{share_again}")).await.status, 204);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert!(body.collect().await.is_err(), "it breaks off");
    // It is no use of the session: nobody has to be there for it, and it ends with the session all the same.
    let (_, body) = begin().await;
    let _ = app.postgres.superuser_psql("update sessions set last_used_at = now() - interval '1 hour'");
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert!(body.collect().await.is_ok(), "it goes on");
    let used = "select count(*) from sessions where last_used_at > now() - interval '50 minutes'";
    assert_eq!(app.postgres.superuser_psql(used).trim(), "0");
    let _ = app.postgres.superuser_psql("update sessions set last_used_at = now()");
    // And with the session, which is how an account is disabled.
    let (_, body) = begin().await;
    rita.delete(&app, "/api/v1/session").await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert!(body.collect().await.is_err(), "it breaks off");
}
