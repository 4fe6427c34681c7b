//! The second proof of who somebody is: the sealed secret of an app that makes codes, and recovery codes, stored as hashes.

use sqlx::PgConnection;
use time::OffsetDateTime;
use untxt_core::domain::UserId;

use crate::{Result, row::Row};

/// The second factor of a person.
#[derive(Clone, PartialEq, Eq)]
pub struct SecondFactor {
    /// The secret, sealed with the label key of its person.
    pub secret_sealed: Vec<u8>,
    /// Since when it is asked for; `None`: it was begun only.
    pub confirmed_at: Option<OffsetDateTime>,
    /// The newest step whose code was taken.
    pub last_step: u64,
    /// Recovery codes that are left.
    pub recovery_codes: u32,
}

impl std::fmt::Debug for SecondFactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecondFactor").field("confirmed_at", &self.confirmed_at).finish_non_exhaustive()
    }
}

/// Finds the actor's second factor, confirmed or not.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find(conn: &mut PgConnection, user: UserId) -> Result<Option<SecondFactor>> {
    let row = sqlx::query!(
        r#"select
            secret_sealed,
            confirmed_at,
            last_step,
            (select count(*) from recovery_codes r where r.user_id = f.user_id) as "recovery_codes!"
        from second_factors f
        where user_id = $1"#,
        user.as_uuid(),
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let at = Row { table: "second_factors", id: &user };
    Ok(Some(SecondFactor {
        secret_sealed: row.secret_sealed,
        confirmed_at: row.confirmed_at,
        last_step: at.number("last_step", row.last_step)?,
        recovery_codes: at.number("user_id", row.recovery_codes)?,
    }))
}

/// Says whether the actor has a second factor that is asked for.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn is_confirmed(conn: &mut PgConnection, user: UserId) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (
            select from second_factors where user_id = $1 and confirmed_at is not null
        ) as "is_confirmed!""#,
        user.as_uuid(),
    )
    .fetch_one(conn)
    .await?)
}

/// Stores a new secret of the actor, to be confirmed. `false`: there is a confirmed one, which stays.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn begin(conn: &mut PgConnection, user: UserId, secret_sealed: &[u8]) -> Result<bool> {
    let changed = sqlx::query!(
        "insert into second_factors as f (user_id, secret_sealed)
        values ($1, $2)
        on conflict (user_id) do update
        set secret_sealed = excluded.secret_sealed, created_at = clock_timestamp(), last_step = 0
        where f.confirmed_at is null",
        user.as_uuid(),
        secret_sealed,
    );
    Ok(changed.execute(conn).await?.rows_affected() == 1)
}

/// Takes the code of a step, once: `false` when a code of that step or a later one was taken before. `confirms` says that it is
/// the first one, from which on codes are asked for.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn take_step(conn: &mut PgConnection, user: UserId, step: u64, confirms: bool) -> Result<bool> {
    let changed = sqlx::query!(
        "update second_factors
        set last_step = $2, confirmed_at = coalesce(confirmed_at, clock_timestamp())
        where user_id = $1 and last_step < $2 and (confirmed_at is null) = $3",
        user.as_uuid(),
        i64::try_from(step).unwrap_or(i64::MAX),
        confirms,
    );
    Ok(changed.execute(conn).await?.rows_affected() == 1)
}

/// Replaces the actor's recovery codes.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn replace_recovery_codes(conn: &mut PgConnection, user: UserId, hashes: &[Vec<u8>]) -> Result<()> {
    sqlx::query!("delete from recovery_codes where user_id = $1", user.as_uuid()).execute(&mut *conn).await?;
    sqlx::query!(
        "insert into recovery_codes (user_id, code_hash) select $1, unnest($2::bytea[])",
        user.as_uuid(),
        hashes,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Uses a recovery code of the actor up. `false`: there is no such code.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn take_recovery_code(conn: &mut PgConnection, user: UserId, hash: &[u8; 32]) -> Result<bool> {
    let taken = sqlx::query!(
        "delete from recovery_codes
        using second_factors f
        where
            recovery_codes.user_id = $1
            and recovery_codes.code_hash = $2
            and f.user_id = $1
            and f.confirmed_at is not null",
        user.as_uuid(),
        hash,
    );
    Ok(taken.execute(conn).await?.rows_affected() == 1)
}

/// Removes the actor's second factor, and its recovery codes. `false`: there is none.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn remove(conn: &mut PgConnection, user: UserId) -> Result<bool> {
    let gone = sqlx::query!("delete from second_factors where user_id = $1", user.as_uuid());
    Ok(gone.execute(conn).await?.rows_affected() == 1)
}
