//! Sealed objects as streams of verified plaintext, whole or a part.

use std::{io, ops::Range};

use aws_lc_rs::digest::{SHA256, digest};
use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use http::{
    StatusCode,
    header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, ETAG},
};
use untxt_core::{
    crypto::{CryptoError, SealedFile, StreamOpener},
    storage::{ByteStream, ObjectKey, StorageError},
};

use super::{
    document::Opened,
    range::{Asked, Part},
    reader::Reader,
};
use crate::{App, problem::ApiError};

/// Answers with an object, or with the part of it that is asked for. The first piece is verified before this returns, so
/// that a missing or damaged object is a clear error; damage further on breaks the connection off. No answer says how long
/// the file is before that is known: from its row (`known_bytes`), or because its last segment opened.
pub(super) async fn open(
    reader: &Reader,
    opened: &Opened,
    key: ObjectKey,
    known_bytes: Option<u64>,
    asked: &Asked,
) -> Result<Response, ApiError> {
    open_if_there(reader, opened, key, known_bytes, asked).await?.ok_or_else(|| StorageError::NotFound.into())
}

/// Answers with an object like [`open`]; `None` when it is not in the store, as one that was replaced meanwhile.
pub(super) async fn open_if_there(
    reader: &Reader,
    opened: &Opened,
    key: ObjectKey,
    known_bytes: Option<u64>,
    asked: &Asked,
) -> Result<Option<Response>, ApiError> {
    // A path names one content for ever: each attempt has a path of its own.
    // Not the path itself, which has ids that are nobody's business who came by a link.
    let tag = format!("\"{}\"", hex::encode(digest(&SHA256, key.to_string().as_bytes())));
    let answer = match asked.part_of(&tag) {
        Some(part) => open_part(reader, opened, key, known_bytes, part).await,
        None => open_whole(reader, opened, key).await,
    };
    match answer {
        Ok(answer) => Ok(Some(([(ETAG, tag.as_str()), (ACCEPT_RANGES, "bytes")], answer).into_response())),
        Err(Failed::NotThere) => Ok(None),
        Err(Failed::Otherwise(error)) => Err(error),
    }
}

/// Why there is no answer with an object.
enum Failed {
    NotThere,
    Otherwise(ApiError),
}

impl From<StorageError> for Failed {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::NotFound => Self::NotThere,
            other => Self::Otherwise(other.into()),
        }
    }
}

impl From<ApiError> for Failed {
    fn from(error: ApiError) -> Self {
        Self::Otherwise(error)
    }
}

async fn open_whole(reader: &Reader, opened: &Opened, key: ObjectKey) -> Result<Response, Failed> {
    let opener = opened.key.opener_for(opened.found.document.owner, &key);
    let source = reader.app.objects.get(&key, None).await?;
    Ok(verified(reader, opened, key, decrypt(source, opener)).await?.into_response())
}

/// Reads the header, the segments that the part lies in, and the last one if nothing else says how long the file is.
async fn open_part(
    reader: &Reader,
    opened: &Opened,
    key: ObjectKey,
    known_bytes: Option<u64>,
    part: Part,
) -> Result<Response, Failed> {
    let damaged = |error| ApiError::of_stored("object", key, error);
    let app = &reader.app;
    let sealed_bytes = app.objects.length(&key).await?;
    let header = read(app, key, SealedFile::HEADER).await?;
    // The length is the store's word until it is proven.
    let file = SealedFile::new(&header, sealed_bytes).map_err(damaged)?;
    let bytes = file.clear_bytes();
    let last = file.last_segment().ok_or_else(|| damaged(CryptoError::Corrupt))?;
    let range = part.of(bytes);
    match known_bytes {
        Some(known) if known != bytes => return Err(damaged(CryptoError::Corrupt).into()),
        Some(_) => {}
        // What begins in the last segment is not answered before that opens.
        None if range.as_ref().is_some_and(|range| range.start >= last.start) => {}
        None => {
            let mut end = open_range(app, opened, key, &file, &last).await?;
            while end.try_next().await.map_err(|error| unanswered(key, error))?.is_some() {}
        }
    }
    let range = range.ok_or(ApiError::RangeNotThere { bytes })?;
    let body = verified(reader, opened, key, open_range(app, opened, key, &file, &range).await?).await?;
    let content = format!("bytes {}-{}/{bytes}", range.start, range.end - 1);
    let length = (range.end - range.start).to_string();
    Ok((StatusCode::PARTIAL_CONTENT, [(CONTENT_RANGE, content), (CONTENT_LENGTH, length)], body).into_response())
}

/// Gives a range of the plaintext, from the segments that it lies in.
async fn open_range(
    app: &App,
    opened: &Opened,
    key: ObjectKey,
    file: &SealedFile,
    range: &Range<u64>,
) -> Result<ByteStream, Failed> {
    let part = opened.key.part_opener_for(opened.found.document.owner, &key, file, range);
    let (sealed, opener) = part.map_err(|error| ApiError::of_stored("object", key, error))?;
    Ok(decrypt(app.objects.get(&key, Some(sealed)).await?, opener))
}

/// Reads a few bytes as they are stored; a store that gives more is not listened to.
async fn read(app: &App, key: ObjectKey, range: Range<u64>) -> Result<Vec<u8>, Failed> {
    let (mut source, mut bytes) = (app.objects.get(&key, Some(range.clone())).await?, Vec::new());
    while let Some(piece) = source.try_next().await.map_err(|error| unanswered(key, error))? {
        if (bytes.len() + piece.len()) as u64 > range.end - range.start {
            return Err(ApiError::of_stored("object", key, CryptoError::Corrupt).into());
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

async fn verified(reader: &Reader, opened: &Opened, key: ObjectKey, mut plain: ByteStream) -> Result<Body, ApiError> {
    let first = plain.next().await.transpose().map_err(|error| unanswered(key, error))?;
    let rest = plain.inspect_err(move |error| {
        if is_damage(error) {
            metrics::counter!("untxt_damaged_total", "what" => "object").increment(1);
        }
        tracing::error!(object.key = %key, %error, "an object can't be opened; the answer is broken off");
    });
    let whole = stream::iter(first.map(Ok)).chain(rest);
    Ok(Body::from_stream(reader.watch(opened.found.document.id, whole)))
}

/// Says why nothing of an object can be given.
fn unanswered(key: ObjectKey, error: io::Error) -> ApiError {
    match is_damage(&error) {
        true => ApiError::Damaged { what: "object", id: key.to_string() },
        false => ApiError::internal(error),
    }
}

/// Tells an object that does not open from a store that does not answer.
fn is_damage(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<CryptoError>())
}

/// Decrypts piece by piece: at most a segment and a piece of the source are in memory.
fn decrypt(source: ByteStream, opener: StreamOpener) -> ByteStream {
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
    plain.try_filter(|piece| std::future::ready(!piece.is_empty())).boxed()
}
