//! Sealed objects as streams of verified plaintext.

use std::io;

use axum::body::Body;
use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use untxt_core::{
    crypto::{CryptoError, StreamOpener},
    storage::{ByteStream, ObjectKey, StorageError},
};

use super::document::Opened;
use crate::{App, problem::ApiError};

/// Opens an object as the body of an answer. The first piece is verified before this returns, so that a missing or
/// damaged object is a clear error; damage further on breaks the connection off.
pub(super) async fn open(app: &App, opened: &Opened, key: ObjectKey) -> Result<Body, ApiError> {
    open_if_there(app, opened, key).await?.ok_or_else(|| StorageError::NotFound.into())
}

/// Opens an object like [`open`]; `None` when it is not in the store, as one that was replaced meanwhile.
pub(super) async fn open_if_there(app: &App, opened: &Opened, key: ObjectKey) -> Result<Option<Body>, ApiError> {
    let opener = opened.key.opener_for(opened.found.document.owner, &key);
    let source = match app.objects.get(&key, None).await {
        Err(StorageError::NotFound) => return Ok(None),
        source => source?,
    };
    let mut plain = Box::pin(decrypt(source, opener));
    let first = plain.next().await.transpose().map_err(|error| match is_damage(&error) {
        true => ApiError::Damaged { what: "object", id: key.to_string() },
        false => ApiError::internal(error),
    })?;
    let rest = plain.inspect_err(move |error| {
        if is_damage(error) {
            metrics::counter!("untxt_damaged_total", "what" => "object").increment(1);
        }
        tracing::error!(object.key = %key, %error, "an object can't be opened; the answer is broken off");
    });
    Ok(Some(Body::from_stream(stream::iter(first.map(Ok)).chain(rest))))
}

/// Tells an object that does not open from a store that does not answer.
fn is_damage(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<CryptoError>())
}

/// Decrypts piece by piece: at most a segment and a piece of the source are in memory.
fn decrypt(source: ByteStream, opener: StreamOpener) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let state = (source, Some(opener));
    let plain = stream::try_unfold(state, |(mut source, mut opener)| async move {
        let Some(open) = &mut opener else { return Ok(None) };
        let plain = match source.try_next().await? {
            Some(piece) => open.update(&piece),
            None => match opener.take() {
                Some(opener) => opener.finish(),
                None => Ok(Bytes::new()),
            },
        };
        Ok(Some((plain.map_err(io::Error::other)?, (source, opener))))
    });
    plain.try_filter(|piece| std::future::ready(!piece.is_empty()))
}
