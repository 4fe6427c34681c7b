use std::sync::Arc;

use time::OffsetDateTime;
use untxt_database::search::Filter;
use untxt_page::search::Query;

use super::{
    answer::{Answer, Hit, Total, terms},
    candidates::{Candidates, Place, find_candidates},
    cursor::Cursor,
    keys::Index,
    open::open,
    pace,
    scope::{Scope, Scopes},
};
use crate::{App, problem::ApiError, session::Actor};

/// Pages that are opened for one answer; what is left, the next answer goes on with. Each takes about a millisecond.
const MAX_OPENED: usize = 200;

/// How often the index is asked when it changes all the time: it does so once a key is replaced, or 131,072 pages are read.
const MAX_TRIES: u32 = 3;

/// Pages in memory at once: one may have tens of megabytes of words.
const PAGES_AT_ONCE: usize = 8;

/// When documents were accepted that are looked at.
#[derive(Clone, Copy)]
pub(super) struct Period {
    pub(super) from: Option<OffsetDateTime>,
    pub(super) to: Option<OffsetDateTime>,
}

impl Period {
    pub(super) fn has(&self, time: OffsetDateTime) -> bool {
        self.from.is_none_or(|from| from <= time) && self.to.is_none_or(|to| time < to)
    }
}

/// A query and how much of the answer is wanted.
pub(super) struct Asked<'a> {
    pub(super) query: &'a Arc<Query>,
    pub(super) filter: &'a Filter,
    pub(super) period: Period,
    pub(super) limit: usize,
    /// Kept by what works for it.
    pub(super) place: pace::Place,
}

/// What was found so far.
#[derive(Default)]
struct Heap {
    hits: Vec<Hit>,
    opened: usize,
    /// Pages that the index named, and nobody has opened.
    unopened: usize,
    is_incomplete: bool,
}

impl Asked<'_> {
    /// Asks one owner's index after the other, until enough is found.
    pub(super) async fn answer(
        &self,
        app: &App,
        actor: &Actor,
        mut scopes: Scopes,
        after: Option<Cursor>,
    ) -> Result<Answer, ApiError> {
        if let Some(owner) = after.and_then(|cursor| cursor.owner) {
            scopes.go_on_at(owner);
        }
        let mut heap = Heap { is_incomplete: !scopes.is_complete, ..Heap::default() };
        let mut next = None;
        for scope in &scopes.list {
            if self.is_enough(&heap) {
                next = Some(Cursor { owner: scope.other(), place: None });
                break;
            }
            let place = after.filter(|cursor| cursor.owner == scope.other()).and_then(|cursor| cursor.place);
            if let Some(place) = self.look_in(app, actor, scope, place, &mut heap).await? {
                next = Some(Cursor { owner: scope.other(), place: Some(place) });
                break;
            }
        }
        let is_exact = after.is_none() && next.is_none() && !heap.is_incomplete;
        Ok(Answer {
            terms: terms(self.query),
            total: Total { pages: heap.hits.len() + heap.unopened, is_exact },
            hits: heap.hits,
            is_complete: !heap.is_incomplete,
            next: next.map(|cursor| cursor.to_string()),
        })
    }

    fn is_enough(&self, heap: &Heap) -> bool {
        heap.hits.len() >= self.limit || heap.opened >= MAX_OPENED
    }

    /// Opens candidates of one owner, one handful after the other, until enough are found; says where to go on, if there may
    /// be more.
    async fn look_in(
        &self,
        app: &App,
        actor: &Actor,
        scope: &Scope,
        after: Option<Place>,
        heap: &mut Heap,
    ) -> Result<Option<Place>, ApiError> {
        let (candidates, is_complete) = self.ask_index(app, scope, after).await?;
        heap.is_incomplete |= !is_complete;
        let (mut opened, mut last) = (0, None);
        for some in candidates.found.chunks(PAGES_AT_ONCE) {
            if self.is_enough(heap) {
                break;
            }
            let readings: Vec<_> = some.iter().map(|(_, reading)| *reading).collect();
            let mut found = open(app, actor, self, scope, &readings).await?;
            for (place, reading) in some {
                if heap.hits.len() >= self.limit {
                    break;
                }
                heap.hits.extend(found.remove(reading));
                heap.opened += 1;
                opened += 1;
                last = Some(*place);
            }
        }
        heap.unopened += candidates.found.len() - opened;
        Ok(if opened < candidates.found.len() { last } else { candidates.next })
    }

    /// Asks the index of an owner, and asks again when it got another key or another segment meanwhile. Says whether it could
    /// name every page.
    async fn ask_index(&self, app: &App, scope: &Scope, after: Option<Place>) -> Result<(Candidates, bool), ApiError> {
        let (filter, mut tries) = (scope.confine(self.filter), 0);
        loop {
            let index = Index::load(app, scope).await?;
            let mut tx = scope.begin(&app.db).await?;
            let candidates = find_candidates(&mut tx, &index.keys, &index.segments, self.query, &filter, after).await?;
            let has_grown = index.has_grown(&mut tx, scope).await?;
            tx.commit().await?;
            tries += 1;
            if !has_grown || tries == MAX_TRIES {
                return Ok((candidates, index.is_complete && !has_grown));
            }
        }
    }
}
