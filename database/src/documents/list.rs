use sqlx::{PgConnection, Postgres, QueryBuilder};
use untxt_core::domain::{DocumentId, FolderId, OwnerId, TagId};
use uuid::Uuid;

use super::{DocumentAndTask, load};
use crate::Result;

/// Which of the actor's documents are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only those after this one, the newest first.
    pub before: Option<DocumentId>,
    /// Only those that are directly there.
    pub folder: Option<InFolder>,
    /// Only those that have it.
    pub tag: Option<TagId>,
    /// Those in the trash that are not to be shredded now; otherwise those that are in none.
    pub in_trash: bool,
}

/// Where documents are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InFolder {
    /// In no folder.
    None,
    /// In this one.
    One(FolderId),
}

impl InFolder {
    /// Gives the folder, if it is one.
    #[must_use]
    pub const fn id(self) -> Option<FolderId> {
        match self {
            Self::None => None,
            Self::One(folder) => Some(folder),
        }
    }
}

/// Lists documents of others that are shared with the actor, newest first, at most `limit`: those before one, and those
/// that lie directly in a folder that is shared.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list_shared(
    conn: &mut PgConnection,
    folder: Option<FolderId>,
    before: Option<DocumentId>,
    limit: u32,
) -> Result<Vec<DocumentAndTask>> {
    let ids = sqlx::query_scalar!(
        r#"select id as "id!" from list_shared_documents($1, $2, $3) as id"#,
        folder.map(FolderId::as_uuid),
        before.map(DocumentId::as_uuid),
        i64::from(limit),
    )
    .fetch_all(&mut *conn)
    .await?;
    load(conn, &ids).await
}

/// Lists the documents of the actor, or of a team of the actor, newest first, at most `limit`.
///
/// # Errors
/// [`crate::Error::Unavailable`].
pub async fn list(
    conn: &mut PgConnection,
    owner: OwnerId,
    filter: &Filter,
    limit: u32,
) -> Result<Vec<DocumentAndTask>> {
    let mut query = QueryBuilder::<Postgres>::new("select d.id from documents d where d.owner_id = ");
    query.push_bind(owner.as_uuid());
    query.push(if filter.in_trash {
        " and d.trashed_at is not null and (d.shred_at > clock_timestamp() or is_held(d.id, d.owner_id))"
    } else {
        " and d.trashed_at is null"
    });
    if let Some(before) = filter.before {
        query.push(" and d.id < ").push_bind(before.as_uuid());
    }
    match filter.folder {
        Some(InFolder::None) => {
            query.push(" and d.folder_id is null");
        }
        Some(InFolder::One(folder)) => {
            query.push(" and d.folder_id = ").push_bind(folder.as_uuid());
        }
        None => {}
    }
    if let Some(tag) = filter.tag {
        query.push(" and exists (select from document_tags t where t.document_id = d.id and t.tag_id = ");
        query.push_bind(tag.as_uuid()).push(")");
    }
    query.push(" order by d.id desc limit ").push_bind(i64::from(limit));
    let ids: Vec<Uuid> = query.build_query_scalar().fetch_all(&mut *conn).await?;
    load(conn, &ids).await
}
