use sqlx::PgConnection;
use time::OffsetDateTime;
use untxt_core::audit::{AuditBatch, AuditEnd, AuditExport, AuditLine, AuditRow, Leaves, SignedHead};

use super::seal::{list_by_positions, now};
use crate::{Result, installation};

/// Rows that no batch has, at once.
const AT_ONCE: usize = 1000;

/// A walk through the record, batch by batch, as an export has it. Its steps may be transactions of their own: it ends where the
/// record ended when it was begun.
#[derive(Debug)]
pub struct AuditWalk {
    from: Option<OffsetDateTime>,
    to: Option<OffsetDateTime>,
    place: Place,
    /// The last batch that it comes to.
    last: i64,
    end: AuditEnd,
}

#[derive(Debug)]
enum Place {
    Begin,
    /// Behind this batch.
    Batch(i64),
    /// Rows that no batch has, those still to come last first.
    Outside(Vec<i64>),
    End,
}

impl AuditWalk {
    /// Begins at the batch that was sealed at `from` or after it, and ends with the one that was sealed at `to` or after it, so
    /// that everything that happened in between is in it.
    #[must_use]
    pub const fn new(from: Option<OffsetDateTime>, to: Option<OffsetDateTime>) -> Self {
        Self { from, to, place: Place::Begin, last: 0, end: AuditEnd { batches: 0, rows: 0 } }
    }

    /// Takes the next step; nothing: it was the last.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`].
    pub async fn next(&mut self, conn: &mut PgConnection) -> Result<Vec<AuditLine>> {
        loop {
            let lines = match &mut self.place {
                Place::Begin => self.begin(conn).await?,
                Place::Batch(behind) => {
                    let behind = *behind;
                    self.next_batch(conn, behind).await?
                }
                Place::Outside(positions) => {
                    let next = positions.split_off(positions.len().saturating_sub(AT_ONCE));
                    self.next_outside(conn, next).await?
                }
                Place::End => return Ok(Vec::new()),
            };
            if !lines.is_empty() {
                return Ok(lines);
            }
        }
    }

    async fn begin(&mut self, conn: &mut PgConnection) -> Result<Vec<AuditLine>> {
        let row = sqlx::query!(
            r#"select
                coalesce(
                    (select number from audit_batches where sealed_at >= $1 order by sealed_at, number limit 1) - 1,
                    case when $1::timestamptz is null then 0 else (select max(number) from audit_batches) end,
                    0
                ) as "behind!",
                coalesce(
                    (select number from audit_batches where sealed_at >= $2 order by sealed_at, number limit 1),
                    (select max(number) from audit_batches),
                    0
                ) as "last!""#,
            self.from,
            self.to,
        )
        .fetch_one(&mut *conn)
        .await?;
        (self.place, self.last) = (Place::Batch(row.behind), row.last);
        let installation = installation::id(conn).await?;
        let exported_at = now(conn).await?;
        Ok(vec![AuditLine::Export(AuditExport { installation, exported_at, from: self.from, to: self.to })])
    }

    async fn next_batch(&mut self, conn: &mut PgConnection, behind: i64) -> Result<Vec<AuditLine>> {
        let row = sqlx::query!(
            "select number, first_row, head, signature, signing_key, positions, hashes
            from audit_batches
            where number > $1 and number <= $2
            order by number
            limit 1",
            behind,
            self.last,
        )
        .fetch_optional(&mut *conn)
        .await?;
        let Some(row) = row else {
            let mut outside = list_outside(conn, self.from, self.to).await?;
            outside.reverse();
            self.place = Place::Outside(outside);
            return Ok(Vec::new());
        };
        self.place = Place::Batch(row.number);
        let signed = SignedHead { head: row.head, signature: row.signature, signing_key: row.signing_key };
        let leaves = match (row.positions, row.hashes) {
            (Some(positions), Some(hashes)) => Some(Leaves::from_parts(positions, &hashes)),
            _ => None,
        };
        let mut rows = match &leaves {
            Some(leaves) => list_by_positions(conn, &leaves.positions).await?,
            None => Vec::new(),
        };
        if let Some(leaves) = &leaves {
            number(&mut rows, leaves, row.first_row);
        }
        self.end.batches += 1;
        self.end.rows += rows.len() as u64;
        let batch = AuditLine::Batch(AuditBatch { signed, leaves });
        Ok(std::iter::once(batch).chain(rows.into_iter().map(AuditLine::Row)).collect())
    }

    async fn next_outside(&mut self, conn: &mut PgConnection, mut next: Vec<i64>) -> Result<Vec<AuditLine>> {
        if next.is_empty() {
            self.place = Place::End;
            return Ok(vec![AuditLine::End(self.end)]);
        }
        next.reverse();
        let rows = list_by_positions(conn, &next).await?;
        self.end.rows += rows.len() as u64;
        Ok(rows.into_iter().map(AuditLine::Row).collect())
    }
}

/// Gives rows the numbers that their batch has for their positions.
fn number(rows: &mut [AuditRow], leaves: &Leaves, first: i64) {
    let first = u64::try_from(first).unwrap_or_default();
    let numbers: std::collections::HashMap<_, _> = leaves.positions.iter().zip(first..).collect();
    for row in &mut *rows {
        row.number = numbers.get(&row.position).copied();
    }
    rows.sort_by_key(|row| row.number);
}

/// Lists the rows that no batch has: those that wait to be sealed, and those that somebody put there in another way.
async fn list_outside(
    conn: &mut PgConnection,
    from: Option<OffsetDateTime>,
    to: Option<OffsetDateTime>,
) -> Result<Vec<i64>> {
    let positions = sqlx::query_scalar!(
        "select e.position
        from audit_events e
        where ($1::timestamptz is null or e.at >= $1)
            and ($2::timestamptz is null or e.at < $2)
            and not exists (
                select
                from (
                    select unnest(b.positions) as position
                    from audit_batches b
                    -- What was written after a time was sealed after it, too.
                    where $1::timestamptz is null or b.sealed_at >= $1
                ) as sealed
                where sealed.position = e.position
            )
        order by e.position",
        from,
        to,
    )
    .fetch_all(conn)
    .await?;
    Ok(positions)
}
