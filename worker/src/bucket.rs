//! Whose bucket is it? The id of the installation stands in it, and no worker removes anything from another's.

use futures::TryStreamExt;
use untxt_core::storage::{ByteStream, Listing, ObjectKey, StorageError};
use untxt_database::{installation, objects};

use crate::{
    Services,
    error::{JobError, JobResult},
};

/// More than an id has; whatever is longer is none.
const MAX_ID_BYTES: usize = 100;

/// Whose a bucket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bucket {
    Ours,
    /// Another installation's.
    Foreign,
    /// Nobody has said yet.
    Unclaimed,
}

impl Bucket {
    /// Reads whose it is.
    pub(crate) async fn look(services: &Services) -> JobResult<Self> {
        let mut tx = services.database.begin_system().await?;
        let id = installation::id(&mut tx).await?;
        tx.commit().await?;
        let body = match services.objects.get(&ObjectKey::Installation, None).await {
            Ok(body) => body,
            Err(StorageError::NotFound) => return Ok(Self::Unclaimed),
            Err(error) => return Err(error.into()),
        };
        let found = read_id(body).await?;
        Ok(if found == id.to_string().as_bytes() { Self::Ours } else { Self::Foreign })
    }

    /// Claims a bucket that nobody has, when rows of ours name everything that is in it: at the first start, and at the
    /// first one of a version that looks. `false`: somebody else's objects may be in it.
    /// `takes_any`: whoever set this knows that no other installation uses it.
    pub(crate) async fn claim(services: &Services, takes_any: bool) -> JobResult<bool> {
        let mut tx = services.database.begin_system().await?;
        let id = installation::id(&mut tx).await?;
        let mut next = None;
        loop {
            let listing = if takes_any { Listing::default() } else { services.objects.list(next).await? };
            if !objects::find_orphans(&mut tx, &listing.objects, std::time::Duration::ZERO).await?.is_empty() {
                return Ok(false);
            }
            next = listing.next;
            if next.is_none() {
                break;
            }
        }
        tx.commit().await?;
        let body = id.to_string().into_bytes();
        let body = futures::stream::iter([Ok(body.into())]);
        services.objects.put(&ObjectKey::Installation, Box::pin(body)).await?;
        tracing::info!(installation.id = %id, "the bucket is this installation's from now on");
        Ok(true)
    }
}

async fn read_id(mut body: ByteStream) -> JobResult<Vec<u8>> {
    let mut id = Vec::new();
    while let Some(piece) = body.try_next().await.map_err(JobError::world)? {
        id.extend_from_slice(&piece);
        if id.len() > MAX_ID_BYTES {
            break;
        }
    }
    Ok(id.trim_ascii().to_vec())
}
