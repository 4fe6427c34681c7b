//! The one pass over an upload: count, hash, seal, put.

use std::io;

use aws_lc_rs::digest::{self, SHA256};
use bytes::Bytes;
use futures::{StreamExt, stream};
use tokio::sync::mpsc;
use untxt_core::{
    crypto::{DocumentKey, StreamSealer},
    domain::OwnerId,
    storage::{ByteStream, ObjectKey},
};

use super::part::FilePart;
use crate::{App, problem::ApiError};

/// Sealed pieces that wait for the store: each up to 1 MiB. When they are full the upload waits.
const CAPACITY: usize = 2;

/// What was found out about a file while it passed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Received {
    pub(super) size_bytes: u64,
    pub(super) sha256: [u8; 32],
}

/// Seals a file into the store. After an error nothing that could be read is left behind.
pub(super) async fn receive(
    app: &App,
    owner: OwnerId,
    object: ObjectKey,
    key: &DocumentKey,
    part: FilePart,
) -> Result<Received, ApiError> {
    let sealer = key.sealer_for(owner, &object)?;
    let (pieces, sealed) = mpsc::channel(CAPACITY);
    let body: ByteStream = stream::unfold(sealed, |mut sealed| async { Some((sealed.recv().await?, sealed)) }).boxed();
    let (sent, stored) = tokio::join!(send(part, sealer, pieces), app.objects.put(&object, body));
    match (sent, stored) {
        (Ok(received), Ok(_)) => Ok(received),
        // The store gave up first: what the sender says of it is only "gone".
        (Ok(_) | Err(ApiError::StorageUnavailable(_)), Err(error)) => Err(error.into()),
        (Err(error), _) => Err(error),
    }
}

/// Reads a file without keeping it, to compare it with one that is stored.
pub(super) async fn measure(mut part: FilePart) -> Result<Received, ApiError> {
    let mut measure = Measure::default();
    while let Some(piece) = part.next().await? {
        measure.add(&piece);
    }
    part.end().await?;
    Ok(measure.finish())
}

async fn send(
    part: FilePart,
    sealer: StreamSealer,
    pieces: mpsc::Sender<io::Result<Bytes>>,
) -> Result<Received, ApiError> {
    let sent = seal(part, sealer, &pieces).await;
    if sent.is_err() {
        // The store must not take what came so far for the whole; if it is gone already, it won't.
        pieces.send(Err(io::Error::other("the upload broke off"))).await.ok();
    }
    sent
}

async fn seal(
    mut part: FilePart,
    mut sealer: StreamSealer,
    pieces: &mpsc::Sender<io::Result<Bytes>>,
) -> Result<Received, ApiError> {
    let mut measure = Measure::default();
    while let Some(piece) = part.next().await? {
        measure.add(&piece);
        pass_on(sealer.update(&piece)?, pieces).await?;
    }
    part.end().await?;
    pass_on(sealer.finish()?, pieces).await?;
    Ok(measure.finish())
}

async fn pass_on(sealed: Bytes, pieces: &mpsc::Sender<io::Result<Bytes>>) -> Result<(), ApiError> {
    if sealed.is_empty() {
        return Ok(());
    }
    pieces.send(Ok(sealed)).await.map_err(|_| ApiError::StorageUnavailable("the store took no more".into()))
}

struct Measure {
    size_bytes: u64,
    sha256: digest::Context,
}

impl Default for Measure {
    fn default() -> Self {
        Self { size_bytes: 0, sha256: digest::Context::new(&SHA256) }
    }
}

impl Measure {
    fn add(&mut self, piece: &[u8]) {
        self.size_bytes += piece.len() as u64;
        self.sha256.update(piece);
    }

    fn finish(self) -> Received {
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(self.sha256.finish().as_ref());
        Received { size_bytes: self.size_bytes, sha256 }
    }
}
