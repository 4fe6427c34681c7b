use futures::TryStreamExt;
use sqlx::{ConnectOptions, Connection, Executor, PgConnection};
use time::OffsetDateTime;
use untxt_core::{
    config,
    crypto::WrappedOwnerKey,
    domain::{DocumentId, TaskId},
    storage::ObjectKey,
};

use super::{Layout, RowBytes, Sequence, Table, catalog::load_sequences};
use crate::{
    Result,
    connect::verified_options,
    row::Row,
    shreds::{Shred, ShredRow},
};

/// One moment of the whole database, as role `untxt_backup`, which reads everything and changes nothing. It lasts until
/// it is closed; meanwhile others go on.
#[derive(Debug)]
pub struct Snapshot {
    pub(super) conn: PgConnection,
}

impl Snapshot {
    /// Connects and takes the snapshot.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`]; [`crate::Error::Refused`] when the role may not read everything.
    pub async fn take(settings: &config::Database) -> Result<Self> {
        // However large a table is, it is read in one statement; and with `row_security` off a role that would be shown
        // less than everything gets an error instead.
        let options = verified_options(settings, "untxt-export")?.options([
            ("statement_timeout", "0"),
            ("idle_in_transaction_session_timeout", "600s"),
            ("row_security", "off"),
        ]);
        let mut conn = options.connect().await?;
        conn.execute("begin isolation level repeatable read read only").await?;
        Ok(Self { conn })
    }

    /// Gives the time of the snapshot, by the database's clock.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`].
    pub async fn taken_at(&mut self) -> Result<OffsetDateTime> {
        Ok(sqlx::query_scalar!(r#"select now() as "now!""#).fetch_one(&mut self.conn).await?)
    }

    /// Gives tables and migrations.
    ///
    /// # Errors
    /// [`crate::Error::Refused`] when a table can't be backed up.
    pub async fn layout(&mut self) -> Result<Layout> {
        Layout::load(&mut self.conn).await
    }

    /// Gives where the sequences stand.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`].
    pub async fn sequences(&mut self) -> Result<Vec<Sequence>> {
        load_sequences(&mut self.conn).await
    }

    /// Reads all rows of a table.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`].
    pub async fn read(&mut self, table: &Table) -> Result<RowBytes<'_>> {
        table.read(&mut self.conn).await
    }

    /// Gives one owner key, wrapped, of each root key that was ever used.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`].
    pub async fn one_owner_key_of_each_root(&mut self) -> Result<Vec<WrappedOwnerKey>> {
        crate::owner_keys::list_one_of_each_root(&mut self.conn).await
    }

    /// Gives the keys of all objects that rows speak of; 40 bytes each.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`], [`crate::Error::Corrupt`].
    pub async fn objects(&mut self) -> Result<Vec<ObjectKey>> {
        let mut keys = Vec::new();
        let mut documents = sqlx::query_scalar!("select id from documents").fetch(&mut self.conn);
        while let Some(id) = documents.try_next().await? {
            keys.push(ObjectKey::Original(DocumentId::from(id)));
        }
        drop(documents);
        let images = sqlx::query!(
            r#"select t.document_id, p.task_id, p.page_number, p.image_attempt as "attempt!"
            from pages p
            join tasks t on t.id = p.task_id
            where p.image_attempt is not null"#
        );
        let mut images = images.fetch(&mut self.conn);
        while let Some(row) = images.try_next().await? {
            let at = Row { table: "pages", id: &row.task_id };
            let (page, attempt) = (at.page("page_number", row.page_number)?, at.number("image_attempt", row.attempt)?);
            keys.push(ObjectKey::PageImage(row.document_id.into(), TaskId::from(row.task_id), page, attempt));
        }
        drop(images);
        let pdfs = sqlx::query!(
            r#"select document_id as "document_id!", task_id as "task_id!", attempt as "attempt!" from published_pdfs"#
        );
        let mut pdfs = pdfs.fetch(&mut self.conn);
        while let Some(row) = pdfs.try_next().await? {
            let attempt = Row { table: "tasks", id: &row.task_id }.number("pdf_attempt", row.attempt)?;
            keys.push(ObjectKey::SearchablePdf(row.document_id.into(), TaskId::from(row.task_id), attempt));
        }
        drop(pdfs);
        Ok(keys)
    }

    /// Gives what is left of all documents that were shredded, the oldest first; nothing from before there were receipts.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`], [`crate::Error::Corrupt`].
    pub async fn shreds(&mut self) -> Result<Vec<Shred>> {
        let are_there = sqlx::query_scalar!(r#"select to_regclass('public.shreds') is not null as "are_there!""#)
            .fetch_one(&mut self.conn)
            .await?;
        if !are_there {
            return Ok(Vec::new());
        }
        sqlx::query_as!(
            ShredRow,
            "select
                document_id, owner_id, reason, requested_by, requested_at, shredded_at, objects, objects_removed_at,
                receipt, signature, signing_key
            from shreds
            order by shredded_at, document_id"
        )
        .fetch_all(&mut self.conn)
        .await?
        .into_iter()
        .map(TryInto::try_into)
        .collect()
    }

    /// Ends the snapshot.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`].
    pub async fn close(mut self) -> Result<()> {
        self.conn.execute("commit").await?;
        Ok(self.conn.close().await?)
    }
}
