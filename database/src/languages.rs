//! The languages that workers can read.

use sqlx::PgConnection;

use crate::Result;

/// Writes down which languages this worker can read. Workers share one image, so what none of them has seen for a day
/// is gone.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn report(conn: &mut PgConnection, codes: &[String]) -> Result<()> {
    sqlx::query!(
        "insert into installed_languages (code)
        -- in one order, so that two workers don't wait for each other in a circle
        select unnest($1::text[]) as code order by code
        on conflict (code) do update set seen_at = clock_timestamp()",
        codes,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!("delete from installed_languages where seen_at < clock_timestamp() - interval '1 day'")
        .execute(conn)
        .await?;
    Ok(())
}

/// Lists the codes, sorted; empty as long as no worker has ever started.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list(conn: &mut PgConnection) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar!("select code from installed_languages order by code").fetch_all(conn).await?)
}
