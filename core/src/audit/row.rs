use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, serde::rfc3339};
use uuid::Uuid;

/// A line of the record as it is stored. Words are kept as they are, whether this version knows them or not: a line that
/// somebody changed has to be read to be named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditRow {
    /// Its place among all that were sealed: 1, 2, 3, … without gaps; `None`: it is not sealed yet.
    pub number: Option<u64>,
    /// The order in which lines were begun, with gaps.
    pub position: i64,
    /// When it was written, to the microsecond.
    #[serde(with = "rfc3339")]
    pub at: OffsetDateTime,
    /// An [`super::AuditAction`].
    pub action: String,
    /// An [`super::AuditOutcome`].
    pub outcome: String,
    /// Who.
    pub actor: Option<Uuid>,
    /// By which login.
    pub session: Option<Uuid>,
    /// By which token for the API.
    pub token: Option<Uuid>,
    /// Whose the object is.
    pub owner: Option<Uuid>,
    /// An [`super::AuditObjectKind`].
    pub object_kind: Option<String>,
    /// Which of that kind.
    pub object: Option<Uuid>,
    /// Which page.
    pub page: Option<i32>,
    /// From where.
    pub address: Option<String>,
    /// Which request.
    pub request: Option<Uuid>,
    /// Of how many things.
    pub count: Option<i64>,
    /// An [`super::AuditDetail`].
    pub detail: Option<String>,
    /// A [`super::LoginMark`], in hexadecimal.
    pub login_mark: Option<String>,
}

/// The hash of a line that was gone before anybody could seal it.
pub(super) const GONE: [u8; 32] = [0; 32];

impl AuditRow {
    /// Hashes the line as the one with that number. What is hashed can be read back in one way only: each field says first
    /// whether it is there, and texts how long they are.
    #[must_use]
    pub fn hash(&self, number: u64) -> [u8; 32] {
        let mut fields = Fields(Context::new(&SHA256));
        fields.0.update(b"untxt audit row 1\0");
        fields.0.update(&number.to_be_bytes());
        fields.0.update(&self.position.to_be_bytes());
        // Postgres knows no less than a microsecond.
        let microseconds = self.at.unix_timestamp_nanos().div_euclid(1000);
        fields.0.update(&microseconds.to_be_bytes());
        fields.text(Some(&self.action));
        fields.text(Some(&self.outcome));
        for id in [self.actor, self.session, self.token, self.owner] {
            fields.bytes(id.as_ref().map(|id| id.as_bytes().as_slice()));
        }
        fields.text(self.object_kind.as_deref());
        fields.bytes(self.object.as_ref().map(|id| id.as_bytes().as_slice()));
        fields.bytes(self.page.map(i32::to_be_bytes).as_ref().map(<[u8; 4]>::as_slice));
        fields.text(self.address.as_deref());
        fields.bytes(self.request.as_ref().map(|id| id.as_bytes().as_slice()));
        fields.bytes(self.count.map(i64::to_be_bytes).as_ref().map(<[u8; 8]>::as_slice));
        fields.text(self.detail.as_deref());
        fields.text(self.login_mark.as_deref());
        let mut hash = [0; 32];
        hash.copy_from_slice(fields.0.finish().as_ref());
        hash
    }
}

struct Fields(Context);

impl Fields {
    fn text(&mut self, text: Option<&str>) {
        self.bytes(text.map(str::as_bytes));
    }

    fn bytes(&mut self, bytes: Option<&[u8]>) {
        let Some(bytes) = bytes else { return self.0.update(&[0]) };
        self.0.update(&[1]);
        self.0.update(&(bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn a_row(position: i64) -> AuditRow {
        AuditRow {
            number: None,
            position,
            at: OffsetDateTime::from_unix_timestamp(1_795_341_600 + position).expect("a time"),
            action: "page_read".to_owned(),
            outcome: "ok".to_owned(),
            actor: Some(Uuid::from_u128(1)),
            session: None,
            token: None,
            owner: Some(Uuid::from_u128(2)),
            object_kind: Some("document".to_owned()),
            object: Some(Uuid::from_u128(3)),
            page: Some(7),
            address: Some("192.0.2.7".to_owned()),
            request: None,
            count: None,
            detail: None,
            login_mark: None,
        }
    }

    #[test]
    fn every_field_counts_and_none_runs_into_the_next() {
        let row = a_row(1);
        let other = |change: &dyn Fn(&mut AuditRow)| {
            let mut row = a_row(1);
            change(&mut row);
            row.hash(1)
        };
        let hashes = [
            row.hash(1),
            row.hash(2),
            other(&|row| row.position = 2),
            other(&|row| row.at += time::Duration::microseconds(1)),
            other(&|row| row.action = "page_rea".to_owned()),
            other(&|row| (row.action, row.outcome) = ("page_reado".to_owned(), "k".to_owned())),
            other(&|row| row.outcome = "refused".to_owned()),
            other(&|row| row.actor = None),
            other(&|row| (row.actor, row.session) = (None, row.actor)),
            other(&|row| (row.session, row.token) = (None, row.actor)),
            other(&|row| row.owner = None),
            other(&|row| row.object_kind = None),
            other(&|row| row.object = None),
            other(&|row| row.page = None),
            other(&|row| row.page = Some(8)),
            other(&|row| row.address = None),
            other(&|row| row.request = Some(Uuid::nil())),
            other(&|row| row.count = Some(0)),
            other(&|row| row.detail = Some(String::new())),
            other(&|row| row.login_mark = Some(String::new())),
        ];
        let different: std::collections::HashSet<_> = hashes.iter().collect();
        assert_eq!(different.len(), hashes.len());
    }
}
