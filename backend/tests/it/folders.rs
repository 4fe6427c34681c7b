//! Folders and what is filed in them.

use http::Method;
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use untxt_core::domain::{DocumentId, FolderId, TagId};

use crate::{
    app::TestApp,
    people::{Person, pdf},
};

const DOCUMENTS: &str = "/api/v1/documents";
const FOLDERS: &str = "/api/v1/folders";

impl Person {
    /// Makes a folder or a tag; gives its id.
    pub(crate) async fn make(&self, app: &TestApp, path: &str, body: &Value) -> String {
        let answer = self.post(app, path, body).await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        answer.json()["id"].as_str().expect("an id").to_owned()
    }
}

async fn list(app: &TestApp, person: &Person) -> Vec<Value> {
    person.get(app, FOLDERS).await.json()["folders"].as_array().expect("a list").clone()
}

fn names(folders: &[Value]) -> Vec<&str> {
    folders.iter().map(|folder| folder["name"].as_str().expect("a name")).collect()
}

fn at(id: &str) -> String {
    format!("{FOLDERS}/{id}")
}

#[tokio::test]
async fn folders_are_made_listed_changed_and_deleted() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    assert_eq!(ada.get(&app, FOLDERS).await.json(), json!({ "folders": [] }));
    let rule = json!({ "keep_days": 30, "delete_days": null });
    let made = ada.post(&app, FOLDERS, &json!({ "name": " Bills ", "colour": "#AA00ff", "retention": rule })).await;
    assert_eq!(made.status, 201, "{:?}", made.body);
    let made = made.json();
    let bills = made["id"].as_str().expect("an id").to_owned();
    assert!(made["created_at"].is_string());
    let wanted = json!({
        "id": bills, "parent": null, "name": "Bills", "colour": "#aa00ff", "retention": rule, "documents": 0,
        "created_at": made["created_at"],
    });
    assert_eq!(made, wanted);
    let paid = ada.make(&app, FOLDERS, &json!({ "name": "Paid", "parent": bills })).await;
    let other = ada.make(&app, FOLDERS, &json!({ "name": "Other" })).await;
    let all = list(&app, &ada).await;
    assert_eq!(names(&all), ["Bills", "Other", "Paid"], "parents before what is in them");
    assert_eq!((&all[2]["parent"], &all[2]["retention"]["keep_days"]), (&json!(bills), &Value::Null));

    let changed = ada.patch(&app, &at(&paid), &json!({ "name": "paid", "parent": other, "retention": rule })).await;
    let changed = changed.json();
    assert_eq!((&changed["name"], &changed["parent"], &changed["retention"]), (&json!("paid"), &json!(other), &rule));
    let changed = ada.patch(&app, &at(&paid), &json!({ "parent": null, "colour": "#000000" })).await.json();
    assert_eq!((&changed["parent"], &changed["name"], &changed["retention"]), (&Value::Null, &json!("paid"), &rule));
    ada.patch(&app, &at(&paid), &json!({ "parent": other })).await;

    let document = ada.upload(&app, "a.pdf", &pdf(50)).await;
    let filed = ada.patch(&app, document.header("location"), &json!({ "folder": paid })).await.json();
    assert_eq!(filed["folder"], json!(paid));
    ada.delete(&app, &at(&paid)).await.is_problem(409, "retained");
    ada.patch(&app, &at(&paid), &json!({ "retention": { "keep_days": null } })).await;
    assert_eq!(ada.delete(&app, &at(&paid)).await.status, 204);
    assert_eq!(
        ada.get(&app, document.header("location")).await.json()["folder"],
        json!(other),
        "it goes to the parent"
    );
    assert_eq!(ada.delete(&app, &at(&other)).await.status, 204);
    assert_eq!(ada.get(&app, document.header("location")).await.json()["folder"], Value::Null);
    assert_eq!(names(&list(&app, &ada).await), ["Bills"]);
    ada.delete(&app, &at(&other)).await.is_problem(404, "folder_not_found");
}

