use std::{fs::File, io, ops::Range, os::unix::fs::FileExt, sync::Arc};

use bytes::Bytes;
use futures::{Stream, TryStreamExt, stream};

/// How much is read from the disk at once.
const READ_LEN: u64 = 256 << 10;

/// Reads a range of a file, piece by piece, as fast as it is taken.
pub(super) fn read_range(file: File, range: Range<u64>) -> impl Stream<Item = Result<Bytes, io::Error>> + Send {
    let file = Arc::new(file);
    stream::try_unfold((file, range), |(file, mut range)| async move {
        let length = (range.end - range.start).min(READ_LEN);
        if length == 0 {
            return Ok::<_, io::Error>(None);
        }
        let (source, start) = (Arc::clone(&file), range.start);
        range.start += length;
        let read = tokio::task::spawn_blocking(move || {
            let mut piece = vec![0; usize::try_from(length).map_err(io::Error::other)?];
            source.read_exact_at(&mut piece, start)?;
            Ok::<_, io::Error>(Bytes::from(piece))
        });
        let piece = read.await.map_err(io::Error::other)??;
        Ok(Some((piece, (file, range))))
    })
    .inspect_err(|error| tracing::error!(error = error as &dyn std::error::Error, "an object can't be read"))
}
