//! What somebody with the database can do to stored rows: each change answers one stable code and nothing of the content,
//! and what was not touched goes on.

use untxt_core::domain::TaskId;

use crate::{
    app::TestApp,
    people::{Person, pdf},
    worker::Worker,
};

/// A document that has been read.
struct Read {
    id: String,
    task: TaskId,
}

async fn upload_and_read(app: &TestApp, worker: &Worker, person: &Person, name: &str, size: usize) -> Read {
    let document = person.upload(app, name, &pdf(size)).await.json();
    let task = document["task"]["id"].as_str().expect("an id").parse().expect("an id");
    worker.read(app, task, 2, &[]).await;
    Read { id: document["id"].as_str().expect("an id").to_owned(), task }
}

/// Changes rows as somebody who owns the server, past all triggers.
fn tamper(app: &TestApp, sql: &str) {
    let said = app.postgres.superuser_psql(&format!("set session_replication_role = replica; {sql}"));
    assert!(!said.contains("ERROR"), "{said}");
}

/// Asks for everything that opens something of a document.
async fn is_damaged(app: &TestApp, person: &Person, id: &str, paths: &[&str]) {
    for path in paths {
        let answer = person.get(app, &format!("/api/v1/documents/{id}{path}")).await;
        answer.is_problem(500, "damaged");
        assert!(!answer.text().contains("secret") && !answer.text().contains("page 1"), "{path}");
    }
}

#[tokio::test]
async fn rows_that_were_changed_or_moved_answer_one_code() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let worker = Worker::start(&app).await;
    let one = upload_and_read(&app, &worker, &ada, "secret one.pdf", 1100).await;
    let two = upload_and_read(&app, &worker, &ada, "secret two.pdf", 1200).await;
    let foreign = upload_and_read(&app, &worker, &bob, "secret three.pdf", 1300).await;
    let pages = ["/pages/1", "/pages/1/formats/txt"];
    let all = ["", "/original", "/searchable.pdf", "/pages/1", "/pages/1/image", "/formats/txt"];

    let (id, task) = (&one.id, one.task);
    let page = |task: TaskId, number: u32| format!("task_id = '{task}' and page_number = {number}");
    let flip = |column: &str| format!("{column} = set_byte({column}, 20, get_byte({column}, 20) # 1)");
    let from_page = |which: String| format!("content_sealed = (select content_sealed from pages where {which})");
    let from_document =
        |column: &str, id: &str| format!("{column} = (select {column} from documents where id = '{id}')");
    let mine = format!("documents where id = '{id}'");
    for (what, table, change, paths) in [
        ("a flipped bit", format!("pages where {}", page(task, 1)), flip("content_sealed"), &pages[..]),
        ("another page", format!("pages where {}", page(task, 1)), from_page(page(task, 2)), &pages),
        ("another document's page", format!("pages where {}", page(task, 1)), from_page(page(two.task, 1)), &pages),
        ("another owner's page", format!("pages where {}", page(task, 1)), from_page(page(foreign.task, 1)), &pages),
        ("a flipped bit in the name", mine.clone(), flip("metadata_sealed"), &[""]),
        ("another document's name", mine.clone(), from_document("metadata_sealed", &two.id), &[""]),
        ("a flipped bit in the key", mine.clone(), flip("wrapped_key"), &all),
        ("another document's key", mine.clone(), from_document("wrapped_key", &two.id), &all),
        ("another owner's key", mine.clone(), from_document("wrapped_key", &foreign.id), &all),
        (
            "no encryption",
            mine,
            "metadata_sealed = convert_to('{\"name\":\"a\",\"sha256\":\"00\"}', 'UTF8')".to_owned(),
            &[""],
        ),
    ] {
        let (name, which) = table.split_once(" where ").expect("both");
        tamper(&app, &format!("create table kept as select * from {name} where {which}"));
        tamper(&app, &format!("update {name} set {change} where {which}"));
        is_damaged(&app, &ada, id, paths).await;
        let untouched = ada.get(&app, &format!("/api/v1/documents/{}/pages/1/formats/txt", two.id)).await;
        assert_eq!(untouched.text(), "page 1\n", "{what}");
        let columns = if name == "pages" { "content_sealed" } else { "(metadata_sealed, wrapped_key)" };
        let kept = if name == "pages" { "content_sealed" } else { "metadata_sealed, wrapped_key" };
        tamper(&app, &format!("update {name} set {columns} = (select {kept} from kept) where {which}"));
        tamper(&app, "drop table kept");
        assert_eq!(ada.get(&app, &format!("/api/v1/documents/{id}")).await.status, 200, "{what}: mended");
    }
}

#[tokio::test]
async fn a_key_that_does_not_open_is_recorded_once() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let document = ada.upload(&app, "secret.pdf", &pdf(1000)).await.json();
    let id = document["id"].as_str().expect("an id");
    assert_eq!(ada.get(&app, &format!("/api/v1/documents/{id}/original")).await.status, 200);
    tamper(
        &app,
        &format!(
            "update documents set wrapped_key = set_byte(wrapped_key, 20, get_byte(wrapped_key, 20) # 1) where id = '{id}'"
        ),
    );
    for _ in 0..5 {
        is_damaged(&app, &ada, id, &["", "/original"]).await;
    }
    app.lifecycle.stop();
    assert!(app.lifecycle.wait(std::time::Duration::from_secs(30)).await, "it is written beside the requests");
    let recorded = app.postgres.superuser_psql("select owner_id, version from key_events where operation = 'refused'");
    assert_eq!(recorded.trim(), format!("{}|1", ada.id));
}

#[tokio::test]
async fn a_refused_key_is_recorded_once_the_database_answers() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let document = ada.upload(&app, "secret.pdf", &pdf(1000)).await.json();
    let id = document["id"].as_str().expect("an id");
    tamper(
        &app,
        &format!(
            "update documents set wrapped_key = set_byte(wrapped_key, 20, get_byte(wrapped_key, 20) # 1) where id = '{id}'"
        ),
    );
    // As if there were too many connections.
    tamper(
        &app,
        "create sequence attempts;
        grant usage on sequence attempts to public;
        create function refuse() returns trigger language plpgsql as
            $$ begin perform nextval('attempts'); raise exception using errcode = '53300'; end $$;
        create trigger refuse before insert on key_events for each row execute function refuse()",
    );
    is_damaged(&app, &ada, id, &[""]).await;
    while app.postgres.superuser_psql("select is_called from attempts").trim() != "t" {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    tamper(&app, "drop trigger refuse on key_events");
    let recorded = "select owner_id, version from key_events where operation = 'refused'";
    while app.postgres.superuser_psql(recorded).trim() != format!("{}|1", ada.id) {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}
