//! Sealing files piece by piece, on their way to the store.

use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, stream};
use untxt_core::{
    crypto::{DocumentKey, StreamSealer},
    domain::OwnerId,
    storage::{ByteStream, ObjectKey},
};

use crate::error::JobResult;

/// Sealed at once: a quarter of a millisecond of work, so that nobody on this thread waits.
const PIECE_BYTES: usize = 256 << 10;

/// Seals a file for its place in the store, piece by piece while it is put there.
pub(crate) fn seal_object(
    key: &DocumentKey,
    owner: OwnerId,
    object: &ObjectKey,
    plaintext: Vec<u8>,
) -> JobResult<ByteStream> {
    let sealer = key.sealer_for(owner, object)?;
    Ok(sealed_pieces(sealer, Arc::new(plaintext)).boxed())
}

fn sealed_pieces(
    sealer: StreamSealer,
    plaintext: Arc<Vec<u8>>,
) -> impl futures::Stream<Item = std::io::Result<Bytes>> + Send + 'static {
    stream::try_unfold(Some((sealer, 0)), move |state| {
        let plaintext = Arc::clone(&plaintext);
        async move {
            let Some((mut sealer, begin)) = state else { return Ok(None) };
            let end = plaintext.len().min(begin + PIECE_BYTES);
            if begin == end {
                let last = sealer.finish().map_err(std::io::Error::other)?;
                return Ok(Some((last, None)));
            }
            let piece = sealer.update(&plaintext[begin..end]).map_err(std::io::Error::other)?;
            Ok(Some((piece, Some((sealer, end)))))
        }
    })
}
