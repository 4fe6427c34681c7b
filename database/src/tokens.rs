//! API tokens of people: which there are, and whom one lets in. Only a hash of the token is stored.

use std::time::Duration;

use sqlx::PgConnection;
use time::OffsetDateTime;
use untxt_core::domain::{Role, Scope, TokenId, UserId};
use uuid::Uuid;

use crate::{Error, Result, row::Row};

/// A token as its person sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Which.
    pub id: TokenId,
    /// What its person calls it.
    pub name: String,
    /// What it is good for.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// Until when it is good.
    pub expires_at: OffsetDateTime,
    /// When it was last used, to the minute.
    pub last_used_at: Option<OffsetDateTime>,
}

/// A token to be stored.
#[derive(Clone, Copy, Debug)]
pub struct NewToken<'a> {
    /// Which.
    pub id: TokenId,
    /// Whose.
    pub user: UserId,
    /// What its person calls it: 1 to 100 characters.
    pub name: &'a str,
    /// SHA-256 of the token.
    pub hash: &'a [u8; 32],
    /// What it is good for.
    pub scopes: &'a [Scope],
    /// How long it is good, at most a year.
    pub life: Duration,
}

/// Whose a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Which.
    pub id: TokenId,
    /// Whose.
    pub user: UserId,
    /// What it is good for.
    pub scopes: Vec<Scope>,
}

/// Stores a token of the actor, if there are fewer than `max`; two at once may exceed that by one. `None`: there are too many.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn create(conn: &mut PgConnection, new: NewToken<'_>, max: u32) -> Result<Option<Token>> {
    let scopes: Vec<_> = new.scopes.iter().map(|scope| scope.as_str().to_owned()).collect();
    sqlx::query_as!(
        TokenRow,
        "insert into api_tokens (id, user_id, name, secret_hash, scopes, expires_at)
        select $1, $2, $3, $4, $5, clock_timestamp() + make_interval(secs => $6)
        where (select count(*) from api_tokens where user_id = $2) < $7
        returning id, name, scopes, created_at, expires_at, last_used_at",
        new.id.as_uuid(),
        new.user.as_uuid(),
        new.name,
        new.hash,
        &scopes,
        new.life.as_secs_f64(),
        i64::from(max),
    )
    .fetch_optional(conn)
    .await?
    .map(TryInto::try_into)
    .transpose()
}

/// Lists the actor's tokens, newest first; those that have run out too, until they are revoked.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list(conn: &mut PgConnection, user: UserId) -> Result<Vec<Token>> {
    sqlx::query_as!(
        TokenRow,
        "select id, name, scopes, created_at, expires_at, last_used_at
        from api_tokens
        where user_id = $1
        order by id desc
        limit 1000",
        user.as_uuid(),
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(TryInto::try_into)
    .collect()
}

/// Revokes a token of the actor at once; `false`: there is none.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn revoke(conn: &mut PgConnection, id: TokenId) -> Result<bool> {
    Ok(sqlx::query!("delete from api_tokens where id = $1", id.as_uuid()).execute(conn).await?.rows_affected() == 1)
}

/// Finds whose token has this hash, whatever the actor, if it has not run out.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find(conn: &mut PgConnection, hash: &[u8; 32]) -> Result<Option<Found>> {
    let row = sqlx::query!(
        r#"select token_id as "id!", user_id as "user!", scopes as "scopes!" from find_api_token($1)"#,
        hash,
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let scopes = read_scopes(&row.id, &row.scopes)?;
    Ok(Some(Found { id: row.id.into(), user: row.user.into(), scopes }))
}

/// Makes a person the actor of this transaction and gives their role, if the token is theirs and good and they are not
/// disabled, and notes that it is in use. Otherwise the transaction is nobody's. All of it is one round trip.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn enter(conn: &mut PgConnection, user: UserId, id: TokenId) -> Result<Option<Role>> {
    let role =
        sqlx::query_scalar!("select enter_api_token($1, $2)", user.as_uuid(), id.as_uuid()).fetch_one(conn).await?;
    Row { table: "users", id: &user }.word_if_any("role", role.as_deref())
}

fn read_scopes(id: &Uuid, words: &[String]) -> Result<Vec<Scope>> {
    words.iter().map(|word| Row { table: "api_tokens", id }.word("scopes", word)).collect()
}

struct TokenRow {
    id: Uuid,
    name: String,
    scopes: Vec<String>,
    created_at: OffsetDateTime,
    expires_at: OffsetDateTime,
    last_used_at: Option<OffsetDateTime>,
}

impl TryFrom<TokenRow> for Token {
    type Error = Error;

    fn try_from(row: TokenRow) -> Result<Self> {
        Ok(Self {
            scopes: read_scopes(&row.id, &row.scopes)?,
            id: row.id.into(),
            name: row.name,
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
        })
    }
}
