use std::{
    fmt::Write,
    sync::{Arc, mpsc::sync_channel},
    time::Instant,
};

use sqlx::{AssertSqlSafe, PgConnection};
use untxt_core::crypto::SearchKey;
use untxt_database::search::SEGMENT_PAGES;
use untxt_page::search::index_words;
use uuid::Uuid;

use crate::{Asked, OWNER, connect, pages::page, shared};

/// Pages that one thread makes before it hands them over.
const AT_ONCE: u32 = 500;

/// Pages of one document.
const OF_DOCUMENT: u32 = 20;

/// Rows of both tables, as they are sent.
struct Rows {
    ours: Vec<u8>,
    plain: String,
}

/// Gives document and task of a page.
pub(crate) fn ids_of(page: u32) -> (Uuid, Uuid) {
    let id = |kind: u128| {
        Uuid::from_u128((0x0192_0000_0000_u128 + u128::from(page / OF_DOCUMENT)) << 80 | 0x7 << 76 | 0x8 << 60 | kind)
    };
    (id(1), id(2))
}

pub(crate) fn segment_of(page: u32) -> i32 {
    i32::try_from(page).unwrap_or(i32::MAX) / SEGMENT_PAGES
}

pub(crate) async fn run(conn: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(conn).await.expect("done");
}

/// Fills the database, unless it was filled before.
pub(crate) async fn build(asked: &Asked, key: &SearchKey) {
    let mut conn = connect(asked).await;
    let count: i64 = sqlx::query_scalar("select coalesce(sum(pages), 0)::bigint from search_segments")
        .fetch_one(&mut conn)
        .await
        .expect("an answer");
    if count == i64::from(asked.pages) {
        return;
    }
    run(
        &mut conn,
        "alter table search_pages drop constraint if exists search_pages_page_fkey;
        drop index if exists search_pages_tokens_idx, search_pages_owner_id_idx;
        drop table if exists plain_pages;
        truncate search_pages, search_segments;
        create table plain_pages (position bigint primary key, owner_id uuid not null, words tsvector not null)",
    )
    .await;
    let begin = Instant::now();
    fill(asked, key).await;
    println!("rows made in {:.0} s", begin.elapsed().as_secs_f64());
    run(&mut conn, "set maintenance_work_mem = '2GB'; set max_parallel_maintenance_workers = 0").await;
    for (what, sql) in [
        (
            "index of tokens",
            "create index search_pages_tokens_idx on search_pages using gin (tokens) with (fastupdate = off)",
        ),
        (
            "other index",
            "create index search_pages_owner_id_idx on search_pages (owner_id, index_generation, position desc)",
        ),
        (
            "index of tsvector",
            "create index plain_pages_words_idx on plain_pages using gin (words) with (fastupdate = off)",
        ),
        ("vacuum", "vacuum analyze search_pages, plain_pages"),
    ] {
        let begin = Instant::now();
        run(&mut conn, sql).await;
        println!("{what}: {:.0} s", begin.elapsed().as_secs_f64());
    }
    run(
        &mut conn,
        "insert into search_segments (owner_id, index_generation, segment, pages)
        select owner_id, 1, segment, count(*) from search_pages group by owner_id, segment",
    )
    .await;
}

async fn fill(asked: &Asked, key: &SearchKey) {
    let (sender, receiver) = sync_channel::<Rows>(4);
    let (pages, key) = (asked.pages, shared(key));
    let threads: u32 = 2;
    for thread in 0..threads {
        let (sender, key) = (sender.clone(), Arc::clone(&key));
        std::thread::spawn(move || {
            for begin in (0..pages).step_by(AT_ONCE as usize).skip(thread as usize).step_by(threads as usize) {
                if sender.send(rows(&key, begin..pages.min(begin + AT_ONCE))).is_err() {
                    return;
                }
            }
        });
    }
    drop(sender);
    let (mut ours, mut plain) = (connect(asked).await, connect(asked).await);
    let mut ours = ours
        .copy_in_raw(
            "copy search_pages (task_id, page_number, owner_id, document_id, segment, position, index_generation, tokens)
            from stdin (format binary)",
        )
        .await
        .expect("a copy");
    let mut plain = plain.copy_in_raw("copy plain_pages (position, owner_id, words) from stdin").await.expect("a copy");
    ours.send(&b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0"[..]).await.expect("sent");
    for rows in receiver {
        ours.send(rows.ours).await.expect("sent");
        plain.send(rows.plain.into_bytes()).await.expect("sent");
    }
    ours.send(&(-1_i16).to_be_bytes()[..]).await.expect("sent");
    ours.finish().await.expect("copied");
    plain.finish().await.expect("copied");
}

fn rows(key: &SearchKey, numbers: std::ops::Range<u32>) -> Rows {
    let mut rows = Rows { ours: Vec::new(), plain: String::new() };
    for number in numbers {
        let words = page(number);
        let tokens = key.tokens(segment_of(number), &index_words(&words));
        push_ours(&mut rows.ours, number, &tokens);
        let _ = write!(rows.plain, "{number}\t{OWNER}\t");
        for (place, word) in words.iter().enumerate() {
            let _ = write!(rows.plain, "{}:{} ", word.text, place + 1);
        }
        rows.plain.push('\n');
    }
    rows
}

/// Writes a row of the binary format of `copy`.
fn push_ours(row: &mut Vec<u8>, number: u32, tokens: &[i64]) {
    row.extend_from_slice(&8_i16.to_be_bytes());
    let mut field = |bytes: &[u8]| {
        row.extend_from_slice(&i32::try_from(bytes.len()).unwrap_or_default().to_be_bytes());
        row.extend_from_slice(bytes);
    };
    let (document, task) = ids_of(number);
    let count = i32::try_from(tokens.len()).unwrap_or_default();
    let mut array = Vec::with_capacity(20 + 12 * tokens.len());
    // one dimension, no nulls, of type bigint, so many, from 1
    for head in [1, 0, 20, count, 1] {
        array.extend_from_slice(&i32::to_be_bytes(head));
    }
    for token in tokens {
        array.extend_from_slice(&8_i32.to_be_bytes());
        array.extend_from_slice(&token.to_be_bytes());
    }
    let page = i32::try_from(number % OF_DOCUMENT + 1).unwrap_or_default();
    field(task.as_bytes());
    field(&page.to_be_bytes());
    field(OWNER.as_bytes());
    field(document.as_bytes());
    field(&segment_of(number).to_be_bytes());
    field(&i64::from(number).to_be_bytes());
    field(&1_i32.to_be_bytes());
    field(&array);
}

pub(crate) async fn print_sizes(asked: &Asked) {
    let mut conn = connect(asked).await;
    let sizes: Vec<(String, i64)> = sqlx::query_as(
        "select * from (values
            ('tokens per page, on average', (
                select avg(cardinality(tokens))::bigint from search_pages tablesample system (0.5)
            )),
            ('bytes per page of our rows', (select pg_table_size('search_pages') / count(*) from search_pages)),
            ('bytes per page of our index', (
                select pg_relation_size('search_pages_tokens_idx') / count(*) from search_pages
            )),
            ('bytes per page of tsvector', (select pg_table_size('plain_pages') / count(*) from plain_pages)),
            ('bytes per page of its index', (
                select pg_relation_size('plain_pages_words_idx') / count(*) from plain_pages
            ))
        ) as sizes",
    )
    .fetch_all(&mut conn)
    .await
    .expect("sizes");
    for (what, size) in sizes {
        println!("{what}: {size}");
    }
}
