//! Files in the format of `age`, version 1 (c2sp.org/age), for X25519 recipients: what is sealed for a person who is not
//! this server. Whoever holds the identity opens them with the standard tool as well.
//!
//! It promises that nothing is given before it is verified and that a file that was cut off doesn't end quietly. It
//! refuses passphrases, plugins and the ASCII armour.

mod bech32;
mod header;
mod keys;
mod payload;

pub use keys::{Identity, Recipient};
pub use payload::{OpeningReader, SealingWriter};

/// Why something could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum AgeError {
    /// These bytes are no recipient or identity.
    #[error("{0}")]
    Key(&'static str),
    /// The file is sealed for others.
    #[error("none of these identities opens it")]
    NotForUs,
    /// The file is no age file, or it was changed or cut off.
    #[error("it is no age file, or it was changed or cut off")]
    Corrupt,
    /// The file can't be read or written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}
