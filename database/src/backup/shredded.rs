use sqlx::Executor;

use super::{Restore, catalog::quote};
use crate::{Result, shreds::Shred};

impl Restore {
    /// Lets documents stay away that were shredded after the backup was written, by these lines or by its own, and gives how
    /// many did. Nothing may be written after it: the tables' own triggers are at work again.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`].
    pub async fn apply_shreds(&mut self, shreds: &[Shred]) -> Result<u64> {
        for shred in shreds {
            self.insert_shred(shred).await?;
        }
        // The bucket may be another one: a worker puts all of them there.
        sqlx::query!("update shreds set receipt_stored_at = null where receipt_stored_at is not null")
            .execute(&mut *self.tx)
            .await?;
        // None of their objects came with it, which is no reason to look for them.
        sqlx::query!(
            "update shreds
            set objects = coalesce(objects, 0), objects_removed_at = coalesce(objects_removed_at, clock_timestamp())
            where receipt is null"
        )
        .execute(&mut *self.tx)
        .await?;
        // What hangs on the rows that go, such as counts, goes with them.
        self.tx.execute("set constraints all immediate").await?;
        for table in self.tables.clone() {
            self.run(format!("alter table public.{} enable trigger user", quote(&table.name))).await?;
        }
        let gone = sqlx::query!(
            "delete from documents d using shreds s where s.document_id = d.id and s.owner_id = d.owner_id"
        )
        .execute(&mut *self.tx)
        .await?
        .rows_affected();
        self.tx.execute("set constraints all immediate").await?;
        Ok(gone)
    }

    /// A receipt takes the place of a line that has none.
    async fn insert_shred(&mut self, shred: &Shred) -> Result<()> {
        sqlx::query!(
            "insert into shreds as s (
                document_id, owner_id, reason, requested_by, requested_at, shredded_at, quiet_at, objects,
                objects_removed_at, receipt, signature, signing_key
            )
            values ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9, $10, $11)
            on conflict (document_id) do update
            set
                objects = excluded.objects,
                objects_removed_at = excluded.objects_removed_at,
                receipt = excluded.receipt,
                signature = excluded.signature,
                signing_key = excluded.signing_key
            where s.receipt is null and excluded.receipt is not null",
            shred.document.as_uuid(),
            shred.owner.as_uuid(),
            shred.reason.as_str(),
            shred.requested_by.map(|person| person.as_uuid()),
            shred.requested_at,
            shred.shredded_at,
            shred.objects.map(|objects| i64::try_from(objects).unwrap_or(i64::MAX)),
            shred.objects_removed_at,
            shred.signed.as_ref().map(|signed| signed.receipt.as_slice()),
            shred.signed.as_ref().map(|signed| signed.signature.as_slice()),
            shred.signed.as_ref().map(|signed| signed.signing_key.as_str()),
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }
}
