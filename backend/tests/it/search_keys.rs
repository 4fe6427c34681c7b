//! Search while index keys are replaced, and what it says when pages can't be found.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use crate::search::{Scene, found};

const LETTER: [&[&str]; 1] = [&["Liebe Firma, Ihre Rechnung fehlt"]];

/// Questions that a person may ask in a row.
const QUESTIONS: usize = 36;

#[tokio::test]
async fn nothing_is_missed_while_an_index_key_is_replaced_and_pages_come() {
    let scene = Scene::start().await;
    let owner = scene.ada.id.as_owner();
    let (read, is_done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let add = async || {
        let name = format!("letter-{}.pdf", read.load(Ordering::SeqCst));
        scene.read(&scene.ada, &name, &LETTER).await;
        read.fetch_add(1, Ordering::SeqCst);
    };
    for _ in 0..6 {
        add().await;
    }
    let changing = async {
        for _ in 0..3 {
            scene.worker.replace_index_key(owner).await;
            // between the rows that are made anew, a page is stored
            add().await;
            while scene.worker.index_one_anew(owner).await {}
            add().await;
        }
        is_done.store(1, Ordering::SeqCst);
    };
    let asking = async {
        let mut asked = 0;
        // with a misread word every other time: that is asked in another way
        while is_done.load(Ordering::SeqCst) == 0 && asked < QUESTIONS {
            let before = read.load(Ordering::SeqCst);
            let query = if asked % 2 == 0 { "rechnung" } else { "rechnumg firma" };
            let answer = scene.ask_as(&scene.ada, &json!({"query": query, "limit": 50})).await;
            assert_eq!(answer.status, 200, "{:?}", answer.body);
            let pages = found(&answer.json()).len();
            assert!(pages >= before, "question {asked}: {pages} of {before}");
            asked += 1;
        }
        asked
    };
    let ((), asked) = tokio::join!(changing, asking);
    assert!(asked > 5, "{asked} questions meanwhile");
    let generations = "select string_agg(distinct index_generation::text, ',') from search_segments";
    assert_eq!(scene.app.postgres.superuser_psql(generations), "4", "nothing is left under older keys");
}

#[tokio::test]
async fn an_answer_says_when_pages_are_missing_in_the_index() {
    let scene = Scene::start().await;
    scene.read(&scene.ada, "old.pdf", &LETTER).await;
    let ask = async || {
        let answer = scene.ask_as(&scene.ada, &json!({"query": "rechnung"})).await.json();
        (found(&answer).len(), answer["total"]["is_exact"].clone(), answer["is_complete"].clone())
    };
    assert_eq!(ask().await, (1, json!(true), json!(true)));
    // as after an upgrade from before there was an index
    let rows = "create table kept as table search_pages; delete from search_pages; insert into search_gaps";
    _ = scene.app.postgres.superuser_psql(&format!("{rows} values ('{}')", scene.ada.id));
    assert_eq!(ask().await, (0, json!(false), json!(false)));
    _ = scene.app.postgres.superuser_psql("insert into search_pages table kept; delete from search_gaps");
    assert_eq!(ask().await, (1, json!(true), json!(true)));
    // Under two keys everything is found. When one is lost, that is said, and what is under the other one is found.
    scene.worker.replace_index_key(scene.ada.id.as_owner()).await;
    scene.read(&scene.ada, "new.pdf", &LETTER).await;
    assert_eq!(ask().await, (2, json!(true), json!(true)));
    _ = scene.app.postgres.superuser_psql(
        "set session_replication_role = replica;
        update owner_keys
        set state = 'destroyed', destroyed_at = now(), wrapped = null, wrapped_index_key = null, wrapped_tag_key = null
        where version = 1",
    );
    assert_eq!(ask().await, (1, json!(false), json!(false)));
}
