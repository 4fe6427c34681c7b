//! Links to a new password for whoever forgot theirs. Only a hash of what the link carries is stored; each person has one at
//! most, it is good once and for 15 minutes. All of it before there is an actor: `db.begin_system()`.

use sqlx::PgConnection;
use untxt_core::domain::UserId;

use crate::Result;

/// Somebody who may be meant by what was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forgetful {
    /// Who.
    pub id: UserId,
    /// Whether they are let in no more.
    pub is_disabled: bool,
    /// Whether there is an address to write to.
    pub has_mail: bool,
}

/// Where a link goes.
#[derive(Clone, PartialEq, Eq)]
pub struct Addressee {
    /// Who.
    pub id: UserId,
    /// The name to log in with.
    pub login: String,
    /// Their address; whoever used a link may have lost it meanwhile.
    pub mail: Option<String>,
}

impl std::fmt::Debug for Addressee {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Addressee").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Finds the person with this login and those with this address, at most five.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find(conn: &mut PgConnection, name: &str) -> Result<Vec<Forgetful>> {
    let rows = sqlx::query!(
        r#"select id as "id!", is_disabled as "is_disabled!", has_mail as "has_mail!" from find_forgetful($1)"#,
        name,
    )
    .fetch_all(conn)
    .await?;
    let found = rows.into_iter().map(|row| Forgetful {
        id: row.id.into(),
        is_disabled: row.is_disabled,
        has_mail: row.has_mail,
    });
    Ok(found.collect())
}

/// Stores the hash of a token, in the place of an earlier one, and gives where to send it. `None`: this person has no address,
/// or is disabled.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn begin(conn: &mut PgConnection, user: UserId, hash: &[u8; 32]) -> Result<Option<Addressee>> {
    let row = sqlx::query!(
        r#"select login as "login!", mail as "mail!" from begin_password_reset($1, $2)"#,
        user.as_uuid(),
        hash,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Addressee { id: user, login: row.login, mail: Some(row.mail) }))
}

/// Uses a token up, and gives whose it is. `None`: it is not good.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn take(conn: &mut PgConnection, hash: &[u8; 32]) -> Result<Option<Addressee>> {
    let row = sqlx::query!(r#"select id as "id!", login as "login!", mail from take_password_reset($1)"#, hash)
        .fetch_optional(conn)
        .await?;
    Ok(row.map(|row| Addressee { id: row.id.into(), login: row.login, mail: row.mail }))
}