#[tokio::test]
async fn names_colours_and_rules_are_checked() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let id = ada.make(&app, FOLDERS, &json!({ "name": "Bills" })).await;
    let long = "x".repeat(256);
    for (body, status, code) in [
        (json!({ "name": "" }), 422, "invalid_name"),
        (json!({ "name": "a\nb" }), 422, "invalid_name"),
        (json!({ "name": long }), 422, "invalid_name"),
        (json!({ "name": "a", "colour": "red" }), 422, "invalid_colour"),
        (json!({ "name": "a", "retention": { "keep_days": 0 } }), 422, "invalid_retention"),
        (json!({ "name": "a", "retention": { "delete_days": -1 } }), 422, "invalid_retention"),
        (json!({ "name": "a", "retention": { "keep_days": 36501 } }), 422, "invalid_retention"),
        (json!({ "name": "a", "retention": { "keep_days": 9, "delete_days": 8 } }), 422, "invalid_retention"),
        (json!({ "name": "a", "shape": "round" }), 400, "bad_request"),
        (json!({ "name": "BILLS" }), 409, "name_taken"),
    ] {
        ada.post(&app, FOLDERS, &body).await.is_problem(status, code);
        if body["name"] != "BILLS" {
            ada.patch(&app, &at(&id), &body).await.is_problem(status, code);
        }
    }
    // A name is free elsewhere, for oneself, and for others.
    let inner = ada.make(&app, FOLDERS, &json!({ "name": "bills", "parent": id })).await;
    assert_eq!(ada.patch(&app, &at(&id), &json!({ "name": "bILLS" })).await.status, 200);
    ada.patch(&app, &at(&inner), &json!({ "parent": null })).await.is_problem(409, "name_taken");
    // What is in a folder that is deleted needs its name where it goes.
    let second = ada.make(&app, FOLDERS, &json!({ "name": "Second" })).await;
    ada.make(&app, FOLDERS, &json!({ "name": "BILLS", "parent": second })).await;
    ada.delete(&app, &at(&second)).await.is_problem(409, "name_taken");
    app.person("bob").await.make(&app, FOLDERS, &json!({ "name": "Bills" })).await;
    assert_eq!(names(&list(&app, &ada).await), ["bILLS", "Second", "bills", "BILLS"]);
    assert_eq!(ada.delete(&app, &at(&id)).await.status, 204, "its own name becomes free");
}

#[tokio::test]
async fn no_folder_is_in_itself_or_lies_too_deep() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let mut chain = vec![ada.make(&app, FOLDERS, &json!({ "name": "1" })).await];
    for depth in 2..=10 {
        let parent = chain.last().expect("a folder");
        chain.push(ada.make(&app, FOLDERS, &json!({ "name": depth.to_string(), "parent": parent })).await);
    }
    ada.post(&app, FOLDERS, &json!({ "name": "11", "parent": chain[9] })).await.is_problem(422, "too_deep");
    for inside in &chain {
        ada.patch(&app, &at(&chain[0]), &json!({ "parent": inside })).await.is_problem(409, "folder_in_itself");
    }
    let pair = ada.make(&app, FOLDERS, &json!({ "name": "pair" })).await;
    let low = ada.make(&app, FOLDERS, &json!({ "name": "low", "parent": pair })).await;
    ada.patch(&app, &at(&pair), &json!({ "parent": chain[8] })).await.is_problem(422, "too_deep");
    assert_eq!(ada.patch(&app, &at(&pair), &json!({ "parent": chain[7] })).await.status, 200);
    assert_eq!(ada.patch(&app, &at(&low), &json!({ "parent": chain[8] })).await.status, 200);
    assert_eq!(list(&app, &ada).await.len(), 12);
}

