use axum::body::Body;
use base64::{Engine, prelude::BASE64_STANDARD};
use http::Method;
use serde_json::{Value, json};
use untxt_core::{
    domain::DocumentId,
    receipts::{PublicKey, Shred, Signed, SigningKey},
};
use untxt_database::{
    documents::{self, ShredWish, Shredding},
    search, shreds,
};

use crate::{
    app::{TestApp, json as post_json},
    people::{Person, pdf},
    worker::Worker,
};

const DOCUMENTS: &str = "/api/v1/documents";

struct Scene {
    app: TestApp,
    ada: Person,
    /// A document with two pages that were read.
    at: String,
    id: DocumentId,
}

impl Scene {
    async fn start() -> Self {
        Self::of(TestApp::start().await).await
    }

    async fn of(app: TestApp) -> Self {
        let ada = app.person("ada").await;
        let answer = ada.upload_with_key(&app, "k", "a.pdf", &pdf(100)).await;
        let document = answer.json();
        let task = document["task"]["id"].as_str().expect("an id").parse().expect("an id");
        Worker::start(&app).await.read(&app, task, 2, &[]).await;
        let id = document["id"].as_str().expect("an id").parse().expect("an id");
        Self { at: answer.header("location").to_owned(), app, ada, id }
    }

    async fn delete(&self, query: &str) -> u16 {
        self.ada.delete(&self.app, &format!("{}{query}", self.at)).await.status.as_u16()
    }

    async fn restore(&self) -> crate::app::Answer {
        let path = format!("{}/restore", self.at);
        self.app.send(self.ada.request(Method::POST, &path).body(Body::empty()).expect("good")).await
    }

    async fn listed(&self, query: &str) -> usize {
        let list = self.ada.get(&self.app, &format!("{DOCUMENTS}{query}")).await.json();
        list["documents"].as_array().expect("a list").len()
    }

    fn make_due(&self) {
        let _ = self.app.postgres.superuser_psql(
            "update documents set trashed_at = now() - interval '2 days', shred_at = now() - interval '1 day'",
        );
    }

    /// What a worker does when no object is left, and no token.
    async fn sign(&self, key: &SigningKey) -> Shred {
        let worker = self.app.postgres.worker().await;
        let mut tx = worker.begin_system().await.expect("a transaction");
        let look = shreds::begin_look(&mut tx, self.id).await.expect("asked").expect("unsigned");
        shreds::count_objects(&mut tx, &look, 1).await.expect("counted");
        assert!(shreds::mark_removed(&mut tx, &look).await.is_err(), "its tokens are in the list");
        assert!(search::forget_tokens(&mut tx, Some(self.id)).await.expect("looked") > 0);
        let shred = shreds::mark_removed(&mut tx, &look).await.expect("marked");
        let signed = Signed::make(&shred, uuid::Uuid::nil(), key).expect("signed");
        assert!(shreds::sign(&mut tx, &shred, &signed).await.expect("stored"));
        tx.commit().await.expect("committed");
        Shred { signed: Some(signed), ..shred }
    }
}

#[tokio::test]
async fn what_is_in_the_trash_is_shown_and_nothing_else() {
    let scene = Scene::start().await;
    let before = scene.ada.get(&scene.app, &scene.at).await.json();
    assert_eq!((&before["trashed_at"], &before["shred_at"]), (&Value::Null, &Value::Null));
    for _ in 0..2 {
        assert_eq!(scene.delete("").await, 204, "twice is no error");
    }
    let document = scene.ada.get(&scene.app, &scene.at).await.json();
    assert!(document["trashed_at"].is_string() && document["shred_at"].is_string(), "{document}");
    assert_eq!((scene.listed("").await, scene.listed("?trash=true").await), (0, 1));
    let mut refused = 0;
    for path in
        ["pages", "pages/1", "pages/1/image", "original", "searchable.pdf", "formats/txt", "pages/1/formats/hocr"]
    {
        scene.ada.get(&scene.app, &format!("{}/{path}", scene.at)).await.is_problem(409, "in_trash");
        refused += 1;
    }
    for (path, body) in [("tasks", json!({"pages": "all"})), ("choices", json!({"pages": []}))] {
        let mut asking = post_json(Method::POST, &format!("{}/{path}", scene.at), &body);
        asking.headers_mut().insert("cookie", scene.ada.cookie().parse().expect("a cookie"));
        scene.app.send(asking).await.is_problem(409, "in_trash");
        refused += 1;
    }
    assert_eq!(refused, 9);
    let again = scene.ada.upload_with_key(&scene.app, "k", "a.pdf", &pdf(100)).await;
    assert_eq!((again.status.as_u16(), &again.json()["trashed_at"]), (200, &document["trashed_at"]));

    let back = scene.restore().await;
    assert_eq!((back.status.as_u16(), &back.json()["trashed_at"]), (200, &Value::Null));
    scene.restore().await.is_problem(409, "not_in_trash");
    assert_eq!((scene.listed("").await, scene.listed("?trash=true").await), (1, 0));
    assert_eq!(scene.ada.get(&scene.app, &format!("{}/pages/1", scene.at)).await.status, 200);
}

