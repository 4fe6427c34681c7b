//! Which readings the index names for a query.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
    sync::Arc,
};

use untxt_core::crypto::SearchKey;
use untxt_database::{
    Error, PgConnection,
    search::{self, Candidate, Filter, Near, Reading, Segment, Wanted},
};
use untxt_page::search::{Clause, Query};

use super::keys::SearchKeys;

/// Readings that are found at once, and those that any 200 misread words are found in; who wants more asks on.
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
    let mut exact = None;
    if after.is_none_or(|place| place.phase == Phase::Exact) {
        let wanted = asking.make(|asking| asking.wanted(&asking.query.clauses)).await;
        let found = search::find(conn, &wanted, &filter_after(Phase::Exact), MAX_CANDIDATES).await?;
        candidates.add(Phase::Exact, &found);
        if found.len() >= MAX_CANDIDATES as usize {
            candidates.next = candidates.found.last().map(|(place, _)| *place);
            return Ok(candidates);
        }
        exact = after.is_none().then_some(found);
    }
    let (near, next) = asking.find_near(conn, &filter_after(Phase::Near), exact.as_deref()).await?;
    candidates.add(Phase::Near, &near);
    candidates.next = next.map(|at| Place { phase: Phase::Near, at });
    Ok(candidates)
}

impl Candidates {
    fn add(&mut self, phase: Phase, found: &[Candidate]) {
        let placed = |candidate: &Candidate| (Place { phase, at: candidate.place }, candidate.reading);
        self.found.extend(found.iter().map(placed));
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

    /// Gives what the index must have for these clauses, for each segment. While a segment is made anew its rows are of
    /// several keys, which stand between each other: they are asked for together, so that the answer is in their order.
    fn wanted(&self, clauses: &[Clause]) -> Wanted {
        let in_segment = |rows: &[Segment]| {
            let number = rows.first()?.segment;
            let keys: Vec<_> = rows.iter().filter_map(|segment| self.keys.find(segment.generation)).collect();
            let lists = |clause: &Clause| {
                let lookups = clause.iter().flat_map(untxt_page::search::Term::lookups);
                let lists = lookups.flat_map(|list| {
                    let tokens = |key: &&_| list.iter().map(|lookup| SearchKey::lookup(key, number, lookup)).collect();
                    keys.iter().map(tokens).collect::<Vec<_>>()
                });
                lists.collect()
            };
            (!keys.is_empty()).then(|| clauses.iter().map(lists).collect())
        };
        self.segments.chunk_by(|one, next| one.segment == next.segment).filter_map(in_segment).collect()
    }

    /// Gives the tokens of what one misread letter makes of the words of a clause, in all segments.
    fn near_tokens(&self, clause: usize) -> Vec<i64> {
        let clause = self.query.clauses.get(clause);
        let words: Vec<_> = clause.into_iter().flatten().flat_map(untxt_page::search::Term::near_words).collect();
        let in_segment = |segment: &Segment| {
            let key = self.keys.find(segment.generation)?;
            let number = segment.segment;
            Some(words.iter().map(move |word| key.token(number, untxt_core::crypto::TokenKind::Exact, word)))
        };
        self.segments.iter().filter_map(in_segment).flatten().collect()
    }

    /// Finds readings in which one clause at least is only met by a misread word, newest first, and where to go on if there
    /// may be more. `exact` are all that have all words, if that is known.
    async fn find_near(
        &self,
        conn: &mut PgConnection,
        filter: &Filter,
        exact: Option<&[Candidate]>,
    ) -> Result<(Vec<Candidate>, Option<search::Place>), Error> {
        let (mut complete_to, mut all) = (None, HashMap::<Reading, Candidate>::new());
        let mut met: Vec<HashSet<Reading>> = Vec::with_capacity(self.query.clauses.len());
        for clause in 0..self.query.clauses.len() {
            let tokens = self.make(move |asking| asking.near_tokens(clause)).await;
            let near = match tokens.is_empty() {
                true => Near::default(),
                false => search::find_near(conn, &tokens, filter, MAX_CANDIDATES).await?,
            };
            complete_to = complete_to.max(near.complete_to);
            met.push(near.found.iter().map(|candidate| candidate.reading).collect());
            all.extend(near.found.into_iter().map(|candidate| (candidate.reading, candidate)));
        }
        // Behind that place a reading may be missing from one list and stand in another.
        all.retain(|_, candidate| complete_to.is_none_or(|place| place <= candidate.place));
        let mut near: Vec<_> = all.into_values().collect();
        near.sort_unstable_by_key(|candidate| std::cmp::Reverse(candidate.place));
        if near.len() > MAX_CANDIDATES as usize {
            near.truncate(MAX_CANDIDATES as usize);
            complete_to = near.last().map(|candidate| candidate.place);
        }
        self.leave_exact(conn, &mut near, exact).await?;
        self.keep_met(conn, &mut near, &met).await?;
        Ok((near, complete_to))
    }

    /// Leaves those that have not all words as they were asked for: they stand in the other part of the answer.
    async fn leave_exact(
        &self,
        conn: &mut PgConnection,
        near: &mut Vec<Candidate>,
        exact: Option<&[Candidate]>,
    ) -> Result<(), Error> {
        let exact: HashSet<_> = match exact {
            Some(exact) => exact.iter().map(|candidate| candidate.reading).collect(),
            None => self.meeting(conn, near, 0..self.query.clauses.len()).await?,
        };
        near.retain(|candidate| !exact.contains(&candidate.reading));
        Ok(())
    }

    /// Leaves those readings that meet every clause, with a misread word or without.
    async fn keep_met(
        &self,
        conn: &mut PgConnection,
        near: &mut Vec<Candidate>,
        met: &[HashSet<Reading>],
    ) -> Result<(), Error> {
        if met.len() < 2 {
            return Ok(());
        }
        for (clause, met) in met.iter().enumerate() {
            let unmet: Vec<_> = near.iter().copied().filter(|one| !met.contains(&one.reading)).collect();
            let exact = self.meeting(conn, &unmet, clause..clause + 1).await?;
            near.retain(|one| met.contains(&one.reading) || exact.contains(&one.reading));
        }
        Ok(())
    }

    /// Says which of these readings meet all of some clauses exactly.
    async fn meeting(
        &self,
        conn: &mut PgConnection,
        candidates: &[Candidate],
        clauses: Range<usize>,
    ) -> Result<HashSet<Reading>, Error> {
        if candidates.is_empty() {
            return Ok(HashSet::new());
        }
        let readings: Vec<_> = candidates.iter().map(|candidate| candidate.reading).collect();
        let wanted = self.make(move |asking| asking.wanted(&asking.query.clauses[clauses])).await;
        let places = search::matching(conn, &readings, &wanted).await?;
        Ok(places.into_iter().filter_map(|place| readings.get(place).copied()).collect())
    }
}
