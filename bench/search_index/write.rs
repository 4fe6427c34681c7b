//! What the index costs whoever stores a page.

use std::{collections::HashMap, sync::Arc, time::Instant};

use sqlx::PgConnection;
use untxt_backend::{SearchKeys, find_candidates};
use untxt_core::{crypto::SearchKey, domain::OwnerId};
use untxt_database::search::{Filter, list_segments};
use untxt_page::search::{Query, index_words};

use crate::{
    Asked, OWNER,
    build::{ids_of, run, segment_of},
    connect, connect_as_backend,
    measure::percentiles,
    pages::page,
};

/// Pages that are stored, each in a transaction of its own.
const STORED: u32 = 500;

pub(crate) async fn measure(asked: &Asked, key: &SearchKey) {
    println!("| the index takes a page | tokens p50 | p95 | insert p50 | p95 | one word meanwhile p50 | p95 |");
    println!("|---|---|---|---|---|---|---|");
    let mut conn = connect(asked).await;
    for (name, change) in [
        ("at once", "alter index search_pages_tokens_idx set (fastupdate = off)"),
        ("from a list, later", "alter index search_pages_tokens_idx set (fastupdate = on)"),
    ] {
        // what a run that broke off has left
        run(&mut conn, &format!("delete from search_pages where position >= {}", asked.pages)).await;
        run(&mut conn, "vacuum search_pages").await;
        run(&mut conn, change).await;
        let (tokens, inserts, searches) = store(asked, key, &mut conn).await;
        println!("| {name} | {tokens} | {inserts} | {searches} |");
    }
    // Whoever asks later would walk through the list.
    run(&mut conn, "alter index search_pages_tokens_idx set (fastupdate = off)").await;
    run(&mut conn, "vacuum search_pages").await;
}

async fn store(asked: &Asked, key: &SearchKey, conn: &mut PgConnection) -> (String, String, String) {
    let mut backend = connect_as_backend(asked).await;
    let keys = SearchKeys::new(HashMap::from([(1, key.clone())]));
    let (mut making, mut inserting, mut searching) = (Vec::new(), Vec::new(), Vec::new());
    for number in asked.pages..asked.pages + STORED {
        let (words, (document, task)) = (page(number), ids_of(number));
        let begin = Instant::now();
        let tokens = key.tokens(segment_of(number), &index_words(&words));
        making.push(begin.elapsed());
        let begin = Instant::now();
        sqlx::query(
            "insert into search_pages (
                task_id, page_number, owner_id, document_id, segment, position, index_generation, tokens
            )
            values ($1, $2, $3, $4, $5, $6, 1, $7)",
        )
        .bind(task)
        .bind(i32::try_from(number).unwrap_or_default())
        .bind(OWNER)
        .bind(document)
        .bind(segment_of(number))
        .bind(i64::from(number))
        .bind(tokens)
        .execute(&mut *conn)
        .await
        .expect("inserted");
        inserting.push(begin.elapsed());
        if number % 10 == 0 {
            let Some(word) = words.iter().find(|word| word.text.len() > 8) else { continue };
            let query = Arc::new(Query::parse(&format!("\"{}\"", word.text)).expect("a query"));
            let begin = Instant::now();
            let segments = list_segments(&mut backend, OwnerId::from(OWNER)).await.expect("segments");
            find_candidates(&mut backend, &keys, &segments, &query, &Filter::default(), None).await.expect("found");
            searching.push(begin.elapsed());
        }
    }
    (percentiles(making), percentiles(inserting), percentiles(searching))
}
