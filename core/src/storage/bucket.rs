use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use uuid::Uuid;

use super::{ByteStream, ObjectKey, ObjectStore, StorageError};

/// More than an id has; whatever is longer is none.
const MAX_ID_BYTES: usize = 100;

/// Whose a bucket is: the id of its installation stands in it. Another one's objects have no rows here, so nobody may
/// store or remove anything in a bucket that is not its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bucket {
    /// This installation's.
    Ours,
    /// Another installation's.
    Foreign,
    /// Nobody has said yet.
    Unclaimed,
}

impl Bucket {
    /// Reads whose it is.
    ///
    /// # Errors
    /// When the store doesn't answer or refuses us.
    pub async fn look(objects: &dyn ObjectStore, installation: Uuid) -> Result<Self, StorageError> {
        let body = match objects.get(&ObjectKey::Installation, None).await {
            Err(StorageError::NotFound) => return Ok(Self::Unclaimed),
            body => body?,
        };
        let found = read_id(body).await?;
        Ok(if found == installation.to_string().as_bytes() { Self::Ours } else { Self::Foreign })
    }

    /// Writes down that it is this installation's. Whoever calls this knows that nobody else has it.
    ///
    /// # Errors
    /// When the store doesn't answer or refuses us.
    pub async fn claim(objects: &dyn ObjectStore, installation: Uuid) -> Result<(), StorageError> {
        let id = Bytes::from(installation.to_string());
        objects.put(&ObjectKey::Installation, stream::iter([Ok(id)]).boxed()).await?;
        Ok(())
    }
}

async fn read_id(mut body: ByteStream) -> Result<Vec<u8>, StorageError> {
    let mut id = Vec::new();
    while let Some(piece) = body.try_next().await.map_err(|error| StorageError::Unavailable(error.into()))? {
        id.extend_from_slice(&piece);
        if id.len() > MAX_ID_BYTES {
            break;
        }
    }
    Ok(id.trim_ascii().to_vec())
}
