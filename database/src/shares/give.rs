use sqlx::PgConnection;
use time::OffsetDateTime;
use untxt_core::domain::{Right, ShareId, UserId};

use super::{Grantee, Object, rank};
use crate::{Error, Result};

/// A share that is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewShare {
    /// Made by the caller.
    pub id: ShareId,
    /// What is shared.
    pub object: Object,
    /// With whom.
    pub grantee: Grantee,
    /// What they may do.
    pub right: Right,
    /// The actor.
    pub granted_by: UserId,
    /// When it ends.
    pub ends_at: Option<OffsetDateTime>,
    /// Until when it is as if it were not there.
    pub paused_until: Option<OffsetDateTime>,
}

/// Shares a document or folder; a share with the same person or team gives way. By whom it is shared who doesn't own it, it
/// ends when that one's own share does, at the latest.
///
/// # Errors
/// [`Error::Conflict`] with [`super::RIGHT`] when the actor may not share it (any more); [`Error::NotFound`] when there is no
/// such document or folder; [`Error::Conflict`] when the person or team is gone.
pub async fn give(conn: &mut PgConnection, new: &NewShare) -> Result<()> {
    let (document, folder) = new.object.columns();
    let (user, team) = new.grantee.columns();
    // Of two who share it with the same one at once, the second waits for the first, and takes its place.
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended($1::uuid::text, 0))", document.or(folder))
        .execute(&mut *conn)
        .await?;
    sqlx::query!(
        "delete from shares
        where (document_id = $1 or folder_id = $2) and (user_id = $3 or team_id = $4)",
        document,
        folder,
        user,
        team,
    )
    .execute(&mut *conn)
    .await?;
    let given = sqlx::query!(
        "insert into shares
            (id, owner_id, document_id, folder_id, user_id, team_id, rank, granted_by, ends_at, paused_until)
        select $1, object.owner_id, $2, $3, $4, $5, $6, $7, $8, $9
        from (
            select owner_id from documents where id = $2
            union all
            select owner_id from folders where id = $3
            union all
            -- One folder that is shared with the actor.
            select owner_id from list_shared_folders() where id = $3
        ) as object
        limit 1",
        new.id.as_uuid(),
        document,
        folder,
        user,
        team,
        rank(new.right),
        new.granted_by.as_uuid(),
        new.ends_at,
        new.paused_until,
    )
    .execute(conn)
    .await?
    .rows_affected();
    if given == 1 { Ok(()) } else { Err(Error::NotFound("shared object")) }
}

/// Takes a share of this document or folder back, and with it what was passed on because of it; `false`: there is none that
/// the actor may take back.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn take_back(conn: &mut PgConnection, object: Object, id: ShareId) -> Result<bool> {
    let (document, folder) = object.columns();
    let taken = sqlx::query!(
        "delete from shares where id = $1 and (document_id = $2 or folder_id = $3)",
        id.as_uuid(),
        document,
        folder,
    )
    .execute(conn)
    .await?
    .rows_affected();
    Ok(taken == 1)
}
