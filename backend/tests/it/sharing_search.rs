//! Search over what others share: the index of each owner, and nothing beside what is shared.

use axum::body::Body;
use http::Method;
use serde_json::{Value, json};

use crate::{
    people::{Person, pdf},
    search::{Scene, found},
};

const LETTER: [&[&str]; 1] = [&["the blood pressure", "is too high"]];
const SECRET: [&[&str]; 1] = [&["the blood sugar", "is too low"]];

async fn find(scene: &Scene, person: &Person, wish: Value) -> Value {
    let answer = scene.ask_as(person, &wish).await;
    assert_eq!(answer.status, 200, "{wish}: {:?}", answer.body);
    answer.json()
}

fn nothing(answer: &Value) {
    assert_eq!((&answer["hits"], &answer["total"]), (&json!([]), &json!({ "pages": 0, "is_exact": true })));
    assert_eq!((&answer["is_complete"], &answer["next"]), (&json!(true), &Value::Null));
}

fn id(value: &Value) -> String {
    value["id"].as_str().expect("an id").to_owned()
}

async fn share(scene: &Scene, at: &str, right: &Value) -> String {
    let answer = scene.ada.post(&scene.app, &format!("{at}/shares"), right).await;
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    format!("{at}/shares/{}", id(&answer.json()))
}

#[tokio::test]
async fn only_what_is_shared_is_found_counted_and_gone_when_it_is_taken_back() {
    let scene = Scene::start().await;
    let bob = scene.app.person("bob").await;
    let (letter, _) = scene.read(&scene.ada, "letter.pdf", &LETTER).await;
    let (secret, _) = scene.read(&scene.ada, "secret.pdf", &SECRET).await;
    let blood = || json!({ "query": "blood" });
    nothing(&find(&scene, &bob, blood()).await);

    let given = share(&scene, &letter, &json!({ "login": "bob", "right": "read" })).await;
    let answer = find(&scene, &bob, blood()).await;
    assert_eq!(found(&answer), ["letter.pdf/1"]);
    assert_eq!(answer["total"], json!({ "pages": 1, "is_exact": true }));
    assert_eq!(answer["hits"][0]["document"]["owner"], json!({ "id": scene.ada.id, "name": "ada" }));
    assert_eq!(found(&find(&scene, &bob, json!({ "query": "bloud" })).await), ["letter.pdf/1"], "a misread word");
    nothing(&find(&scene, &bob, json!({ "query": "sugar" })).await);
    nothing(&find(&scene, &bob, json!({ "query": "suger" })).await);
    let of = |at: &str| at.rsplit('/').next().expect("an id").to_owned();
    nothing(&find(&scene, &bob, json!({ "query": "blood", "documents": [of(&secret)] })).await);
    assert_eq!(found(&find(&scene, &scene.ada, blood()).await), ["secret.pdf/1", "letter.pdf/1"]);

    // His own come first, and the answer goes on with hers.
    scene.read(&bob, "own.pdf", &LETTER).await;
    let first = find(&scene, &bob, json!({ "query": "blood", "limit": 1 })).await;
    assert_eq!(
        (found(&first), &first["hits"][0]["document"]["owner"]["name"]),
        (vec!["own.pdf/1".to_owned()], &Value::Null)
    );
    assert_eq!(first["next"], json!(format!("begin.{}", scene.ada.id)));
    let second = find(&scene, &bob, json!({ "query": "blood", "limit": 1, "after": first["next"] })).await;
    assert_eq!((found(&second), &second["next"]), (vec!["letter.pdf/1".to_owned()], &Value::Null));
    // What one gives as the place to go on at opens nothing.
    let eve = scene.app.person("eve").await;
    assert_eq!(found(&find(&scene, &eve, json!({ "query": "blood", "after": first["next"] })).await), [""; 0]);

    assert_eq!(scene.ada.delete(&scene.app, &letter).await.status, 204);
    assert_eq!(found(&find(&scene, &bob, blood()).await), ["own.pdf/1"], "it lies in the trash");
    assert_eq!(scene.ada.post(&scene.app, &format!("{letter}/restore"), &json!({})).await.status, 200);
    assert_eq!(scene.ada.delete(&scene.app, &given).await.status, 204);
    assert_eq!(found(&find(&scene, &bob, blood()).await), ["own.pdf/1"], "it is taken back");
    let pause = json!({ "login": "bob", "right": "read", "paused_until": "2999-01-01T00:00:00Z" });
    share(&scene, &letter, &pause).await;
    assert_eq!(found(&find(&scene, &bob, blood()).await), ["own.pdf/1"], "it holds later");
}

#[tokio::test]
async fn a_shared_folder_is_looked_through_and_a_foreign_one_is_unknown() {
    let scene = Scene::start().await;
    let bob = scene.app.person("bob").await;
    let (letter, _) = scene.read(&scene.ada, "letter.pdf", &LETTER).await;
    let (secret, _) = scene.read(&scene.ada, "secret.pdf", &SECRET).await;
    let make = async |name: &str, parent: Value| {
        id(&scene.ada.post(&scene.app, "/api/v1/folders", &json!({ "name": name, "parent": parent })).await.json())
    };
    let ward = make("ward", Value::Null).await;
    let inner = make("inner", json!(ward)).await;
    let other = make("other", Value::Null).await;
    for (document, folder) in [(&letter, &inner), (&secret, &other)] {
        assert_eq!(scene.ada.patch(&scene.app, document, &json!({ "folder": folder })).await.status, 200);
    }
    share(&scene, &format!("/api/v1/folders/{ward}"), &json!({ "login": "bob", "right": "read" })).await;
    for folder in [&ward, &inner] {
        let answer = find(&scene, &bob, json!({ "query": "blood", "folder": folder })).await;
        assert_eq!(found(&answer), ["letter.pdf/1"]);
    }
    assert_eq!(found(&find(&scene, &bob, json!({ "query": "blood" })).await), ["letter.pdf/1"]);
    let foreign = scene.ask_as(&bob, &json!({ "query": "blood", "folder": other })).await;
    foreign.is_problem(404, "folder_not_found");
}

#[tokio::test]
async fn a_team_finds_what_is_its_own() {
    let scene = Scene::start().await;
    let (bob, eve) = (scene.app.person("bob").await, scene.app.person("eve").await);
    let team = id(&scene.ada.post(&scene.app, "/api/v1/teams", &json!({ "name": "ward 3" })).await.json());
    let members = format!("/api/v1/teams/{team}/members");
    assert_eq!(scene.ada.post(&scene.app, &members, &json!({ "login": "bob" })).await.status, 204);
    let mut request = scene.ada.upload_request(None, "chart.pdf", &pdf(100));
    *request.uri_mut() = format!("/api/v1/documents?team={team}").parse().expect("an address");
    let answer = scene.app.send(request).await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    scene.read_uploaded(&answer, &LETTER).await;
    for (person, expected) in [(&scene.ada, vec!["chart.pdf/1"]), (&bob, vec!["chart.pdf/1"]), (&eve, vec![])] {
        let answer = find(&scene, person, json!({ "query": "blood" })).await;
        assert_eq!(found(&answer), expected);
        if let Some(hit) = answer["hits"].get(0) {
            assert_eq!(hit["document"]["owner"]["name"], "ward 3");
        }
    }
    let leave = bob.request(Method::DELETE, &format!("{members}/{}", bob.id)).body(Body::empty()).expect("good");
    assert_eq!(scene.app.send(leave).await.status, 204);
    nothing(&find(&scene, &bob, json!({ "query": "blood" })).await);
}
