//! Which readings the index names for a query.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use untxt_database::{
    Error, PgConnection,
    search::{self, Candidate, Filter, Reading, Segment, Wanted},
};
use untxt_page::search::{Clause, Query};

use super::keys::SearchKeys;

/// Readings that are found at once; who has more should say more.
const MAX_CANDIDATES: u32 = 1000;

/// Readings with some misread word; there are few unless the word is one of many that are alike.
const MAX_NEAR: u32 = 2000;

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
pub(super) struct Place {
    pub(super) phase: Phase,
    pub(super) segment: i32,
    pub(super) position: i64,
}

/// Readings that may have what was asked for, in the order of the answer: exact ones first, then the newest.
#[derive(Debug, Default)]
pub struct Candidates {
    /// Each once.
    pub found: Vec<(Phase, Candidate)>,
    /// There are more.
    pub is_cut: bool,
}

impl Place {
    pub(super) const fn of(phase: Phase, candidate: &Candidate) -> Self {
        Self { phase, segment: candidate.segment, position: candidate.position }
    }

    /// Says whether this comes later in the answer.
    pub(super) fn is_after(&self, other: &Self) -> bool {
        let rank = |place: &Self| (std::cmp::Reverse(place.phase), place.segment, place.position);
        rank(self) < rank(other)
    }
}

/// Asks the index. Misread words are looked for only when those that are exact don't fill the answer anyway.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn find_candidates(
    conn: &mut PgConnection,
    keys: &SearchKeys,
    segments: &[Segment],
    query: &Arc<Query>,
    filter: &Filter,
) -> Result<Candidates, Error> {
    let asking = Asking { keys: keys.clone(), segments: segments.to_vec().into(), query: Arc::clone(query) };
    let wanted = asking.make(|asking| asking.wanted(&asking.query.clauses)).await;
    let exact = search::find(conn, &wanted, filter, MAX_CANDIDATES).await?;
    if exact.len() >= MAX_CANDIDATES as usize {
        return Ok(Candidates { found: in_phase(Phase::Exact, exact), is_cut: true });
    }
    let (near, is_cut) = asking.find_near(conn, filter, &exact).await?;
    let mut found = in_phase(Phase::Exact, exact);
    found.extend(in_phase(Phase::Near, near));
    Ok(Candidates { found, is_cut })
}

fn in_phase(phase: Phase, candidates: Vec<Candidate>) -> Vec<(Phase, Candidate)> {
    candidates.into_iter().map(|candidate| (phase, candidate)).collect()
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

    /// Gives what the index must have for these clauses, for each segment.
    fn wanted(&self, clauses: &[Clause]) -> Wanted {
        let in_segment = |segment: &Segment| {
            let key = self.keys.find(segment.generation)?;
            let lists = |clause: &Clause| {
                let lists = clause.iter().flat_map(untxt_page::search::Term::lookups);
                lists.map(|list| list.iter().map(|lookup| key.lookup(segment.segment, lookup)).collect()).collect()
            };
            Some(clauses.iter().map(lists).collect())
        };
        self.segments.iter().filter_map(in_segment).collect()
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

    /// Finds readings in which one clause at least is only met by a misread word, newest first, and says whether there may be
    /// more.
    async fn find_near(
        &self,
        conn: &mut PgConnection,
        filter: &Filter,
        exact: &[Candidate],
    ) -> Result<(Vec<Candidate>, bool), Error> {
        let (mut is_cut, mut all) = (false, HashMap::<Reading, Candidate>::new());
        let mut met: Vec<HashSet<Reading>> = Vec::with_capacity(self.query.clauses.len());
        for clause in 0..self.query.clauses.len() {
            let tokens = self.make(move |asking| asking.near_tokens(clause)).await;
            let found = match tokens.is_empty() {
                true => Vec::new(),
                false => search::find_near(conn, &tokens, filter, MAX_NEAR).await?,
            };
            is_cut |= found.len() >= MAX_NEAR as usize;
            met.push(found.iter().map(|candidate| candidate.reading).collect());
            all.extend(found.into_iter().map(|candidate| (candidate.reading, candidate)));
        }
        for candidate in exact {
            all.remove(&candidate.reading);
        }
        self.keep_met(conn, &mut all, &met).await?;
        let mut near: Vec<_> = all.into_values().collect();
        near.sort_unstable_by_key(|candidate| std::cmp::Reverse((candidate.segment, candidate.position)));
        Ok((near, is_cut))
    }

    /// Leaves those readings that meet every clause, with a misread word or without.
    async fn keep_met(
        &self,
        conn: &mut PgConnection,
        all: &mut HashMap<Reading, Candidate>,
        met: &[HashSet<Reading>],
    ) -> Result<(), Error> {
        if met.len() < 2 {
            return Ok(());
        }
        for (clause, met) in met.iter().enumerate() {
            let unmet: Vec<_> = all.keys().copied().filter(|reading| !met.contains(reading)).collect();
            if unmet.is_empty() {
                continue;
            }
            let wanted = self.make(move |asking| asking.wanted(&asking.query.clauses[clause..=clause])).await;
            let exact: HashSet<_> = search::matching(conn, &unmet, &wanted).await?.into_iter().collect();
            for (place, reading) in unmet.iter().enumerate() {
                if !exact.contains(&place) {
                    all.remove(reading);
                }
            }
        }
        Ok(())
    }
}
