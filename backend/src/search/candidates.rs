//! Which readings the index names for a query.

use std::sync::Arc;

use untxt_core::crypto::SearchKey;
use untxt_database::{
    Error, PgConnection,
    search::{self, Candidate, Filter, Near, Reading, Segment, Wanted},
};
use untxt_page::search::{Clause, Query};

use super::keys::SearchKeys;

/// Exact readings that are found at once, and as many with misread words; who wants more asks on.
const MAX_CANDIDATES: u32 = 1000;

/// How a reading was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Its index has all words as they were asked for.
    Exact,
    /// One or more have a letter that differs.
    Near,
}

/// Where a reading stands in the whole answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// How it was found.
    pub phase: Phase,
    /// Where it stands among those that were found so.
    pub at: search::Place,
}

/// Readings that may have what was asked for, in the order of the answer: exact ones first, then the newest.
#[derive(Debug, Default)]
pub struct Candidates {
    /// Each once.
    pub found: Vec<(Place, Reading)>,
    /// Where to go on when these are looked at; `None`: there are no more.
    pub next: Option<Place>,
}

/// Asks the index for what stands behind `after`. Misread words are looked for only when those that are exact don't fill the
/// answer anyway.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn find_candidates(
    conn: &mut PgConnection,
    keys: &SearchKeys,
    segments: &[Segment],
    query: &Arc<Query>,
    filter: &Filter,
    after: Option<Place>,
) -> Result<Candidates, Error> {
    let asking = Asking { keys: keys.clone(), segments: segments.to_vec().into(), query: Arc::clone(query) };
    let filter_after = |phase| {
        let at = after.filter(|place| place.phase == phase).map(|place| place.at);
        Filter { after: at, ..filter.clone() }
    };
    let mut candidates = Candidates::default();
    let wanted = asking.make(Asking::wanted).await;
    if after.is_none_or(|place| place.phase == Phase::Exact) {
        let found = search::find(conn, &wanted, &filter_after(Phase::Exact), MAX_CANDIDATES).await?;
        candidates.add(Phase::Exact, &found);
    }
    if candidates.next.is_none() && query.clauses.iter().flatten().any(|term| term.is_near_enough) {
        let near = asking.make(Asking::near).await;
        let found = search::find_near(conn, &wanted, &near, &filter_after(Phase::Near), MAX_CANDIDATES).await?;
        candidates.add(Phase::Near, &found);
    }
    Ok(candidates)
}

impl Candidates {
    fn add(&mut self, phase: Phase, found: &[Candidate]) {
        let placed = |candidate: &Candidate| (Place { phase, at: candidate.place }, candidate.reading);
        self.found.extend(found.iter().map(placed));
        if found.len() >= MAX_CANDIDATES as usize {
            self.next = self.found.last().map(|(place, _)| *place);
        }
    }
}

/// What tokens are made of.
#[derive(Clone)]
struct Asking {
    keys: SearchKeys,
    segments: Arc<[Segment]>,
    query: Arc<Query>,
}

impl Asking {
    /// Makes tokens away from the runtime's threads: those of a misread word take milliseconds.
    async fn make<T: Send + 'static>(&self, make: impl FnOnce(&Self) -> T + Send + 'static) -> T {
        let asking = self.clone();
        match tokio::task::spawn_blocking(move || make(&asking)).await {
            Ok(made) => made,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    /// Gives what the index must have, for each segment. While a segment is made anew its rows are of several keys, which
    /// stand between each other: they are asked for together, so that the answer is in their order.
    fn wanted(&self) -> Wanted {
        let lists = |number, keys: &[&SearchKey], clause: &Clause| {
            let lookups = clause.iter().flat_map(untxt_page::search::Term::lookups);
            let lists = lookups.flat_map(|list| {
                let tokens = |key: &&SearchKey| list.iter().map(|lookup| key.lookup(number, lookup)).collect();
                keys.iter().map(tokens).collect::<Vec<_>>()
            });
            lists.collect()
        };
        let of_segment = |(number, keys): (_, Vec<_>)| {
            self.query.clauses.iter().map(|clause| lists(number, &keys, clause)).collect()
        };
        self.keys_of_segments().map(of_segment).collect()
    }

    /// Gives the tokens of what one misread letter makes of the words of each clause, for the same segments.
    fn near(&self) -> Near {
        let words = |clause: &Clause| clause.iter().flat_map(untxt_page::search::Term::near_words).collect::<Vec<_>>();
        let words: Vec<_> = self.query.clauses.iter().map(words).collect();
        let of_segment = |(number, keys): (_, Vec<&SearchKey>)| {
            let tokens = |words: &Vec<String>| keys.iter().flat_map(|key| key.words(number, words)).collect();
            words.iter().map(tokens).collect::<Vec<_>>()
        };
        self.keys_of_segments().flat_map(of_segment).collect()
    }

    /// Lists segments that can be asked, newest first, each with the keys of its rows.
    fn keys_of_segments(&self) -> impl Iterator<Item = (i32, Vec<&SearchKey>)> {
        let of_segment = |rows: &[Segment]| {
            let number = rows.first()?.segment;
            let keys: Vec<_> = rows.iter().filter_map(|segment| self.keys.find(segment.generation)).collect();
            (!keys.is_empty()).then_some((number, keys))
        };
        self.segments.chunk_by(|one, next| one.segment == next.segment).filter_map(of_segment)
    }
}
