use sqlx::PgConnection;
use untxt_core::{crypto::WrappedOwnerKey, domain::OwnerId};

use crate::{Result, row::count_column};

/// What was done with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyOperation {
    /// It was made.
    Created,
    /// It seals what is new from now on.
    Activated,
    /// It seals nothing new any more.
    Retired,
    /// The same, because somebody else may know it.
    Compromised,
    /// It was wrapped by another root key, or in another form.
    Rewrapped,
    /// Keys of documents were wrapped by it instead of an older one.
    DocumentsRewrapped,
    /// The key of folders and tags was wrapped by it instead of an older one.
    LabelsRewrapped,
    /// Tokens of search are made with a new index key from now on.
    IndexReplaced,
    /// No token of an older index key is left.
    IndexRebuilt,
    /// Tags are made with a new tag key from now on.
    TagsReplaced,
    /// Tags of documents that an older tag key made are gone.
    TagsForgotten,
    /// It is gone.
    Destroyed,
    /// It did not open.
    Refused,
    /// A root key was made.
    RootCreated,
    /// A root key is gone.
    RootDestroyed,
}

/// A line of the record of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyEvent<'a> {
    /// What was done.
    pub operation: KeyOperation,
    /// Whose key; `None`: a root key.
    pub owner: Option<OwnerId>,
    /// Version of the owner key.
    pub version: Option<u32>,
    /// The root key.
    pub kms_key_id: Option<&'a str>,
    /// How many keys of documents.
    pub count: Option<u64>,
}

impl KeyOperation {
    /// Gives the word that is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Activated => "activated",
            Self::Retired => "retired",
            Self::Compromised => "compromised",
            Self::Rewrapped => "rewrapped",
            Self::DocumentsRewrapped => "documents_rewrapped",
            Self::LabelsRewrapped => "labels_rewrapped",
            Self::IndexReplaced => "index_replaced",
            Self::IndexRebuilt => "index_rebuilt",
            Self::TagsReplaced => "tags_replaced",
            Self::TagsForgotten => "tags_forgotten",
            Self::Destroyed => "destroyed",
            Self::Refused => "refused",
            Self::RootCreated => "root_created",
            Self::RootDestroyed => "root_destroyed",
        }
    }
}

impl<'a> KeyEvent<'a> {
    /// Tells of something that was done with an owner key.
    #[must_use]
    pub fn of(key: &'a WrappedOwnerKey, operation: KeyOperation) -> Self {
        Self {
            operation,
            owner: Some(key.owner),
            version: Some(key.version),
            kms_key_id: Some(&key.kms_key_id),
            count: None,
        }
    }

    /// Tells of something that was done with a root key.
    #[must_use]
    pub const fn of_root(kms_key_id: &'a str, operation: KeyOperation) -> Self {
        Self { operation, owner: None, version: None, kms_key_id: Some(kms_key_id), count: None }
    }
}

/// Writes a line of the record, in the transaction of what it tells of.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn record(conn: &mut PgConnection, event: &KeyEvent<'_>) -> Result<()> {
    sqlx::query!(
        "insert into key_events (owner_id, operation, version, kms_key_id, count) values ($1, $2, $3, $4, $5)",
        event.owner.map(OwnerId::as_uuid),
        event.operation.as_str(),
        event.version.map(count_column),
        event.kms_key_id,
        event.count.map(|count| i64::try_from(count).unwrap_or(i64::MAX)),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes down that an owner key does not open, once a day: whoever keeps keys up meets it every minute.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn record_refusal(conn: &mut PgConnection, key: &WrappedOwnerKey) -> Result<()> {
    sqlx::query!(
        "insert into key_events (owner_id, operation, version, kms_key_id)
        select $1, $2, $3, $4
        where not exists (
            select
            from key_events
            where owner_id = $1 and operation = $2 and version = $3 and at > clock_timestamp() - interval '1 day'
        )",
        key.owner.as_uuid(),
        KeyOperation::Refused.as_str(),
        count_column(key.version),
        key.kms_key_id,
    )
    .execute(conn)
    .await?;
    Ok(())
}