#[tokio::test]
async fn two_at_once_make_one_folder_of_a_name_and_no_circle() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    // Another login: what one session does comes one after the other anyway.
    let again = Person { cookies: app.log_in("ada", crate::people::PASSWORD).await.cookies(), ..ada.clone() };
    for round in 0..5 {
        let (one, two) = (json!({ "name": format!("Same {round}") }), json!({ "name": format!("SAME {round}") }));
        let (one, two) = tokio::join!(ada.post(&app, FOLDERS, &one), again.post(&app, FOLDERS, &two));
        let mut answers = [one.status.as_u16(), two.status.as_u16()];
        answers.sort_unstable();
        assert_eq!(answers, [201, 409]);
    }
    let all = list(&app, &ada).await;
    assert_eq!(all.len(), 5);
    let (one, two) = (all[0]["id"].as_str().expect("an id"), all[1]["id"].as_str().expect("an id"));
    let (into_two, into_one) = (json!({ "parent": two }), json!({ "parent": one }));
    let (one, two) = (at(one), at(two));
    let (first, second) = tokio::join!(ada.patch(&app, &one, &into_two), again.patch(&app, &two, &into_one));
    let mut answers = [first.status.as_u16(), second.status.as_u16()];
    answers.sort_unstable();
    assert_eq!(answers, [200, 409]);
    assert_eq!(list(&app, &ada).await.len(), 5, "all can be reached from the top");
    assert_eq!(app.count("label_keys"), 1);
}

#[tokio::test]
async fn a_thousand_folders_are_the_limit() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let top = ada.make(&app, FOLDERS, &json!({ "name": "top" })).await;
    let _ = app.postgres.superuser_psql(&format!(
        "insert into folders (id, owner_id, parent_id, name_sealed, colour)
        select gen_random_uuid(), owner_id, '{top}', name_sealed, colour from folders, generate_series(1, 998)"
    ));
    ada.make(&app, FOLDERS, &json!({ "name": "last" })).await;
    ada.post(&app, FOLDERS, &json!({ "name": "one more" })).await.is_problem(409, "too_many_folders");
}

#[tokio::test]
async fn a_changed_name_is_not_shown() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let (one, two) = (
        ada.make(&app, FOLDERS, &json!({ "name": "one" })).await,
        ada.make(&app, FOLDERS, &json!({ "name": "two" })).await,
    );
    let _ = app.postgres.superuser_psql(&format!(
        "update folders set name_sealed = (select name_sealed from folders where id = '{one}') where id = '{two}'"
    ));
    ada.get(&app, FOLDERS).await.is_problem(500, "damaged");
    let seen = app.postgres.superuser_psql("select encode(name_sealed, 'escape') from folders");
    assert!(!seen.contains("one"), "{seen}");
}

#[tokio::test]
async fn a_rule_ends_when_somebody_changes_it_and_not_by_the_way() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let weeks = ada.make(&app, FOLDERS, &json!({ "name": "Weeks", "retention": { "delete_days": 14 } })).await;
    let rule = json!({ "keep_days": 3650, "delete_days": 4000 });
    let years = ada.make(&app, FOLDERS, &json!({ "name": "Years", "parent": weeks, "retention": rule })).await;
    let inner = ada.make(&app, FOLDERS, &json!({ "name": "Inner", "parent": years })).await;
    let at = |folder: &str| format!("{FOLDERS}/{folder}");
    let mut request = ada.upload_request(None, "a.pdf", &pdf(60));
    *request.uri_mut() = format!("{DOCUMENTS}?folder={inner}").parse().expect("an address");
    let id = app.send(request).await.json()["id"].as_str().expect("an id").to_owned();
    let document = format!("{DOCUMENTS}/{id}");
    for folder in [Value::Null, json!(weeks)] {
        ada.patch(&app, &document, &json!({ "folder": folder })).await.is_problem(409, "retained");
        ada.patch(&app, &at(&inner), &json!({ "parent": folder })).await.is_problem(409, "retained");
    }
    ada.ask(&app, Method::DELETE, &at(&years), &Value::Null).await.is_problem(409, "retained");
    assert_eq!(ada.patch(&app, &document, &json!({ "folder": years })).await.status, 200, "kept as long there");
    // The empty one goes, and of a rule each number by itself.
    let gone = ada.ask(&app, Method::DELETE, &at(&inner), &Value::Null).await;
    assert_eq!(gone.status, 204, "{:?}", gone.body);
    let changed = ada.patch(&app, &at(&years), &json!({ "retention": { "keep_days": null } })).await.json();
    assert_eq!(changed["retention"], json!({ "keep_days": null, "delete_days": 4000 }));
    assert_eq!(ada.patch(&app, &document, &json!({ "folder": null })).await.status, 200);
}

