//! What administrators do with the accounts of others. The database asks for itself whether the actor is one (migration 50):
//! for anybody else there is nobody to see and nobody to change.

use sqlx::PgConnection;
use time::OffsetDateTime;
use untxt_core::domain::{Role, UserId};

use crate::{Result, row::Row};

/// Somebody as administrators see them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Who.
    pub id: UserId,
    /// The name to log in with.
    pub login: String,
    /// What they are to the installation.
    pub role: Role,
    /// Since when.
    pub created_at: OffsetDateTime,
    /// Since when they can't log in.
    pub disabled_at: Option<OffsetDateTime>,
    /// Whether a login of theirs asks for a code.
    pub has_second_factor: bool,
}

/// Lists people by login.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list(conn: &mut PgConnection, max: u32) -> Result<Vec<Listed>> {
    let rows = sqlx::query!(
        r#"select
            id as "id!",
            login as "login!",
            role as "role!",
            created_at as "created_at!",
            disabled_at,
            has_second_factor as "has_second_factor!"
        from list_users($1)"#,
        i64::from(max),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let role = Row { table: "users", id: &row.id }.word("role", &row.role)?;
            let (id, login) = (row.id.into(), row.login);
            let (created_at, disabled_at) = (row.created_at, row.disabled_at);
            Ok(Listed { id, login, role, created_at, disabled_at, has_second_factor: row.has_second_factor })
        })
        .collect()
}

/// Ends every session and token of a person, and lets them in no more. `false`: there is nobody like that, or it is the actor.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn disable(conn: &mut PgConnection, person: UserId) -> Result<bool> {
    Ok(sqlx::query_scalar!(r#"select disable_user($1) as "done!""#, person.as_uuid()).fetch_one(conn).await?)
}

/// Lets a person in again. `false`: there is nobody like that.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn enable(conn: &mut PgConnection, person: UserId) -> Result<bool> {
    Ok(sqlx::query_scalar!(r#"select enable_user($1) as "done!""#, person.as_uuid()).fetch_one(conn).await?)
}

/// Gives a person another password, and ends their sessions. `false`: there is nobody like that.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn replace_password(conn: &mut PgConnection, person: UserId, hash: &str) -> Result<bool> {
    let done = sqlx::query_scalar!(r#"select replace_password($1, $2) as "done!""#, person.as_uuid(), hash);
    Ok(done.fetch_one(conn).await?)
}

/// Removes a person's second factor, and ends their sessions. `false`: there is nobody like that, or they have none.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn remove_second_factor(conn: &mut PgConnection, person: UserId) -> Result<bool> {
    let done = sqlx::query_scalar!(r#"select remove_second_factor($1) as "done!""#, person.as_uuid());
    Ok(done.fetch_one(conn).await?)
}
