//! What a search answers.

use serde::Serialize;
use time::OffsetDateTime;
use untxt_core::domain::{DocumentId, PageNumber, TaskId};
use untxt_page::{
    Bounds,
    search::{self, Query, TermKind},
};
use utoipa::ToSchema;

use crate::documents::Owner;

#[derive(Serialize, ToSchema)]
#[schema(as = Found)]
pub(super) struct Answer {
    pub(super) terms: Vec<Term>,
    pub(super) hits: Vec<Hit>,
    pub(super) total: Total,
    /// False: some pages are not in the index yet, and may have what was asked for.
    pub(super) is_complete: bool,
    /// Pass it as `after` to get the next ones; none at the end.
    pub(super) next: Option<String>,
}

/// How a part of the query was understood.
#[derive(Serialize, ToSchema)]
pub(super) struct Term {
    text: String,
    kind: &'static str,
    excluded: bool,
}

/// A page that has what was asked for.
#[derive(Serialize, ToSchema)]
pub(super) struct Hit {
    pub(super) document: Document,
    /// The run that read it.
    pub(super) task_id: TaskId,
    pub(super) page: PageNumber,
    /// When the document was accepted.
    #[serde(with = "time::serde::rfc3339")]
    pub(super) created_at: OffsetDateTime,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) dpi: u32,
    pub(super) snippets: Vec<Snippet>,
    /// Words that were meant, in pixels of the page image.
    pub(super) boxes: Vec<Rect>,
    pub(super) r#match: Match,
}

#[derive(Serialize, ToSchema)]
#[schema(as = FoundDocument)]
pub(super) struct Document {
    pub(super) id: DocumentId,
    pub(super) name: String,
    pub(super) owner: Owner,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Snippet {
    text: String,
    /// In UTF-16 units of the text; the ends are exclusive.
    marks: Vec<(usize, usize)>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Rect {
    x: u32,
    y: u32,
    width: u32,
    height: u32,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Match {
    Exact,
    /// Some word has a letter that differs.
    Near,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Total {
    pub(super) pages: usize,
    /// Every page that was counted has been opened, and none is missing in the index; otherwise there may be fewer, and beyond
    /// 1,000, or in pages that are not in the index, more.
    pub(super) is_exact: bool,
}

pub(super) fn terms(query: &Query) -> Vec<Term> {
    let term = |term: &search::Term, excluded| Term {
        text: term.text.clone(),
        kind: match term.kind {
            TermKind::Word => "word",
            TermKind::Prefix => "prefix",
            TermKind::Phrase => "phrase",
        },
        excluded,
    };
    let wanted = query.clauses.iter().flatten().map(|wanted| term(wanted, false));
    wanted.chain(query.excluded.iter().map(|excluded| term(excluded, true))).collect()
}

impl From<search::Snippet> for Snippet {
    fn from(snippet: search::Snippet) -> Self {
        Self { text: snippet.text, marks: snippet.marks }
    }
}

impl From<Bounds> for Rect {
    fn from([left, top, right, bottom]: Bounds) -> Self {
        Self { x: left, y: top, width: right.saturating_sub(left), height: bottom.saturating_sub(top) }
    }
}