#[tokio::test]
async fn documents_are_filed_listed_and_counted() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let bills = ada.make(&app, FOLDERS, &json!({ "name": "Bills", "retention": { "keep_days": 2 } })).await;
    let inner = ada.make(&app, FOLDERS, &json!({ "name": "Inner", "parent": bills })).await;
    let (red, blue) = (
        ada.make(&app, "/api/v1/tags", &json!({ "name": "red" })).await,
        ada.make(&app, "/api/v1/tags", &json!({ "name": "blue" })).await,
    );
    let upload = async |query: &str, name: &str| {
        let mut request = ada.upload_request(None, name, &pdf(60));
        *request.uri_mut() = format!("{DOCUMENTS}?{query}").parse().expect("an address");
        app.send(request).await
    };
    let answer = upload(&format!("folder={bills}&tags={blue},{red},{blue}&queue=bulk"), "a.pdf").await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    let first = answer.json();
    assert_eq!((&first["folder"], &first["tags"]), (&json!(bills), &json!([red, blue])));
    let time = |field: &str| OffsetDateTime::parse(first[field].as_str().expect("a time"), &Rfc3339).expect("a time");
    assert_eq!(time("keep_until") - time("created_at"), time::Duration::days(2));
    let second = ada.upload(&app, "b.pdf", &pdf(61)).await;
    assert_eq!((&second.json()["folder"], &second.json()["tags"]), (&Value::Null, &json!([])));
    assert_eq!(second.json()["keep_until"], Value::Null);
    let third = upload(&format!("folder={inner}"), "c.pdf").await.json();
    assert!(third["keep_until"].is_string(), "the rule of the folder above counts");

    let found = async |query: &str| {
        let answer = ada.get(&app, &format!("{DOCUMENTS}?{query}")).await.json();
        let documents = answer["documents"].as_array().expect("a list").clone();
        documents.iter().map(|document| document["name"].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found("").await, ["c.pdf", "b.pdf", "a.pdf"]);
    assert_eq!(found(&format!("folder={bills}")).await, ["a.pdf"], "not what is in folders in it");
    assert_eq!(found("folder=none").await, ["b.pdf"]);
    assert_eq!(found(&format!("tag={red}")).await, ["a.pdf"]);
    assert_eq!(found(&format!("folder={inner}&tag={red}")).await, [""; 0]);
    ada.get(&app, &format!("{DOCUMENTS}?folder=some")).await.is_problem(400, "bad_request");

    let at = second.header("location");
    let filed = ada.patch(&app, at, &json!({ "folder": bills, "tags": [red] })).await.json();
    assert_eq!((&filed["folder"], &filed["tags"]), (&json!(bills), &json!([red])));
    assert_eq!(ada.patch(&app, at, &json!({})).await.json(), filed, "what is left out stays");
    ada.patch(&app, &format!("{FOLDERS}/{bills}"), &json!({ "retention": { "keep_days": null } })).await;
    let taken = ada.patch(&app, at, &json!({ "folder": null, "tags": [] })).await.json();
    assert_eq!((&taken["folder"], &taken["tags"]), (&Value::Null, &json!([])));
    ada.patch(&app, at, &json!({ "tags": vec![red.clone(); 51] })).await.json();
    let many: Vec<_> = (0..51).map(|_| TagId::generate()).collect();
    ada.patch(&app, at, &json!({ "tags": many })).await.is_problem(400, "bad_request");

    let counts: Vec<_> = list(&app, &ada).await.iter().map(|folder| folder["documents"].clone()).collect();
    assert_eq!(counts, [1, 1]);
    assert_eq!(ada.get(&app, "/api/v1/tags").await.json()["tags"][0]["documents"], 2);
    let first = first["id"].as_str().expect("an id");
    assert_eq!(ada.delete(&app, &format!("{DOCUMENTS}/{first}")).await.status, 204);
    assert_eq!(ada.get(&app, "/api/v1/tags").await.json()["tags"][0]["documents"], 1, "not what is in the trash");
}

