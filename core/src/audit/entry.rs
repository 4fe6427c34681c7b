use std::{fmt, net::IpAddr, str::FromStr};

use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{AuditAction, AuditObject};
use crate::domain::{OwnerId, SessionId, UnknownName, UserId, closed_list};

closed_list!(
    /// How something ended.
    AuditOutcome {
        /// It was done.
        Ok = "ok",
        /// Whoever asked may not, or what they asked for is not there or not possible.
        Refused = "refused",
        /// The fault is ours.
        Failed = "failed",
    }
);

/// What somebody showed to be let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// A login.
    Session(SessionId),
    /// A token for the API.
    Token(Uuid),
}

/// A word of the code that says more about a line, such as the format of a download or the code of a refusal. It can't be
/// anything that came from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditDetail(&'static str);

/// A login that somebody typed, as a keyed hash: two lines with the same one are about the same login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoginMark([u8; 16]);

/// A line of the record, before the database gives it a place and a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// What was done.
    pub action: AuditAction,
    /// How it ended.
    pub outcome: AuditOutcome,
    /// Who; `None`: nobody known, or the platform itself.
    pub actor: Option<UserId>,
    /// What they were let in with.
    pub via: Option<Credential>,
    /// Which public link or emergency access it is about, where nobody came by a link.
    pub grant: Option<Uuid>,
    /// Whose the object is.
    pub owner: Option<OwnerId>,
    /// What it was done to.
    pub object: Option<AuditObject>,
    /// From where.
    pub address: Option<IpAddr>,
    /// Which request.
    pub request_id: Option<Uuid>,
    /// Of how many things, where one line stands for several.
    pub count: Option<u64>,
    /// More about it.
    pub detail: Option<AuditDetail>,
    /// The login that was typed, where it is nobody's.
    pub login: Option<LoginMark>,
}

impl AuditEntry {
    /// Begins a line; the other fields are set where they are known.
    #[must_use]
    pub const fn new(action: AuditAction, outcome: AuditOutcome) -> Self {
        Self {
            action: action.with(outcome),
            outcome,
            actor: None,
            via: None,
            grant: None,
            owner: None,
            object: None,
            address: None,
            request_id: None,
            count: None,
            detail: None,
            login: None,
        }
    }
}

impl AuditDetail {
    /// Takes a word of the code: small letters, digits, `_`, `.` and `-`, at most 48. What is none is called `unnamed`, so that no
    /// line is lost for it.
    #[must_use]
    pub const fn new(word: &'static str) -> Self {
        if is_word(word.as_bytes()) { Self(word) } else { Self("unnamed") }
    }

    /// Gives the word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

const fn is_word(bytes: &[u8]) -> bool {
    if bytes.is_empty() || bytes.len() > 48 || matches!(bytes[0], b'_' | b'.' | b'-') {
        return false;
    }
    let mut index = 0;
    while index < bytes.len() {
        if !matches!(bytes[index], b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b'-') {
            return false;
        }
        index += 1;
    }
    true
}

impl LoginMark {
    /// Marks a login under a secret of this installation, which is not in the database.
    #[must_use]
    pub fn new(secret: &[u8], login: &str) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let mut context = hmac::Context::with_key(&key);
        context.update(b"untxt login mark 1\0");
        context.update(login.to_lowercase().as_bytes());
        let mut mark = [0; 16];
        mark.copy_from_slice(&context.sign().as_ref()[..16]);
        Self(mark)
    }

    /// Gives its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detail_is_a_word_or_nothing() {
        for good in ["json", "pdf", "wrong_credentials", "1.3", "txt"] {
            assert_eq!(AuditDetail::new(good).as_str(), good);
        }
        for bad in ["", "_", "Müller", "two words", "line\r\nbreak", "{\"a\":1}", "UPPER"] {
            assert_eq!(AuditDetail::new(bad).as_str(), "unnamed", "{bad}");
        }
    }

    #[test]
    fn a_login_mark_tells_logins_apart_and_needs_the_secret() {
        let mark = LoginMark::new(b"secret", "Anna");
        assert_eq!(mark, LoginMark::new(b"secret", "anna"));
        assert_ne!(mark, LoginMark::new(b"secret", "annb"));
        assert_ne!(mark, LoginMark::new(b"other", "anna"));
    }
}
