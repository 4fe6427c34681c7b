//! Is what the store answers the part that was asked for, and no more than that?

use std::{future, io, ops::Range};

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt};

use crate::storage::{ByteStream, StorageError};

/// Refuses an answer with everything, as stores give that don't know ranges, or with another part. One that ends with the
/// object is shorter than what was asked for.
pub(super) fn check(asked: &Range<u64>, content_range: Option<&str>) -> Result<(), StorageError> {
    let is_asked = content_range.and_then(parse).is_some_and(|(first, last, total)| {
        let end = total.map_or(asked.end, |total| total.min(asked.end));
        first == asked.start && last.checked_add(1) == Some(end)
    });
    if is_asked {
        Ok(())
    } else {
        Err(StorageError::unexpected("the store answers with another part than was asked for"))
    }
}

/// Breaks an answer off that is longer than the part.
pub(super) fn at_most(pieces: impl Stream<Item = io::Result<Bytes>> + Send + 'static, part: &Range<u64>) -> ByteStream {
    let mut left = part.end.saturating_sub(part.start);
    pieces
        .and_then(move |piece| {
            let fits = left.checked_sub(piece.len() as u64);
            left = fits.unwrap_or_default();
            let longer = || io::Error::other("the store gives more than it was asked for");
            future::ready(fits.map(|_| piece).ok_or_else(longer))
        })
        .boxed()
}

/// Reads `bytes 0-9/100`, where the length may be `*`.
fn parse(content_range: &str) -> Option<(u64, u64, Option<u64>)> {
    let (part, total) = content_range.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = part.split_once('-')?;
    let total = if total == "*" { None } else { Some(total.parse().ok()?) };
    Some((first.parse().ok()?, last.parse().ok()?, total))
}

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    #[test]
    fn an_answer_is_the_part_that_was_asked_for() {
        for good in ["bytes 10-19/100", "bytes 10-19/20", "bytes 10-14/15", "bytes 10-19/*"] {
            check(&(10..20), Some(good)).expect(good);
        }
        for bad in [
            "bytes 0-19/100",
            "bytes 11-19/100",
            "bytes 10-20/100",
            "bytes 10-18/100",
            "bytes 10-14/100",
            "bytes 10-14/*",
            "bytes */100",
            "bytes 10-18446744073709551615/*",
            "pages 10-19/100",
            "",
        ] {
            check(&(10..20), Some(bad)).expect_err(bad);
        }
        check(&(10..20), None).expect_err("everything");
    }

    #[tokio::test]
    async fn no_more_is_read_than_was_asked_for() {
        let piece = || Ok(Bytes::from_static(b"12345"));
        let fits: Vec<_> = at_most(stream::iter([piece(), piece()]), &(0..10)).collect().await;
        assert!(fits.len() == 2 && fits.iter().all(Result::is_ok));
        let mut endless = at_most(stream::repeat_with(piece), &(3..12));
        endless.next().await.expect("a piece").expect("within the part");
        endless.next().await.expect("an end").expect_err("more than the part");
    }
}
