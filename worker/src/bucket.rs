//! Whose bucket is it? No worker removes anything from another installation's.

use std::time::Duration;

use untxt_core::storage::Bucket;
use untxt_database::{installation, objects};
use uuid::Uuid;

use crate::{Services, error::JobResult};

/// Reads whose the bucket is.
pub(crate) async fn look(services: &Services) -> JobResult<Bucket> {
    Ok(Bucket::look(&*services.objects, load_id(services).await?).await?)
}

/// Claims a bucket that nobody has, when rows of ours name everything that is in it: at the first start, and at the
/// first one of a version that looks. `false`: somebody else's objects may be in it.
/// `takes_any`: whoever set this knows that no other installation uses it.
pub(crate) async fn claim(services: &Services, takes_any: bool) -> JobResult<bool> {
    if !takes_any && !is_all_ours(services).await? {
        return Ok(false);
    }
    let id = load_id(services).await?;
    Bucket::claim(&*services.objects, id).await?;
    tracing::info!(installation.id = %id, "the bucket is this installation's from now on");
    Ok(true)
}

/// Says whether rows of ours name everything that is in the bucket. No transaction is open while the store lists its
/// objects: that may take longer than one may be idle.
async fn is_all_ours(services: &Services) -> JobResult<bool> {
    let mut next = None;
    loop {
        let listing = services.objects.list(next).await?;
        let mut tx = services.database.begin_system().await?;
        let orphans = objects::find_orphans(&mut tx, &listing.objects, Duration::ZERO).await?;
        tx.commit().await?;
        next = listing.next;
        if !orphans.is_empty() || next.is_none() {
            return Ok(orphans.is_empty());
        }
    }
}

async fn load_id(services: &Services) -> JobResult<Uuid> {
    let mut tx = services.database.begin_system().await?;
    let id = installation::id(&mut tx).await?;
    tx.commit().await?;
    Ok(id)
}