#[tokio::test]
async fn the_trash_of_others_is_out_of_reach() {
    let scene = Scene::start().await;
    let bob = scene.app.person("bob").await;
    for query in ["", "?forever=true"] {
        bob.delete(&scene.app, &format!("{}{query}", scene.at)).await.is_problem(404, "document_not_found");
    }
    scene.delete("").await;
    let path = format!("{}/restore", scene.at);
    let restore = bob.request(Method::POST, &path).body(Body::empty()).expect("good");
    scene.app.send(restore).await.is_problem(404, "document_not_found");
    bob.get(&scene.app, &format!("{}/pages", scene.at)).await.is_problem(404, "document_not_found");
    let emptied = bob.delete(&scene.app, "/api/v1/trash").await.json();
    assert_eq!(emptied, json!({"shredded": 0, "retained": 0}));
    assert_eq!(scene.delete("?forever=true").await, 204);
    bob.get(&scene.app, &format!("/api/v1/receipts/{}", scene.id)).await.is_problem(404, "receipt_not_found");
    assert_eq!(bob.get(&scene.app, "/api/v1/receipts").await.json(), json!({"receipts": [], "next": null}));
    bob.delete(&scene.app, &scene.at).await.is_problem(404, "document_not_found");
}

#[tokio::test]
async fn putting_it_into_the_trash_stops_its_reading_and_none_begins() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let at = ada.upload(&app, "a.pdf", &pdf(100)).await.header("location").to_owned();
    assert_eq!(ada.delete(&app, &at).await.status, 204);
    assert_eq!(ada.get(&app, &at).await.json()["task"]["state"], "cancelled");
    let run = "insert into tasks (id, document_id, owner_id, languages, trace)
        select gen_random_uuid(), document_id, owner_id, 'eng', gen_random_uuid() from tasks
        on conflict do nothing";
    let refused = format!("do $$ begin {run}; exception when check_violation then raise notice 'refused'; end $$");
    let _ = app.postgres.superuser_psql(&refused);
    assert_eq!(app.count("tasks"), 1);
}

#[tokio::test]
async fn emptying_the_trash_shreds_what_is_in_it_and_no_more() {
    let scene = Scene::start().await;
    scene.ada.upload(&scene.app, "b.pdf", &pdf(200)).await;
    scene.delete("").await;
    let emptied = scene.ada.delete(&scene.app, "/api/v1/trash").await.json();
    assert_eq!(emptied, json!({"shredded": 1, "retained": 0}));
    assert_eq!((scene.listed("").await, scene.listed("?trash=true").await), (1, 0));
    scene.restore().await.is_problem(404, "document_not_found");
    assert_eq!(scene.ada.get(&scene.app, &scene.at).await.status, 404);
    assert_eq!(scene.app.count("shreds"), 0, "nobody waits for that");
    let worker = scene.app.postgres.worker().await;
    let mut tx = worker.begin_as(scene.ada.id.as_owner()).await.expect("a transaction");
    let shredding = documents::shred(&mut tx, scene.id, ShredWish::WhenDue).await.expect("an answer");
    tx.commit().await.expect("committed");
    assert_eq!(shredding, Shredding::Done);
    let receipt = scene.ada.get(&scene.app, &format!("/api/v1/receipts/{}", scene.id)).await.json();
    assert_eq!((&receipt["reason"], &receipt["requested_by"]), (&"trash".into(), &scene.ada.id.to_string().into()));
}

#[tokio::test]
async fn what_a_rule_keeps_is_not_shredded_before() {
    let scene = Scene::start().await;
    let folder = uuid::Uuid::now_v7();
    let _ = scene.app.postgres.superuser_psql(&format!(
        "insert into folders (id, owner_id, name_sealed, colour, keep_days)
        values ('{folder}', '{}', '', '#000000', 400);
        update documents set folder_id = '{folder}'",
        scene.ada.id
    ));
    let kept = scene.ada.delete(&scene.app, &format!("{}?forever=true", scene.at)).await;
    kept.is_problem(409, "retained");
    let until = scene.app.postgres.superuser_psql("select (created_at + interval '9600 hours')::date from documents");
    assert!(kept.json()["detail"].as_str().expect("a sentence").contains(until.trim()), "{}", kept.text());
    assert_eq!(scene.delete("").await, 204);
    let is_after = "select shred_at >= created_at + interval '9600 hours' from documents";
    assert_eq!(scene.app.postgres.superuser_psql(is_after), "t");
    let emptied = scene.ada.delete(&scene.app, "/api/v1/trash").await.json();
    assert_eq!(emptied, json!({"shredded": 0, "retained": 1}));
    // A rule that came later counts, too.
    scene.make_due();
    let worker = scene.app.postgres.worker().await;
    let mut tx = worker.begin_as(scene.ada.id.as_owner()).await.expect("a transaction");
    let shredding = documents::shred(&mut tx, scene.id, ShredWish::WhenDue).await.expect("an answer");
    tx.commit().await.expect("committed");
    assert!(matches!(shredding, Shredding::Retained { .. }), "{shredding:?}");
    assert_eq!(scene.app.postgres.superuser_psql(is_after), "t");
}

