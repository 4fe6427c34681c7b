//! What is remembered of failed logins: per network, and per login that nobody has. Logins that somebody has are counted with
//! their person ([`crate::users::record_failed_login`]). And how often links to a new password were asked for. All of it before there is an actor: `db.begin_system()`.
//!
//! It promises to forget the oldest beyond a bound, so that guessing can't fill the database.

use std::time::Duration;

use sqlx::PgConnection;

use crate::{Result, row::seconds_left};

/// Rows that are kept.
const MAX_ROWS: i64 = 10_000;

/// One network may fail so often within the window: many people behind one router, but no dictionary.
const FAILURES_PER_NETWORK: i32 = 50;

/// Says how long a network has to wait, because it failed 50 times within five minutes.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find_network(conn: &mut PgConnection, mark: &[u8; 32]) -> Result<Option<Duration>> {
    let left = sqlx::query_scalar!(
        "select extract(epoch from until_at - clock_timestamp())::double precision
        from login_failures
        where kind = 'address' and mark = $1 and count >= $2",
        mark,
        FAILURES_PER_NETWORK,
    )
    .fetch_optional(conn)
    .await?;
    Ok(seconds_left(left.flatten()))
}

/// Counts a failure of a network; the window begins with the first.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn record_network(conn: &mut PgConnection, mark: &[u8; 32]) -> Result<()> {
    sqlx::query!(
        "insert into login_failures as f (kind, mark, count, until_at)
        values ('address', $1, 1, clock_timestamp() + interval '5 minutes')
        on conflict (kind, mark) do update
        set
            count = case when f.until_at > clock_timestamp() then least(f.count, 1000000) + 1 else 1 end,
            until_at = case when f.until_at > clock_timestamp() then f.until_at else excluded.until_at end,
            last_at = clock_timestamp()",
        mark,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Says how long a login that nobody has is locked.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn find_stranger(conn: &mut PgConnection, mark: &[u8; 32]) -> Result<Option<Duration>> {
    let left = sqlx::query_scalar!(
        "select extract(epoch from until_at - clock_timestamp())::double precision
        from login_failures
        where kind = 'stranger' and mark = $1",
        mark,
    )
    .fetch_optional(conn)
    .await?;
    Ok(seconds_left(left.flatten()))
}

/// Counts a failure of a login that nobody has, and locks it as one that somebody has.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn record_stranger(conn: &mut PgConnection, mark: &[u8; 32]) -> Result<()> {
    sqlx::query!(
        "insert into login_failures as f (kind, mark, count, until_at)
        values ('stranger', $1, 1, clock_timestamp())
        on conflict (kind, mark) do update
        set
            count = least(f.count, 1000000) + 1,
            until_at = clock_timestamp() + case
                when f.count + 1 >= 5 then
                    least(make_interval(secs => power(2, least(f.count - 4, 20))), interval '15 minutes')
                else interval '0'
            end,
            last_at = clock_timestamp()",
        mark,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Counts a request for a link to a new password, and gives how long to wait when there were more than `most` within 15 minutes;
/// the window begins with the first.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn count_reset(conn: &mut PgConnection, mark: &[u8; 32], most: i32) -> Result<Option<Duration>> {
    let row = sqlx::query!(
        r#"insert into login_failures as f (kind, mark, count, until_at)
        values ('reset', $1, 1, clock_timestamp() + interval '15 minutes')
        on conflict (kind, mark) do update
        set
            count = case when f.until_at > clock_timestamp() then least(f.count, 1000000) + 1 else 1 end,
            until_at = case when f.until_at > clock_timestamp() then f.until_at else excluded.until_at end,
            last_at = clock_timestamp()
        returning count, extract(epoch from until_at - clock_timestamp())::double precision as left_seconds"#,
        mark,
    )
    .fetch_one(conn)
    .await?;
    Ok(if row.count > most { seconds_left(row.left_seconds) } else { None })
}

/// Forgets the oldest rows beyond the bound; to be called now and then.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn trim(conn: &mut PgConnection) -> Result<u64> {
    let gone = sqlx::query!(
        "delete from login_failures
        where last_at < (select last_at from login_failures order by last_at desc offset $1 limit 1)",
        MAX_ROWS,
    )
    .execute(conn)
    .await?;
    Ok(gone.rows_affected())
}
