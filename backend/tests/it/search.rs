//! Search over what was read: the real tokens, the real index.

use axum::body::Body;
use http::Method;
use serde_json::{Value, json};
use untxt_core::domain::{DocumentId, PageContent, PageNumber, TaskId, Word};
use untxt_database::search;

use crate::{
    app::{Answer, TestApp},
    people::{Person, pdf},
    worker::Worker,
};

/// A person with a worker, and nothing else yet.
pub(crate) struct Scene {
    pub(crate) app: TestApp,
    pub(crate) ada: Person,
    pub(crate) worker: Worker,
}

/// Gives a page with these lines; the words of a line stand one beside the other, every line below the last one.
fn page(lines: &[&str]) -> PageContent {
    let mut words = Vec::new();
    for (line, text) in (0_u32..).zip(lines) {
        for (place, text) in (0_u32..).zip(text.split(' ')) {
            let (left, top) = (10 + 50 * place, 10 + 40 * line);
            let bounds = [left, top, left + 40, top + 20];
            words.push(Word { text: text.to_owned(), confidence: 0.9, bounds, line, ..Word::default() });
        }
    }
    PageContent {
        width: 600,
        height: 800,
        dpi: 300,
        mean_confidence: 0.9,
        text: lines.join("\n"),
        words,
        engine: "simulated 1".to_owned(),
        ..PageContent::default()
    }
}

impl Scene {
    pub(crate) async fn start() -> Self {
        let app = TestApp::start().await;
        let ada = app.person("ada").await;
        let worker = Worker::start(&app).await;
        worker.report_languages(&["deu", "eng"]).await;
        Self { app, ada, worker }
    }

    /// Has a document read whose pages say this; gives its address and task.
    pub(crate) async fn read(&self, person: &Person, name: &str, pages: &[&[&str]]) -> (String, TaskId) {
        let answer = person.upload(&self.app, name, &pdf(pages.concat().concat().len())).await;
        self.read_uploaded(&answer, pages).await
    }

    /// Has what was just uploaded read.
    pub(crate) async fn read_uploaded(&self, answer: &Answer, pages: &[&[&str]]) -> (String, TaskId) {
        let count = u32::try_from(pages.len()).expect("few");
        let at = answer.header("location").to_owned();
        let task: TaskId = answer.json()["task"]["id"].as_str().expect("an id").parse().expect("an id");
        self.worker.begin(task, count).await;
        let content = |number: PageNumber| page(pages[number.get() as usize - 1]);
        while self.worker.read_next_as(&self.app, task, &[], content).await {}
        self.worker.finish(&self.app, task, true).await;
        (at, task)
    }

    pub(crate) async fn ask_as(&self, person: &Person, wish: &Value) -> Answer {
        let request = person.request(Method::POST, "/api/v1/search").header("content-type", "application/json");
        self.app.send(request.body(Body::from(wish.to_string())).expect("good")).await
    }

    async fn ask(&self, query: &str) -> Value {
        let answer = self.ask_as(&self.ada, &json!({"query": query})).await;
        assert_eq!(answer.status, 200, "{query}: {:?}", answer.body);
        answer.json()
    }

    /// Gives names and pages of what is found.
    async fn find(&self, query: &str) -> Vec<String> {
        found(&self.ask(query).await)
    }
}

pub(crate) fn found(answer: &Value) -> Vec<String> {
    let hits = answer["hits"].as_array().expect("hits");
    hits.iter().map(|hit| format!("{}/{}", hit["document"]["name"].as_str().expect("a name"), hit["page"])).collect()
}

const INVOICE: [&[&str]; 2] = [
    &["Rechnung Nr. DOC-123 vom 12.03.2024", "über die Donau-", "dampfschiffahrt der Firma Müller"],
    &["Seite zwei: 1.234,56 Euro zahlbar an", "Straßenmeisterei"],
];
const LETTER: [&[&str]; 1] = [&["Liebe Firma, Ihre Rechnuug fehlt", "mit Gruß Maier"]];