#[tokio::test]
async fn a_rule_that_is_made_while_a_document_is_deleted_keeps_it() {
    let scene = Scene::start().await;
    let folder = uuid::Uuid::now_v7();
    // Somebody changes the rule after the question and before the deletion.
    let _ = scene.app.postgres.superuser_psql(&format!(
        "insert into folders (id, owner_id, name_sealed, colour) values ('{folder}', '{}', '', '#000000');
        update documents set folder_id = '{folder}';
        create function make_rule() returns trigger language plpgsql security definer as $$
        begin update public.folders set keep_days = 400; return new; end $$;
        create trigger a_rule before insert on shreds for each row execute function make_rule()",
        scene.ada.id
    ));
    let kept = scene.ada.delete(&scene.app, &format!("{}?forever=true", scene.at)).await;
    kept.is_problem(409, "retained");
    assert!(kept.text().contains("change that rule first"), "{}", kept.text());
    assert_eq!(scene.app.postgres.superuser_psql("select count(*) from documents"), "1");
    assert_eq!(scene.app.postgres.superuser_psql("select count(*) from shreds"), "0");
}

#[tokio::test]
async fn without_a_trash_deleting_is_for_good() {
    let scene = Scene::of(TestApp::with(|settings| settings.trash.days = 0).await).await;
    assert_eq!(scene.ada.get(&scene.app, "/api/v1/limits").await.json()["trash_days"], 0);
    assert_eq!(scene.delete("").await, 204);
    assert_eq!((scene.app.count("documents"), scene.app.count("shreds")), (0, 1));
}

#[tokio::test]
async fn a_receipt_is_given_to_its_owner_and_checks_with_the_key_of_the_api() {
    let folder = tempfile::tempdir().expect("a folder");
    let (key, public) = (SigningKey::generate().expect("a key"), folder.path().join("signing.pem"));
    std::fs::write(&public, key.public().to_pem()).expect("written");
    let scene = Scene::of(TestApp::with(|settings| settings.signing.public_keys = vec![public]).await).await;
    assert_eq!(scene.delete("?forever=true").await, 204);
    let path = format!("/api/v1/receipts/{}", scene.id);
    let removing = scene.ada.get(&scene.app, &path).await.json();
    assert_eq!((&removing["state"], &removing["receipt"]), (&"removing".into(), &Value::Null));
    let shred = scene.sign(&key).await;
    let receipt = scene.ada.get(&scene.app, &path).await.json();
    assert_eq!((&receipt["state"], &receipt["reason"]), (&"signed".into(), &"person".into()));
    let list = scene.ada.get(&scene.app, "/api/v1/receipts?limit=1").await.json();
    assert_eq!((&list["receipts"][0], &list["next"]), (&receipt, &Value::Null));
    let keys = scene.ada.get(&scene.app, "/api/v1/receipts/key").await.json();
    let public = PublicKey::from_pem(keys["keys"][0]["pem"].as_str().expect("PEM").as_bytes()).expect("a key");
    assert_eq!(keys["keys"][0]["id"], receipt["signing_key"]);
    let bytes = |field: &str| BASE64_STANDARD.decode(receipt[field].as_str().expect("text")).expect("Base64");
    assert!(public.verifies(&bytes("receipt"), &bytes("signature")));
    assert_eq!(shred.signed.expect("signed").receipt, bytes("receipt"));
    let said = String::from_utf8(bytes("receipt")).expect("text");
    assert!(!said.contains("a.pdf") && said.contains(&scene.id.to_string()), "{said}");
}

#[tokio::test]
async fn taking_it_back_and_shredding_it_at_once_does_one_of_the_two() {
    for _ in 0..5 {
        let scene = Scene::start().await;
        scene.delete("").await;
        scene.make_due();
        let worker = scene.app.postgres.worker().await;
        let (owner, id) = (scene.ada.id.as_owner(), scene.id);
        let shredding = async {
            let mut tx = worker.begin_as(owner).await.expect("a transaction");
            let shredding = documents::shred(&mut tx, id, ShredWish::WhenDue).await.expect("an answer");
            tx.commit().await.expect("committed");
            shredding == Shredding::Done
        };
        let (is_shredded, back) = tokio::join!(shredding, scene.restore());
        let counts = (scene.app.count("documents"), scene.app.count("shreds"), back.status.as_u16());
        assert_eq!(counts, if is_shredded { (0, 1, 404) } else { (1, 0, 200) });
    }
}
