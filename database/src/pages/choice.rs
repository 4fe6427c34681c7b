//! Which of two results of a page is shown: a pure decision, made in the transaction that stores the newer one.

use sqlx::PgConnection;
use untxt_core::domain::{PageNumber, TaskId};
use uuid::Uuid;

use crate::{Result, row::page_column};

/// Below this mean confidence a page is worth a look.
const LOW_CONFIDENCE: f32 = 0.7;

/// Relative difference below which two results count as equal: far more than rounding, far less than a word.
const SAME: f32 = 1e-4;

/// Says whether a page is worth a look. 0.0 means that there are no words: a blank page is read as well as it can be.
pub(crate) fn is_low(mean_confidence: f32) -> bool {
    mean_confidence > 0.0 && mean_confidence < LOW_CONFIDENCE
}

/// How good a result is said to be by itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Merit {
    /// Mean confidence of the words, 0.0 to 1.0; 0.0 when there are none.
    pub(super) mean_confidence: f32,
    /// Sum of the confidences; results of before don't say it.
    pub(super) expected_words: Option<f32>,
}

/// What a page shows once it was read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// The newer result; the older one stays within reach.
    Newer,
    /// The older result, until a person chooses the newer one.
    Older,
    /// The older result; the newer one says the same.
    Either,
}

impl Choice {
    /// Compares how many words are expected to be right, less half of those that are expected to be wrong. No words
    /// never replace any.
    pub(super) fn between(older: Merit, newer: Merit) -> Self {
        let has_words = |merit: Merit| merit.mean_confidence > 0.0;
        let (older, newer) = match (older.worth(), newer.worth()) {
            _ if has_words(older) && !has_words(newer) => return Self::Older,
            (Some(older), Some(newer)) => (older, newer),
            _ => (older.mean_confidence, newer.mean_confidence),
        };
        if (newer - older).abs() <= SAME * older.abs().max(newer.abs()) {
            Self::Either
        } else if newer > older {
            Self::Newer
        } else {
            Self::Older
        }
    }
}

impl Merit {
    /// Right words less half of the wrong ones, as they are to be expected. The half was measured: without it more
    /// rubbish wins, with the whole a page that was read to its end loses against one that was not (decision 12).
    fn worth(self) -> Option<f32> {
        let right = self.expected_words?;
        let words = if self.mean_confidence > 0.0 { right / self.mean_confidence } else { 0.0 };
        Some(right - (words - right) / 2.0)
    }
}

/// What a page that is being read again has already.
pub(super) struct Older {
    task: Uuid,
    is_done: bool,
    merit: Merit,
    other: Option<Uuid>,
    is_undecided: bool,
}

/// What a page's row refers to.
#[derive(Debug, PartialEq)]
pub(super) struct References {
    /// The run whose result is shown; `None`: the row's own.
    pub(super) shown: Option<Uuid>,
    pub(super) other: Option<Uuid>,
    pub(super) is_undecided: bool,
    /// What is shown is worth a look.
    pub(super) is_low: bool,
}

impl References {
    /// Says what is shown once a result is there.
    pub(super) fn with_result(own: TaskId, newer: Merit, older: Option<&Older>) -> Self {
        let fresh = |other| Self { shown: None, other, is_undecided: false, is_low: is_low(newer.mean_confidence) };
        let Some(older) = older.filter(|older| older.is_done) else { return fresh(None) };
        match Choice::between(older.merit, newer) {
            Choice::Newer => fresh(Some(older.task)),
            Choice::Older => Self { other: Some(own.as_uuid()), is_undecided: true, ..older.stays() },
            Choice::Either => older.stays(),
        }
    }

    /// Says what is shown when there is no result; `None`: the page failed.
    pub(super) fn without_result(older: Option<&Older>) -> Option<Self> {
        older.filter(|older| older.is_done).map(Older::stays)
    }
}

impl Older {
    /// Loads it under the lock of the task.
    pub(super) async fn find(conn: &mut PgConnection, task: TaskId, page: PageNumber) -> Result<Option<Self>> {
        let row = sqlx::query!(
            r#"select
                s.task_id,
                s.state = 'done' as "is_done!",
                s.mean_confidence,
                s.expected_words,
                p.other_task_id,
                p.is_undecided
            from pages p
            join pages s on s.task_id = p.shown_task_id and s.page_number = p.page_number
            where p.task_id = $1 and p.page_number = $2"#,
            task.as_uuid(),
            page_column(page),
        )
        .fetch_optional(conn)
        .await?;
        Ok(row.map(|row| Self {
            task: row.task_id,
            is_done: row.is_done,
            merit: Merit {
                mean_confidence: row.mean_confidence.unwrap_or_default(),
                expected_words: row.expected_words,
            },
            other: row.other_task_id,
            is_undecided: row.is_undecided,
        }))
    }

    fn stays(&self) -> References {
        References {
            shown: Some(self.task),
            other: self.other,
            is_undecided: self.is_undecided,
            is_low: is_low(self.merit.mean_confidence),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merit(words: f32, mean_confidence: f32) -> Merit {
        Merit { mean_confidence, expected_words: Some(words * mean_confidence) }
    }

    #[test]
    fn more_right_words_win_but_not_more_rubbish() {
        assert_eq!(Choice::between(merit(100.0, 0.6), merit(100.0, 0.9)), Choice::Newer);
        assert_eq!(Choice::between(merit(20.0, 0.95), merit(100.0, 0.9)), Choice::Newer, "more of the page was read");
        assert_eq!(Choice::between(merit(100.0, 0.9), merit(20.0, 0.99)), Choice::Older, "surer, but of less");
        assert_eq!(Choice::between(merit(100.0, 0.9), merit(400.0, 0.3)), Choice::Older, "300 words of rubbish");
        assert_eq!(Choice::between(merit(100.0, 0.9), merit(100.0, 0.9)), Choice::Either);
    }

    #[test]
    fn no_words_never_replace_any() {
        assert_eq!(Choice::between(merit(100.0, 0.2), merit(0.0, 0.0)), Choice::Older);
        assert_eq!(Choice::between(merit(0.0, 0.0), merit(0.0, 0.0)), Choice::Either);
        assert_eq!(Choice::between(merit(0.0, 0.0), merit(50.0, 0.8)), Choice::Newer);
    }

    #[test]
    fn pages_of_before_are_compared_by_what_they_know() {
        let before = Merit { mean_confidence: 0.8, expected_words: None };
        assert_eq!(Choice::between(before, merit(10.0, 0.9)), Choice::Newer);
        assert_eq!(Choice::between(before, merit(10.0, 0.7)), Choice::Older);
        assert_eq!(Choice::between(before, merit(0.0, 0.0)), Choice::Older);
    }

    #[test]
    fn a_page_that_had_failed_shows_whatever_is_read_of_it() {
        let own = TaskId::generate();
        let failed = Older {
            task: Uuid::now_v7(),
            is_done: false,
            merit: Merit { mean_confidence: 0.0, expected_words: None },
            other: None,
            is_undecided: false,
        };
        let shown = References::with_result(own, merit(0.0, 0.0), Some(&failed));
        assert_eq!(shown, References { shown: None, other: None, is_undecided: false, is_low: false });
        assert_eq!(References::without_result(Some(&failed)), None);
        let read = Older { is_done: true, merit: merit(100.0, 0.6), ..failed };
        let kept = References::with_result(own, merit(10.0, 0.9), Some(&read));
        assert_eq!((kept.shown, kept.other), (Some(read.task), Some(own.as_uuid())));
        assert!(kept.is_undecided && kept.is_low);
    }
}
