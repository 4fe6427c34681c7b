use std::io::ErrorKind;

use untxt_core::tls::TlsError;

use crate::conf::ScramError;

/// The result of everything in this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why the database did not do what was asked, by what the caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database does not answer now; nothing or everything of the transaction happened. Try again later.
    #[error("the database does not answer")]
    Unavailable(#[source] sqlx::Error),
    /// The row is gone or never was, or it belongs to somebody else.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// Another row is in the way; the name of the broken constraint says which.
    #[error("the constraint {0} forbids this")]
    Conflict(String),
    /// The work belongs to somebody else by now, or has ended: stop, and write nothing of it.
    #[error("the lease is lost")]
    LeaseLost,
    /// A row that this version can't understand.
    #[error("{table}.{column} of {id} is not readable")]
    Corrupt {
        /// Where it is.
        table: &'static str,
        /// What can't be read.
        column: &'static str,
        /// Which row.
        id: String,
    },
    /// The data was written by a newer version.
    #[error("the data was written by a newer UNTXT (migration {found}, this one knows {known}); start the newer one")]
    NewerData {
        /// Newest migration in the database.
        found: i64,
        /// Newest migration of this executable.
        known: i64,
    },
    /// A migration failed or was changed after it had been applied.
    #[error("the database can't be migrated: {0}")]
    Migration(#[source] sqlx::migrate::MigrateError),
    /// The certificates can't be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A password of a role can't be used.
    #[error(transparent)]
    Password(#[from] ScramError),
    /// A mistake of ours or of the set-up; trying again won't help.
    #[error("the database refused: {0}")]
    Refused(#[source] sqlx::Error),
}

impl Error {
    /// Says whether the same call may succeed later, unchanged.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        if is_unavailable(&error) {
            return Self::Unavailable(error);
        }
        let constraint = error.as_database_error().and_then(|error| error.constraint());
        match constraint {
            Some(name) => Self::Conflict(name.to_owned()),
            None => Self::Refused(error),
        }
    }
}

/// Says whether waiting may help: nobody answers, or the server says that it can't now.
fn is_unavailable(error: &sqlx::Error) -> bool {
    match error {
        // A certificate that doesn't verify comes as invalid data: waiting won't make it valid.
        sqlx::Error::Io(error) => error.kind() != ErrorKind::InvalidData,
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed | sqlx::Error::BeginFailed => {
            true
        }
        // A connection that ends in its greeting reads as an answer of nothing.
        sqlx::Error::Protocol(_) => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| is_temporary_state(&code)),
        _ => false,
    }
}

/// Classes of SQLSTATE (appendix A of the Postgres manual): 08 connection, 40 rolled back because of others,
/// 53 out of resources, 57P0x shut down or starting; and 57014 / 55P03: a time limit was hit.
fn is_temporary_state(code: &str) -> bool {
    code.starts_with("08")
        || code.starts_with("40")
        || code.starts_with("53")
        || code.starts_with("57P0")
        || matches!(code, "57014" | "55P03")
}