#[tokio::test]
async fn words_phrases_prefixes_and_misread_words_are_found() {
    let scene = Scene::start().await;
    scene.read(&scene.ada, "invoice.pdf", &INVOICE).await;
    scene.read(&scene.ada, "letter.pdf", &LETTER).await;
    for (query, expected) in [
        ("firma", vec!["letter.pdf/1", "invoice.pdf/1"]),
        ("FIRMA müller", vec!["invoice.pdf/1"]),
        ("rechnung", vec!["invoice.pdf/1", "letter.pdf/1"]),
        ("rechnung firma", vec!["invoice.pdf/1", "letter.pdf/1"]),
        ("\"rechnung\"", vec!["invoice.pdf/1"]),
        ("strassenmeisterei", vec!["invoice.pdf/2"]),
        ("donaudampfschiffahrt", vec!["invoice.pdf/1"]),
        ("donaudampfschif*", vec!["invoice.pdf/1"]),
        ("stra*", vec!["invoice.pdf/2"]),
        ("doc-123", vec!["invoice.pdf/1"]),
        ("1234,56", vec!["invoice.pdf/2"]),
        ("\"der firma müller\"", vec!["invoice.pdf/1"]),
        ("\"firma der müller\"", vec![]),
        ("firma -müller", vec!["letter.pdf/1"]),
        ("zwei OR maier", vec!["letter.pdf/1", "invoice.pdf/2"]),
        ("mai OR gibtesnicht", vec![]),
        ("gibtesnicht firma", vec![]),
    ] {
        assert_eq!(scene.find(query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn a_hit_shows_the_passage_and_the_boxes_of_its_words() {
    let scene = Scene::start().await;
    let (at, task) = scene.read(&scene.ada, "invoice.pdf", &INVOICE).await;
    let answer = scene.ask("Donaudampfschiffahrt Müler").await;
    assert_eq!(answer["total"], json!({"pages": 1, "is_exact": true}));
    assert_eq!(answer["next"], Value::Null);
    let terms = json!([
        {"text": "Donaudampfschiffahrt", "kind": "word", "excluded": false},
        {"text": "Müler", "kind": "word", "excluded": false}
    ]);
    assert_eq!(answer["terms"], terms);
    let hit = &answer["hits"][0];
    assert!(at.ends_with(hit["document"]["id"].as_str().expect("an id")));
    assert_eq!((&hit["task_id"], &hit["page"], &hit["match"]), (&json!(task.to_string()), &json!(1), &json!("near")));
    assert_eq!((&hit["width"], &hit["height"], &hit["dpi"]), (&json!(600), &json!(800), &json!(300)));
    let snippet = &hit["snippets"][0];
    let text: Vec<u16> = snippet["text"].as_str().expect("text").encode_utf16().collect();
    let place = |mark: &Value, end: usize| usize::try_from(mark[end].as_u64().expect("a number")).expect("small");
    let marks = snippet["marks"].as_array().expect("marks").iter();
    let marked: Vec<_> = marks.map(|mark| String::from_utf16_lossy(&text[place(mark, 0)..place(mark, 1)])).collect();
    assert_eq!(marked, ["Donau", "dampfschiffahrt", "Müller"]);
    let expected = json!([
        {"x": 110, "y": 50, "width": 40, "height": 20},
        {"x": 10, "y": 90, "width": 40, "height": 20},
        {"x": 160, "y": 90, "width": 40, "height": 20}
    ]);
    assert_eq!(hit["boxes"], expected);
}

#[tokio::test]
async fn nobody_finds_pages_of_others() {
    let scene = Scene::start().await;
    let bob = scene.app.person("bob").await;
    scene.read(&scene.ada, "invoice.pdf", &INVOICE).await;
    let (_, task) = scene.read(&bob, "letter.pdf", &LETTER).await;
    assert_eq!(scene.find("firma").await, ["invoice.pdf/1"]);
    let answer = scene.ask_as(&bob, &json!({"query": "firma"})).await.json();
    assert_eq!(found(&answer), ["letter.pdf/1"]);
    // not even by the tokens themselves, if somebody had them
    let tokens = scene
        .app
        .postgres
        .superuser_psql(&format!("select array_to_string(tokens, ',') from search_pages where task_id = '{task}'"));
    let tokens: Vec<i64> = tokens.split(',').map(|token| token.parse().expect("a number")).collect();
    for (person, expected) in [(&bob, 1), (&scene.ada, 0)] {
        let mut tx = scene.app.db.begin_as(person.id).await.expect("a transaction");
        let wanted = vec![vec![vec![vec![tokens[0]]]]];
        let candidates = search::find(&mut tx, &wanted, &search::Filter::default(), 9).await.expect("answered");
        assert_eq!(candidates.len(), expected);
        let (wanted, near) = (vec![vec![vec![vec![0]]]], vec![tokens.clone()]);
        let near = search::find_near(&mut tx, &wanted, &near, &search::Filter::default(), 9).await.expect("answered");
        assert_eq!(near.len(), expected);
    }
    let anonymous = crate::app::json(Method::POST, "/api/v1/search", &json!({"query": "firma"}));
    scene.app.send(anonymous).await.is_problem(401, "not_logged_in");
}

#[tokio::test]
async fn what_is_deleted_or_in_quarantine_is_not_found() {
    let scene = Scene::start().await;
    let (at, _) = scene.read(&scene.ada, "invoice.pdf", &INVOICE).await;
    scene.read(&scene.ada, "letter.pdf", &LETTER).await;
    assert_eq!(scene.app.count("search_pages"), 3);
    scene.ada.delete(&scene.app, &at).await;
    assert_eq!(scene.find("firma").await, ["letter.pdf/1"], "it is in the trash");
    assert_eq!(scene.app.count("search_pages"), 3);
    scene.ada.delete(&scene.app, &format!("{at}?forever=true")).await;
    assert_eq!(scene.find("firma").await, ["letter.pdf/1"]);
    assert_eq!(scene.app.count("search_pages"), 1);
    _ = scene.app.postgres.superuser_psql(
        "alter table tasks disable trigger all;
        insert into tasks (id, document_id, owner_id, state, languages, trace, failure_code, started_at, ended_at, created_at)
        select gen_random_uuid(), document_id, owner_id, 'failed', 'eng', gen_random_uuid(), 'malware_found', now(), now(), now()
        from tasks",
    );
    assert!(scene.find("firma").await.is_empty());
}

#[tokio::test]
async fn the_reading_that_is_shown_is_the_one_that_is_found() {
    let scene = Scene::start().await;
    let (at, first) = scene.read(&scene.ada, "a.pdf", &[&["erste Lesung wort wort wort"]]).await;
    let again = |path: &str, body: Value| {
        let request = scene.ada.request(Method::POST, &format!("{at}/{path}"));
        request.header("content-type", "application/json").body(Body::from(body.to_string())).expect("good")
    };
    let answer = scene.app.send(again("tasks", json!({"pages": "all"}))).await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    let second: TaskId = answer.json()["id"].as_str().expect("an id").parse().expect("an id");
    scene.worker.begin_again(second).await;
    assert_eq!(scene.find("erste").await, ["a.pdf/1"], "shown until the newer one is there");
    let better = |_| PageContent { mean_confidence: 0.99, ..page(&["zweite Lesung besser besser besser"]) };
    while scene.worker.read_next_as(&scene.app, second, &[], better).await {}
    scene.worker.finish(&scene.app, second, true).await;
    assert_eq!(scene.find("zweite").await, ["a.pdf/1"]);
    assert!(scene.find("erste").await.is_empty());

    let choice = json!({"pages": [{"page": 1, "task": first.to_string()}]});
    let answer = scene.app.send(again("choices", choice)).await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    assert_eq!(scene.find("erste").await, ["a.pdf/1"]);
    assert!(scene.find("zweite").await.is_empty());
    assert_eq!(scene.ask("lesung").await["total"], json!({"pages": 1, "is_exact": true}));
}

#[tokio::test]
async fn answers_go_on_where_the_last_one_ended() {
    let scene = Scene::start().await;
    let pages: Vec<Vec<String>> = (1..=7).map(|number| vec![format!("gemeinsam nummer{number}")]).collect();
    let lines: Vec<Vec<&str>> = pages.iter().map(|lines| lines.iter().map(String::as_str).collect()).collect();
    let lines: Vec<&[&str]> = lines.iter().map(Vec::as_slice).collect();
    scene.read(&scene.ada, "a.pdf", &lines).await;
    scene.read(&scene.ada, "b.pdf", &[&["gemeinsan verlesen"]]).await;
    let (mut all, mut after) = (Vec::new(), Value::Null);
    loop {
        let wish = json!({"query": "gemeinsam", "limit": 3, "after": after});
        let answer = scene.ask_as(&scene.ada, &wish).await.json();
        let some = found(&answer);
        assert!(some.len() <= 3);
        assert_eq!(answer["total"]["pages"], 8 - all.len(), "this answer's and those behind it");
        all.extend(some);
        after = answer["next"].clone();
        if after.is_null() {
            break;
        }
    }
    let expected = ["a.pdf/7", "a.pdf/6", "a.pdf/5", "a.pdf/4", "a.pdf/3", "a.pdf/2", "a.pdf/1", "b.pdf/1"];
    assert_eq!(all, expected, "exact ones first, the newest reading first");
}

#[tokio::test]
async fn nothing_is_left_out_behind_a_thousand_pages_that_do_not_fit() {
    let scene = Scene::start().await;
    scene.read(&scene.ada, "old.pdf", &[&["company report"], &["companx report"]]).await;
    let [other, misread] = [["company invoice"], ["companx invoice"]];
    let mut pages: Vec<&[&str]> = vec![&other; 1010];
    pages.extend(vec![&misread[..]; 1010]);
    scene.read(&scene.ada, "many.pdf", &pages).await;
    let (mut all, mut after, mut answers) = (Vec::new(), Value::Null, 0);
    while answers == 0 || !after.is_null() {
        let wish = json!({"query": "company -invoice", "after": after});
        let answer = scene.ask_as(&scene.ada, &wish).await.json();
        assert_eq!(answer["total"]["is_exact"], false);
        all.extend(found(&answer));
        after = answer["next"].clone();
        answers += 1;
    }
    assert_eq!(all, ["old.pdf/1", "old.pdf/2"]);
    assert!(answers > 10, "one answer opens 200 pages at most");
}

#[tokio::test]
async fn a_search_is_confined_to_documents_and_times() {
    let scene = Scene::start().await;
    let (invoice, _) = scene.read(&scene.ada, "invoice.pdf", &INVOICE).await;
    scene.read(&scene.ada, "letter.pdf", &LETTER).await;
    let id = invoice.rsplit('/').next().expect("an id");
    let old = "update documents set created_at = '2020-05-01T12:00:00Z', id = id";
    _ = scene.app.postgres.superuser_psql(&format!("{old} where id = '{id}'"));
    for (wish, expected) in [
        (json!({"documents": [id]}), vec!["invoice.pdf/1"]),
        (json!({"documents": []}), vec![]),
        (json!({"documents": [DocumentId::generate().to_string()]}), vec![]),
        (json!({"from": "2021-01-01T00:00:00Z"}), vec!["letter.pdf/1"]),
        (json!({"to": "2021-01-01T00:00:00Z"}), vec![]),
        (json!({"to": "2999-01-01T00:00:00Z"}), vec!["letter.pdf/1", "invoice.pdf/1"]),
        (json!({"from": "2999-01-01T00:00:00Z"}), vec![]),
    ] {
        let mut asked = wish.clone();
        asked["query"] = json!("firma");
        assert_eq!(found(&scene.ask_as(&scene.ada, &asked).await.json()), expected, "{wish}");
    }
}

#[tokio::test]
async fn what_cannot_be_searched_for_is_said() {
    let scene = Scene::start().await;
    for query in ["", "-only", "ab*", "a OR", "***", &"a ".repeat(17), &"a".repeat(501)] {
        scene.ask_as(&scene.ada, &json!({"query": query})).await.is_problem(422, "unsearchable");
    }
    for wish in [json!({}), json!({"query": "a", "after": "x"}), json!({"query": "a", "from": "yesterday"})] {
        scene.ask_as(&scene.ada, &wish).await.is_problem(400, "bad_request");
    }
    let nothing = scene.ask("anything").await;
    assert_eq!((&nothing["hits"], &nothing["total"]["pages"]), (&json!([]), &json!(0)), "nothing was ever uploaded");
}

#[tokio::test]
async fn searches_have_a_pace() {
    let scene = Scene::start().await;
    let wish = json!({"query": "word"});
    let mut answers = 0;
    while scene.ask_as(&scene.ada, &wish).await.status == 200 {
        answers += 1;
        assert!(answers < 500, "never refused");
    }
    let refused = scene.ask_as(&scene.ada, &wish).await;
    refused.is_problem(429, "too_many_searches");
    assert!(!refused.header("retry-after").is_empty());
}

/// While an index is made anew, rows of both keys are found.
#[tokio::test]
async fn an_index_under_two_keys_is_found_under_both() {
    let scene = Scene::start().await;
    scene.read(&scene.ada, "invoice.pdf", &INVOICE).await;
    scene.worker.replace_index_key(scene.ada.id.as_owner()).await;
    scene.read(&scene.ada, "letter.pdf", &LETTER).await;
    let generations =
        scene.app.postgres.superuser_psql("select string_agg(distinct index_generation::text, ',') from search_pages");
    assert_eq!(generations, "1,2");
    assert_eq!(scene.find("firma").await, ["letter.pdf/1", "invoice.pdf/1"]);
    // A row that is made anew keeps its place, so rows of both keys stand between each other.
    scene.read(&scene.ada, "last.pdf", &LETTER).await;
    _ = scene.app.postgres.superuser_psql("update search_pages set position = -position");
    let (mut all, mut after) = (Vec::new(), Value::Null);
    while all.is_empty() || !after.is_null() {
        let answer = scene.ask_as(&scene.ada, &json!({"query": "firma", "limit": 1, "after": after})).await.json();
        all.extend(found(&answer));
        after = answer["next"].clone();
    }
    assert_eq!(all, ["invoice.pdf/1", "letter.pdf/1", "last.pdf/1"]);
}

#[tokio::test]
async fn a_search_is_confined_to_a_folder_with_its_subfolders_and_to_tags() {
    let scene = Scene::start().await;
    let (app, ada) = (&scene.app, &scene.ada);
    let top = ada.make(app, "/api/v1/folders", &json!({"name": "Top"})).await;
    let inner = ada.make(app, "/api/v1/folders", &json!({"name": "Inner", "parent": top})).await;
    let red = ada.make(app, "/api/v1/tags", &json!({"name": "red"})).await;
    let blue = ada.make(app, "/api/v1/tags", &json!({"name": "blue"})).await;
    for (name, filing) in [
        ("top.pdf", json!({"folder": top, "tags": [red]})),
        ("inner.pdf", json!({"folder": inner, "tags": [red, blue]})),
        ("none.pdf", json!({"tags": [blue]})),
    ] {
        let (at, _) = scene.read(ada, name, &LETTER).await;
        assert_eq!(ada.patch(app, &at, &filing).await.status, 200);
    }
    for (wish, expected) in [
        (json!({}), vec!["none.pdf/1", "inner.pdf/1", "top.pdf/1"]),
        (json!({"folder": top}), vec!["inner.pdf/1", "top.pdf/1"]),
        (json!({"folder": inner}), vec!["inner.pdf/1"]),
        (json!({"tags": [blue]}), vec!["none.pdf/1", "inner.pdf/1"]),
        (json!({"tags": [red, blue, red]}), vec!["inner.pdf/1"]),
        (json!({"tags": []}), vec!["none.pdf/1", "inner.pdf/1", "top.pdf/1"]),
        (json!({"folder": top, "tags": [blue]}), vec!["inner.pdf/1"]),
    ] {
        for query in ["firma", "rechnung"] {
            let mut wish = wish.clone();
            wish["query"] = query.into();
            let answer = scene.ask_as(ada, &wish).await;
            assert_eq!(answer.status, 200, "{wish}: {:?}", answer.body);
            assert_eq!(found(&answer.json()), expected, "{wish}");
        }
    }
}
