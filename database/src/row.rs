//! Turns columns into domain values; a bad one names its table, column and row.

use std::{fmt::Display, str::FromStr, time::Duration};

use untxt_core::domain::{PageNumber, ReadingSettings};

use crate::{Error, Result};

/// One row of one table, to say where a bad value stands.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    /// Its table.
    pub(crate) table: &'static str,
    /// Its key.
    pub(crate) id: &'a (dyn Display + Sync),
}

impl Row<'_> {
    /// Reads a word of a closed list.
    pub(crate) fn word<T: FromStr>(self, column: &'static str, text: &str) -> Result<T> {
        text.parse().map_err(|_| self.corrupt(column))
    }

    /// Reads a word of a closed list that may be missing.
    pub(crate) fn word_if_any<T: FromStr>(self, column: &'static str, text: Option<&str>) -> Result<Option<T>> {
        text.map(|text| self.word(column, text)).transpose()
    }

    /// Reads a number that Postgres stores with a sign.
    pub(crate) fn number<S, T: TryFrom<S>>(self, column: &'static str, number: S) -> Result<T> {
        number.try_into().map_err(|_| self.corrupt(column))
    }

    /// Reads a number that may be missing.
    pub(crate) fn number_if_any<S, T: TryFrom<S>>(self, column: &'static str, number: Option<S>) -> Result<Option<T>> {
        number.map(|number| self.number(column, number)).transpose()
    }

    /// Reads how a document is to be read.
    pub(crate) fn settings(self, languages: String, preset: &str, text_mode: &str) -> Result<ReadingSettings> {
        let (preset, text_mode) = (self.word("preset", preset)?, self.word("text_mode", text_mode)?);
        Ok(ReadingSettings { languages, preset, text_mode })
    }

    /// Reads a page number.
    pub(crate) fn page(self, column: &'static str, number: i32) -> Result<PageNumber> {
        PageNumber::new(self.number(column, number)?).ok_or_else(|| self.corrupt(column))
    }

    /// Says that a value can't be understood.
    pub(crate) fn corrupt(self, column: &'static str) -> Error {
        Error::Corrupt { table: self.table, column, id: self.id.to_string() }
    }
}

/// Gives a page number as Postgres stores it; what is too large for it is found in no row.
pub(crate) fn page_column(page: PageNumber) -> i32 {
    page.get().try_into().unwrap_or(i32::MAX)
}

/// Gives a count as Postgres stores it; a larger one means "as many as there can be".
pub(crate) fn count_column(count: u32) -> i32 {
    count.try_into().unwrap_or(i32::MAX)
}

/// Reads seconds from now as a duration, `None` when they are over.
pub(crate) fn seconds_left(seconds: Option<f64>) -> Option<Duration> {
    seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).filter(|left| !left.is_zero())
}
