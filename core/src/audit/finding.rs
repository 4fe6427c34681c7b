use std::fmt;

use time::OffsetDateTime;

use super::HeadError;

/// Something that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// A line of the file is none that an export writes.
    Unreadable {
        /// Which, from 1.
        line: u64,
    },
    /// A batch is not what was signed.
    BatchForged {
        /// Which: the number that it gives itself, if it can be read.
        number: Option<u64>,
        /// The line of the file.
        line: u64,
        /// Why.
        reason: HeadError,
    },
    /// Batches are missing.
    BatchesMissing {
        /// The first of them.
        first: u64,
        /// The last of them.
        last: u64,
    },
    /// A batch stands where another one belongs.
    BatchOutOfOrder {
        /// Which.
        number: u64,
        /// The line of the file.
        line: u64,
    },
    /// A batch does not continue the one before it.
    ChainBroken {
        /// Which.
        number: u64,
    },
    /// The list of what a batch sealed is not the one that was signed.
    LeavesChanged {
        /// Which batch.
        number: u64,
        /// Its first row.
        first: u64,
        /// Its last row.
        last: u64,
    },
    /// The list of what a batch sealed is missing, and nothing says that it was old enough to go.
    LeavesMissing {
        /// Which batch.
        number: u64,
    },
    /// It was said that rows may go before they were old enough.
    ExpiredEarly {
        /// Which batch says so.
        number: u64,
        /// How many days they had to be kept.
        days: i64,
    },
    /// A row is not what was sealed.
    RowChanged {
        /// Which.
        number: u64,
        /// Where it stands.
        position: i64,
    },
    /// A row is gone.
    RowRemoved {
        /// Which.
        number: u64,
        /// Where it stood.
        position: i64,
    },
    /// A row was gone before it could be sealed.
    RowRemovedBeforeSeal {
        /// The number that it would have had.
        number: u64,
        /// Where it stood.
        position: i64,
    },
    /// A row is there twice, stands elsewhere than it belongs, or under a number of another one.
    RowOutOfOrder {
        /// Its number.
        number: u64,
        /// The line of the file.
        line: u64,
    },
    /// A row is dated before others that were sealed before it came.
    RowInserted {
        /// Its number, if it was sealed.
        number: Option<u64>,
        /// Where it stands.
        position: i64,
        /// The time that it claims.
        at: OffsetDateTime,
    },
    /// The file has no end, or says that there was more.
    CutOff,
    /// A head that was kept elsewhere is not in the record: it was cut off behind, or goes on otherwise than it did.
    HeadMissing {
        /// Number of that batch.
        number: u64,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { line } => write!(f, "line {line} of the file is none that an export writes"),
            Self::BatchForged { number: Some(number), reason, .. } => write!(f, "batch {number} is forged: {reason}"),
            Self::BatchForged { number: None, line, reason } => {
                write!(f, "the batch on line {line} is forged: {reason}")
            }
            Self::BatchesMissing { first, last } if first == last => write!(f, "batch {first} is missing"),
            Self::BatchesMissing { first, last } => write!(f, "batches {first} to {last} are missing"),
            Self::BatchOutOfOrder { number, line } => write!(f, "batch {number} is out of order, on line {line}"),
            Self::ChainBroken { number } => write!(f, "batch {number} does not continue the one before it"),
            Self::LeavesChanged { number, first, last } => {
                write!(f, "batch {number} (rows {first} to {last}) has another list of rows than was signed")
            }
            Self::LeavesMissing { number } => write!(f, "batch {number} has lost its rows, and they are not expired"),
            Self::ExpiredEarly { number, days } => {
                write!(f, "batch {number} lets rows go that had to be kept for {days} days only")
            }
            Self::RowChanged { number, position } => write!(f, "row {number} (position {position}) was changed"),
            Self::RowRemoved { number, position } => write!(f, "row {number} (position {position}) was removed"),
            Self::RowRemovedBeforeSeal { number, position } => {
                write!(f, "row {number} (position {position}) was removed before it was sealed")
            }
            Self::RowOutOfOrder { number, line } => write!(f, "row {number} is out of order, on line {line}"),
            Self::RowInserted { number: Some(number), position, at } => {
                write!(f, "row {number} (position {position}) was inserted later than {at}, which it claims")
            }
            Self::RowInserted { number: None, position, at } => {
                write!(
                    f,
                    "the row at position {position} is not sealed, and was inserted later than {at}, which it claims"
                )
            }
            Self::CutOff => f.write_str("the file was cut off: its end is missing"),
            Self::HeadMissing { number } => {
                write!(f, "batch {number} is not the one that was seen elsewhere: the record was cut off, or made anew")
            }
        }
    }
}
