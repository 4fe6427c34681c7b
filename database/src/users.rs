//! People who can log in. A person sees only itself.

use std::time::Duration;

use sqlx::PgConnection;
use time::OffsetDateTime;
use untxt_core::domain::{Role, UserId};
use uuid::Uuid;

use crate::{
    Error, Result,
    row::{Row, seconds_left},
};

/// A person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Who.
    pub id: UserId,
    /// The name to log in with, in lower case.
    pub login: String,
    /// What this person is to the installation.
    pub role: Role,
    /// Since when.
    pub created_at: OffsetDateTime,
}

/// What a login is checked against.
#[derive(Clone)]
pub struct Credentials {
    /// Whose.
    pub user: User,
    /// The password's hash in PHC format.
    pub password_hash: String,
    /// How long this login is still locked after failed attempts.
    pub locked_for: Option<Duration>,
    /// Whether this person is let in no more.
    pub is_disabled: bool,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user.id).finish_non_exhaustive()
    }
}

/// Adds a person. The actor must be the new id itself: `db.begin_as(id)`. The login is stored in lower case.
///
/// # Errors
/// [`crate::Error::Conflict`] with `users_login_key` when the login is taken.
pub async fn create(conn: &mut PgConnection, id: UserId, login: &str, password_hash: &str, role: Role) -> Result<User> {
    let id = id.as_uuid();
    let row = sqlx::query_as!(
        UserRow,
        "insert into users (id, login, password_hash, role)
        values ($1, lower($2), $3, $4)
        returning id, login, role, created_at",
        id,
        login,
        password_hash,
        role.as_str(),
    )
    .fetch_one(conn)
    .await?;
    row.try_into()
}

/// Finds who logs in, whatever the actor: the one question that is asked before there is one.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find_by_login(conn: &mut PgConnection, login: &str) -> Result<Option<Credentials>> {
    let row = sqlx::query!(
        r#"select
            id as "id!",
            login as "login!",
            password_hash as "password_hash!",
            role as "role!",
            created_at as "created_at!",
            locked_seconds,
            is_disabled as "is_disabled!"
        from find_credentials($1)"#,
        login,
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let user = UserRow { id: row.id, login: row.login, role: row.role, created_at: row.created_at }.try_into()?;
    Ok(Some(Credentials {
        user,
        password_hash: row.password_hash,
        locked_for: seconds_left(row.locked_seconds),
        is_disabled: row.is_disabled,
    }))
}

/// Finds the actor with what a password is checked against.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find_own(conn: &mut PgConnection, id: UserId) -> Result<Option<Credentials>> {
    match find(conn, id).await? {
        Some(user) => find_by_login(conn, &user.login).await,
        None => Ok(None),
    }
}

/// Replaces the actor's password, unless somebody else has done so meanwhile: then `false`.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn change_password(conn: &mut PgConnection, id: UserId, old_hash: &str, new_hash: &str) -> Result<bool> {
    let changed = sqlx::query!(
        "update users
        set password_hash = $3, failed_logins = 0, locked_until = null
        where id = $1 and password_hash = $2",
        id.as_uuid(),
        old_hash,
        new_hash,
    );
    Ok(changed.execute(conn).await?.rows_affected() == 1)
}

/// Replaces the password of the actor, who showed a link instead of the old one. Wrong passwords are forgotten, but not where
/// codes are asked for: wrong codes are counted together with them, and whoever reads somebody's mail must not get more tries.
///
/// # Errors
/// [`crate::Error::NotFound`] when the actor is another.
pub async fn reset_password(conn: &mut PgConnection, id: UserId, hash: &str) -> Result<()> {
    let changed = sqlx::query!(
        "update users
        set
            password_hash = $2,
            failed_logins = case when f.is_confirmed then failed_logins else 0 end,
            locked_until = case when f.is_confirmed then locked_until end
        from (
            select exists (
                select from second_factors where user_id = $1 and confirmed_at is not null
            ) as is_confirmed
        ) f
        where id = $1",
        id.as_uuid(),
        hash,
    );
    if changed.execute(conn).await?.rows_affected() == 1 { Ok(()) } else { Err(Error::NotFound("user")) }
}

/// Gives the address of the actor, in lower case; `None`: there is none.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find_mail(conn: &mut PgConnection, id: UserId) -> Result<Option<String>> {
    let row = sqlx::query_scalar!("select mail from users where id = $1", id.as_uuid());
    Ok(row.fetch_optional(conn).await?.flatten())
}

/// Sets or removes the address of the actor. A link that was sent before is void. The address is stored in lower case.
///
/// # Errors
/// [`crate::Error::NotFound`] when the actor is another.
pub async fn set_mail(conn: &mut PgConnection, id: UserId, mail: Option<&str>) -> Result<()> {
    let changed = sqlx::query!("update users set mail = lower($2) where id = $1", id.as_uuid(), mail);
    if changed.execute(conn).await?.rows_affected() == 1 { Ok(()) } else { Err(Error::NotFound("user")) }
}

/// Says whether there is any person at all, whatever the actor.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn is_any(conn: &mut PgConnection) -> Result<bool> {
    Ok(sqlx::query_scalar!(r#"select is_any_user() as "is_any!""#).fetch_one(conn).await?)
}

/// Finds the actor.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find(conn: &mut PgConnection, id: UserId) -> Result<Option<User>> {
    sqlx::query_as!(UserRow, "select id, login, role, created_at from users where id = $1", id.as_uuid())
        .fetch_optional(conn)
        .await?
        .map(TryInto::try_into)
        .transpose()
}

/// Says whether the actor is an administrator.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn is_admin(conn: &mut PgConnection) -> Result<bool> {
    Ok(sqlx::query_scalar!(r#"select is_admin() as "is_admin!""#).fetch_one(conn).await?)
}

/// Counts a failed login of the actor, and gives how long the login is locked now: from the fifth failure on
/// 1, 2, 4, … seconds, at most 15 minutes.
///
/// # Errors
/// [`crate::Error::NotFound`] when the actor is another.
pub async fn record_failed_login(conn: &mut PgConnection, id: UserId) -> Result<Option<Duration>> {
    let locked_seconds = sqlx::query_scalar!(
        r#"update users
        set
            failed_logins = failed_logins + 1,
            locked_until = case
                when failed_logins + 1 >= 5 then
                    clock_timestamp()
                    + least(make_interval(secs => power(2, least(failed_logins - 4, 20))), interval '15 minutes')
            end
        where id = $1
        returning extract(epoch from locked_until - clock_timestamp())::double precision"#,
        id.as_uuid(),
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::NotFound("user"))?;
    Ok(seconds_left(locked_seconds))
}

/// Forgets failed logins of the actor, who has proved who they are. `false`: they are let in no more. The row is locked until the
/// end of the transaction: who disables this person waits, and then ends what has begun here.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn admit(conn: &mut PgConnection, id: UserId) -> Result<bool> {
    let changed = sqlx::query!(
        "update users set failed_logins = 0, locked_until = null where id = $1 and disabled_at is null",
        id.as_uuid(),
    );
    Ok(changed.execute(conn).await?.rows_affected() == 1)
}

struct UserRow {
    id: Uuid,
    login: String,
    role: String,
    created_at: OffsetDateTime,
}

impl TryFrom<UserRow> for User {
    type Error = Error;

    fn try_from(row: UserRow) -> Result<Self> {
        let role = Row { table: "users", id: &row.id }.word("role", &row.role)?;
        Ok(Self { id: row.id.into(), login: row.login, role, created_at: row.created_at })
    }
}
