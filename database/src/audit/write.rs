use sqlx::PgConnection;
use untxt_core::{
    audit::{AuditDetail, AuditEntry, Credential},
    domain::{OwnerId, UserId},
};

use crate::{Result, row::page_column};

/// Adds a line to the record: it is there when the transaction is committed. Any role of ours may.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn record(conn: &mut PgConnection, entry: &AuditEntry) -> Result<()> {
    let (session, token) = match (entry.via, entry.grant) {
        (Some(Credential::Token(token)), _) => (None, Some(token)),
        // A line has one of them. Whose session it was, the actor says; which link or emergency access, nothing else.
        (_, Some(grant)) => (None, Some(grant)),
        (Some(Credential::Session(session)), None) => (Some(session.as_uuid()), None),
        (None, None) => (None, None),
    };
    let object = entry.object.as_ref();
    sqlx::query!(
        "insert into audit_events (
            action, outcome, actor, session_id, token_id, owner_id, object_kind, object_id, page_number, address, request_id,
            count, detail, login_mark
        ) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::text::inet, $11, $12, $13, $14)",
        entry.action.as_str(),
        entry.outcome.as_str(),
        entry.actor.map(UserId::as_uuid),
        session,
        token,
        entry.owner.map(OwnerId::as_uuid),
        object.map(|object| object.kind.as_str()),
        object.and_then(|object| object.id),
        object.and_then(|object| object.page).map(page_column),
        entry.address.map(|address| address.to_canonical().to_string()),
        entry.request_id,
        entry.count.map(|count| i64::try_from(count).unwrap_or(i64::MAX)),
        entry.detail.map(AuditDetail::as_str),
        entry.login.as_ref().map(|mark| mark.as_bytes().as_slice()),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Says whether there is a record: tables of an earlier version have none.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn is_there(conn: &mut PgConnection) -> Result<bool> {
    Ok(sqlx::query_scalar!(r#"select to_regclass('public.audit_events') is not null as "is_there!""#)
        .fetch_one(conn)
        .await?)
}