#[tokio::test]
async fn foreign_and_unknown_folders_and_tags_look_the_same_everywhere() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let folder = ada.make(&app, FOLDERS, &json!({ "name": "Bills" })).await;
    let tag = ada.make(&app, "/api/v1/tags", &json!({ "name": "red" })).await;
    let own = bob.make(&app, FOLDERS, &json!({ "name": "Own" })).await;
    bob.make(&app, "/api/v1/tags", &json!({ "name": "own" })).await;
    let document = bob.upload(&app, "b.pdf", &pdf(70)).await;
    let document = document.header("location");
    let mut compared = 0;
    let unknown = [FolderId::generate().to_string(), TagId::generate().to_string()];
    let cases = |folder: &str, tag: &str| {
        [
            (Method::PATCH, at(folder), json!({ "colour": "#000000" }), "folder_not_found"),
            (Method::DELETE, at(folder), Value::Null, "folder_not_found"),
            (Method::POST, FOLDERS.to_owned(), json!({ "name": "a", "parent": folder }), "folder_not_found"),
            (Method::PATCH, at(&own), json!({ "parent": folder }), "folder_not_found"),
            (Method::PATCH, document.to_owned(), json!({ "folder": folder }), "folder_not_found"),
            (Method::POST, format!("{DOCUMENTS}?folder={folder}"), Value::Null, "folder_not_found"),
            (Method::GET, format!("{DOCUMENTS}?folder={folder}"), Value::Null, "folder_not_found"),
            (Method::POST, "/api/v1/search".to_owned(), json!({ "query": "a", "folder": folder }), "folder_not_found"),
            (Method::PATCH, format!("/api/v1/tags/{tag}"), json!({ "colour": "#000000" }), "tag_not_found"),
            (Method::DELETE, format!("/api/v1/tags/{tag}"), Value::Null, "tag_not_found"),
            (Method::PATCH, document.to_owned(), json!({ "tags": [tag] }), "tag_not_found"),
            (Method::POST, format!("{DOCUMENTS}?tags={tag}"), Value::Null, "tag_not_found"),
            (Method::GET, format!("{DOCUMENTS}?tag={tag}"), Value::Null, "tag_not_found"),
            (Method::POST, "/api/v1/search".to_owned(), json!({ "query": "a", "tags": [tag] }), "tag_not_found"),
        ]
    };
    for (foreign, unknown) in cases(&folder, &tag).into_iter().zip(cases(&unknown[0], &unknown[1])) {
        let mut problems = Vec::new();
        for (method, path, body, code) in [foreign, unknown] {
            let answer = bob.ask(&app, method, &path, &body).await;
            answer.is_problem(404, code);
            let mut problem = answer.json();
            problem["request_id"].take();
            problems.push(problem);
        }
        assert_eq!(problems[0], problems[1]);
        compared += 1;
    }
    assert_eq!(compared, 14);
    // Nor does a person file what is not theirs.
    let hers = ada.upload(&app, "a.pdf", &pdf(71)).await;
    bob.patch(&app, hers.header("location"), &json!({ "folder": own })).await.is_problem(404, "document_not_found");
    let nowhere = format!("{DOCUMENTS}/{}", DocumentId::generate());
    bob.patch(&app, &nowhere, &json!({ "folder": own })).await.is_problem(404, "document_not_found");
    assert_eq!(ada.get(&app, hers.header("location")).await.json()["folder"], Value::Null);
    assert_eq!(names(&list(&app, &ada).await), ["Bills"]);
    assert_eq!(app.count("documents"), 2, "nothing was uploaded into foreign folders");
}
