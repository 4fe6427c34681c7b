use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use sqlx::PgConnection;
use untxt_backend::{Place, SearchKeys, find_candidates};
use untxt_core::{
    crypto::OwnerKey,
    domain::{OwnerId, PageContent, PageNumber},
};
use untxt_database::search::{Filter, list_segments};
use untxt_page::search::{Query, find, shown_words, snippets};

use crate::{
    Asked, OWNER,
    build::ids_of,
    connect, connect_as_backend,
    pages::{Numbers, misread, page},
};

/// Hits of one answer.
const SHOWN: usize = 20;

/// Makes a query of the words of a page; `None`: this page has no such words.
type Make = fn(&[String], &mut Numbers) -> Option<(String, Option<String>)>;

/// What is asked: the name, and how a query for each is made, ours and the one for `to_tsquery`.
const KINDS: [(&str, Make); 6] = [
    ("one word", |words, numbers| pick(words, numbers, 4).map(|word| (format!("\"{word}\""), Some(word)))),
    ("one word, near too", |words, numbers| pick(words, numbers, 4).map(|word| (word.clone(), Some(word)))),
    ("two words", |words, numbers| {
        let (one, two) = (pick(words, numbers, 4)?, pick(words, numbers, 4)?);
        Some((format!("{one} {two}"), Some(format!("{one} & {two}"))))
    }),
    ("prefix", |words, numbers| {
        let prefix = pick(words, numbers, 6)?[..3 + usize::try_from(numbers.below(3)).unwrap_or_default()].to_owned();
        Some((format!("{prefix}*"), Some(format!("{prefix}:*"))))
    }),
    ("one edit", |words, numbers| {
        let word = pick(words, numbers, 6)?;
        Some((misread(&word, numbers), None))
    }),
    ("phrase", |words, numbers| {
        let place = usize::try_from(numbers.below(words.len() as u64 - 1)).unwrap_or_default();
        let (one, two) = (&words[place], &words[place + 1]);
        Some((format!("\"{one} {two}\""), Some(format!("{one} <-> {two}"))))
    }),
];

fn pick(words: &[String], numbers: &mut Numbers, letters: usize) -> Option<String> {
    let place = usize::try_from(numbers.below(words.len() as u64)).unwrap_or_default();
    let mut candidates = words[place..].iter();
    candidates.find(|word| word.len() >= letters && word.bytes().all(|byte| byte.is_ascii_lowercase())).cloned()
}

#[derive(Default)]
struct Times {
    index: Vec<Duration>,
    opening: Vec<Duration>,
    together: Vec<Duration>,
    plain: Vec<Duration>,
    found: Vec<usize>,
}

pub(crate) async fn measure(asked: &Asked, keys: &SearchKeys, owner_key: &OwnerKey) {
    let (mut ours, mut plain) = (connect_as_backend(asked).await, connect(asked).await);
    println!("| query | found | index p50 | p95 | opening 20 p50 | p95 | together p50 | p95 | tsvector p50 | p95 |");
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for (kind, (name, make)) in KINDS.into_iter().enumerate() {
        let mut numbers = Numbers::new(77 + kind as u64);
        let mut times = Times::default();
        // the first few are to warm up
        let mut waiting = asked.queries + 10;
        while waiting > 0 {
            let number = u32::try_from(numbers.below(u64::from(asked.pages))).unwrap_or_default();
            let words: Vec<_> = page(number).into_iter().map(|word| word.text).collect();
            let Some((query, theirs)) = make(&words, &mut numbers) else { continue };
            let Ok(query) = Query::parse(&query) else { continue };
            waiting -= 1;
            let mut one = Times::default();
            ask(&mut ours, keys, owner_key, query, &mut one).await;
            if let Some(theirs) = theirs {
                one.plain.push(ask_plain(&mut plain, &theirs).await);
            }
            if waiting < asked.queries {
                times.add(one);
            }
        }
        times.print(name);
    }
}

async fn ask(conn: &mut PgConnection, keys: &SearchKeys, owner_key: &OwnerKey, query: Query, times: &mut Times) {
    let query = Arc::new(query);
    let begin = Instant::now();
    let segments = list_segments(conn, OwnerId::from(OWNER)).await.expect("segments");
    let candidates =
        find_candidates(conn, keys, &segments, &query, &Filter::default(), None).await.expect("candidates");
    let index = begin.elapsed();
    let shown: Vec<_> = candidates.found.iter().take(SHOWN).map(|(place, _)| *place).collect();
    let opening = open(owner_key, &query, &shown);
    times.found.push(candidates.found.len());
    times.index.push(index);
    times.opening.push(opening);
    times.together.push(index + opening);
}

/// Opens the pages that are shown first, looks for the words in them and cuts the passages out. They are sealed before, which
/// doesn't count.
fn open(owner_key: &OwnerKey, query: &Query, shown: &[Place]) -> Duration {
    let owner = OwnerId::from(OWNER);
    let mut spent = Duration::ZERO;
    for place in shown {
        let number = u32::try_from(place.at.position).unwrap_or_default();
        let (document, task) = ids_of(number);
        let (key, _) = owner_key.create_document_key(document.into()).expect("a key");
        let (task, first) = (task.into(), PageNumber::from_index(0));
        let content = PageContent { words: page(number), ..PageContent::default() };
        let sealed = key.seal_page(owner, task, first, &content).expect("sealed");
        let begin = Instant::now();
        let content = key.open_page(owner, task, first, &sealed).expect("opened");
        if let Some(found) = find(query, &content.words) {
            std::hint::black_box((snippets(&found, &content.words), shown_words(&found, &content.words)));
        }
        spent += begin.elapsed();
    }
    spent
}

/// Asks for as many rows, in the same order.
async fn ask_plain(conn: &mut PgConnection, query: &str) -> Duration {
    let begin = Instant::now();
    let rows: Vec<(i64,)> = sqlx::query_as(
        "select position from plain_pages where words @@ to_tsquery('simple', $1) order by (position + 0) desc limit 1000",
    )
    .bind(query)
    .fetch_all(conn)
    .await
    .expect("rows");
    std::hint::black_box(rows);
    begin.elapsed()
}

impl Times {
    fn add(&mut self, mut one: Self) {
        self.index.append(&mut one.index);
        self.opening.append(&mut one.opening);
        self.together.append(&mut one.together);
        self.plain.append(&mut one.plain);
        self.found.append(&mut one.found);
    }

    fn print(mut self, name: &str) {
        self.found.sort_unstable();
        let found = self.found.get(self.found.len() / 2).copied().unwrap_or_default();
        let columns: Vec<_> = [self.index, self.opening, self.together, self.plain].map(percentiles).into();
        println!("| {name} | {found} | {} |", columns.join(" | "));
    }
}

/// Gives the median and the time that 95 of 100 are below, in milliseconds.
pub(crate) fn percentiles(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |share: usize| times.get(times.len() * share / 100).map(|time| format!("{:.1}", time.as_secs_f64() * 1e3));
    let show = |time: Option<String>| time.unwrap_or_else(|| "–".to_owned());
    format!("{} | {}", show(at(50)), show(at(95)))
}
