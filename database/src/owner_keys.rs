//! Owner keys, wrapped by the root key.

use sqlx::PgConnection;
use untxt_core::{crypto::WrappedOwnerKey, domain::OwnerId};

use crate::Result;

/// Finds the newest key of the actor.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find_current(_conn: &mut PgConnection, _owner: OwnerId) -> Result<Option<WrappedOwnerKey>> {
    unimplemented!()
}

/// Finds one version of the actor's key.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find(_conn: &mut PgConnection, _owner: OwnerId, _version: u32) -> Result<Option<WrappedOwnerKey>> {
    unimplemented!()
}

/// Stores a key of the actor, unless that version is there already, and gives the stored one: of two processes that
/// make the first key at once, both get the same.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn insert_or_load(_conn: &mut PgConnection, _key: &WrappedOwnerKey) -> Result<WrappedOwnerKey> {
    unimplemented!()
}
