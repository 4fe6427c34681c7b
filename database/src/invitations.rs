//! Invitations: an administrator names a login and a role, and whoever has the link becomes that person. Only a hash of the link
//! is stored; it is good once and for a week.

use sqlx::PgConnection;
use time::OffsetDateTime;
use untxt_core::domain::{Role, UserId};
use uuid::Uuid;

use crate::{Error, Result, row::Row};

/// An invitation as administrators see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Which.
    pub id: Uuid,
    /// The login that the new person will have.
    pub login: String,
    /// What the new person will be.
    pub role: Role,
    /// The address that they will have, if one is known.
    pub mail: Option<String>,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// Until when it is good.
    pub expires_at: OffsetDateTime,
}

/// Stores an invitation by the actor, who must be an administrator, in the place of an earlier one for that login.
///
/// # Errors
/// [`crate::Error::Conflict`] with `users_login_key` when somebody has that login; [`crate::Error::Refused`] when the actor
/// is no administrator.
pub async fn create(
    conn: &mut PgConnection,
    by: UserId,
    login: &str,
    role: Role,
    secret_hash: &[u8; 32],
) -> Result<Invitation> {
    if crate::users::find_by_login(conn, login).await?.is_some() {
        return Err(Error::Conflict("users_login_key".to_owned()));
    }
    sqlx::query!("delete from invitations where login = lower($1)", login).execute(&mut *conn).await?;
    let row = sqlx::query_as!(
        InvitationRow,
        "insert into invitations (id, login, role, secret_hash, user_id)
        values ($1, lower($2), $3, $4, $5)
        returning id, login, role, mail, created_at, expires_at",
        Uuid::now_v7(),
        login,
        role.as_str(),
        secret_hash,
        by.as_uuid(),
    )
    .fetch_one(conn)
    .await?;
    row.try_into()
}

/// Notes the address of whoever is invited, for an actor who is an administrator. It is stored in lower case.
///
/// # Errors
/// [`crate::Error::NotFound`] when there is no such invitation, or the actor is no administrator.
pub async fn set_mail(conn: &mut PgConnection, id: Uuid, mail: &str) -> Result<()> {
    let changed = sqlx::query!("update invitations set mail = lower($2) where id = $1", id, mail);
    if changed.execute(conn).await?.rows_affected() == 1 { Ok(()) } else { Err(Error::NotFound("invitation")) }
}

/// Lists invitations that nobody has used, newest first, for an actor who is an administrator.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list(conn: &mut PgConnection) -> Result<Vec<Invitation>> {
    sqlx::query_as!(
        InvitationRow,
        "select id, login, role, mail, created_at, expires_at from invitations order by id desc limit 1000"
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(TryInto::try_into)
    .collect()
}

/// Takes an invitation back; `false`: there is none, or the actor is no administrator.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn revoke(conn: &mut PgConnection, id: Uuid) -> Result<bool> {
    Ok(sqlx::query!("delete from invitations where id = $1", id).execute(conn).await?.rows_affected() == 1)
}

/// Whom an invitation is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invited {
    /// The login that the new person has.
    pub login: String,
    /// What the new person is.
    pub role: Role,
    /// Their address.
    pub mail: Option<String>,
}

/// Uses an invitation up, whatever the actor, and gives whom it is for. `None`: it is not good.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn take(conn: &mut PgConnection, secret_hash: &[u8; 32]) -> Result<Option<Invited>> {
    let row = sqlx::query!(
        r#"select invitation_id as "id!", login as "login!", role as "role!", mail from take_invitation($1)"#,
        secret_hash,
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let role = Row { table: "invitations", id: &row.id }.word("role", &row.role)?;
    Ok(Some(Invited { login: row.login, role, mail: row.mail }))
}

struct InvitationRow {
    id: Uuid,
    login: String,
    role: String,
    mail: Option<String>,
    created_at: OffsetDateTime,
    expires_at: OffsetDateTime,
}

impl TryFrom<InvitationRow> for Invitation {
    type Error = Error;

    fn try_from(row: InvitationRow) -> Result<Self> {
        let role = Row { table: "invitations", id: &row.id }.word("role", &row.role)?;
        let InvitationRow { id, login, mail, created_at, expires_at, .. } = row;
        Ok(Self { id, login, role, mail, created_at, expires_at })
    }
}
