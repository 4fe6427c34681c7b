//! Objects and wake-ups in memory and a key service, with faults on demand.

use std::{
    collections::HashMap,
    ops::Range,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use tokio::sync::oneshot;
use untxt_core::{
    crypto::{KeyContext, Kms, KmsError, WrappedKey},
    domain::DocumentId,
    queue::{Delivery, Queue, QueueEntry, QueueError},
    storage::{ByteStream, Listing, ObjectKey, ObjectStore, StorageError, StoredObject},
};
use zeroize::Zeroizing;

#[derive(Debug, Default)]
pub(crate) struct MemoryStore {
    objects: Mutex<HashMap<ObjectKey, Vec<u8>>>,
    pub(crate) is_down: AtomicBool,
    /// Stores the object, then panics.
    pub(crate) panics: AtomicBool,
    pub(crate) puts: AtomicUsize,
    /// Of objects, by all reads.
    pub(crate) bytes_read: Arc<AtomicUsize>,
    /// What it says of every object's length, whatever is true.
    pub(crate) claimed_bytes: Mutex<Option<u64>>,
    /// Gives everything, whatever part was asked for.
    pub(crate) ignores_ranges: AtomicBool,
    gate: Mutex<Option<Gate>>,
}

/// Where the next read waits.
#[derive(Debug)]
struct Gate {
    arrived: oneshot::Sender<()>,
    go_on: oneshot::Receiver<()>,
}

impl MemoryStore {
    pub(crate) fn keys(&self) -> Vec<ObjectKey> {
        self.objects.lock().expect("objects").keys().copied().collect()
    }

    pub(crate) fn bytes(&self, key: ObjectKey) -> Vec<u8> {
        self.objects.lock().expect("objects").get(&key).expect("the object").clone()
    }

    pub(crate) fn insert(&self, key: ObjectKey, bytes: Vec<u8>) {
        self.objects.lock().expect("objects").insert(key, bytes);
    }

    /// Holds the next read: the first end tells that it is there, the second lets it go on.
    pub(crate) fn hold_next_get(&self) -> (oneshot::Receiver<()>, oneshot::Sender<()>) {
        let ((arrived, has_arrived), (let_go, go_on)) = (oneshot::channel(), oneshot::channel());
        *self.gate.lock().expect("the gate") = Some(Gate { arrived, go_on });
        (has_arrived, let_go)
    }

    fn check(&self) -> Result<(), StorageError> {
        if self.is_down.load(Ordering::SeqCst) { Err(StorageError::Unavailable("switched off".into())) } else { Ok(()) }
    }
}

#[async_trait]
impl ObjectStore for MemoryStore {
    async fn put(&self, key: &ObjectKey, mut body: ByteStream) -> Result<u64, StorageError> {
        self.check()?;
        self.puts.fetch_add(1, Ordering::SeqCst);
        let mut bytes = Vec::new();
        while let Some(piece) = body.try_next().await.map_err(StorageError::Interrupted)? {
            self.check()?;
            bytes.extend_from_slice(&piece);
        }
        let length = bytes.len() as u64;
        self.insert(*key, bytes);
        assert!(!self.panics.load(Ordering::SeqCst), "as told");
        Ok(length)
    }

    async fn get(&self, key: &ObjectKey, range: Option<Range<u64>>) -> Result<ByteStream, StorageError> {
        self.check()?;
        let gate = self.gate.lock().expect("the gate").take();
        if let Some(Gate { arrived, go_on }) = gate {
            arrived.send(()).expect("somebody waits");
            go_on.await.expect("somebody lets it go on");
        }
        let objects = self.objects.lock().expect("objects");
        let bytes = objects.get(key).ok_or(StorageError::NotFound)?;
        let range = range.filter(|_| !self.ignores_ranges.load(Ordering::SeqCst));
        let range = range.map_or(0..bytes.len(), |range| {
            let at = |byte| usize::try_from(byte).expect("small");
            at(range.start).min(bytes.len())..at(range.end).min(bytes.len())
        });
        // Pieces of an odd size, as a network gives them.
        let pieces: Vec<_> = bytes[range].chunks(100_003).map(Bytes::copy_from_slice).collect();
        let bytes_read = Arc::clone(&self.bytes_read);
        let taken = move |piece: &Bytes| {
            bytes_read.fetch_add(piece.len(), Ordering::SeqCst);
        };
        Ok(stream::iter(pieces).inspect(taken).map(Ok).boxed())
    }

    async fn length(&self, key: &ObjectKey) -> Result<u64, StorageError> {
        self.check()?;
        let length = self.objects.lock().expect("objects").get(key).ok_or(StorageError::NotFound)?.len() as u64;
        Ok(self.claimed_bytes.lock().expect("a length").unwrap_or(length))
    }

    async fn delete(&self, keys: &[ObjectKey]) -> Result<(), StorageError> {
        self.check()?;
        let mut objects = self.objects.lock().expect("objects");
        for key in keys {
            objects.remove(key);
        }
        Ok(())
    }

    async fn list(&self, _: Option<String>) -> Result<Listing, StorageError> {
        self.check()?;
        let objects = self.keys().into_iter().map(|key| StoredObject { key, stored_at: 0 }).collect();
        Ok(Listing { objects, ..Listing::default() })
    }

    async fn list_document(&self, _: DocumentId, _: Option<String>) -> Result<Listing, StorageError> {
        unreachable!("only workers ask")
    }

    async fn list_receipts(&self, _: Option<String>) -> Result<Listing, StorageError> {
        unreachable!("only an import asks")
    }

    async fn abort_uploads(&self, _: DocumentId) -> Result<usize, StorageError> {
        unreachable!("only workers ask")
    }

    async fn probe(&self) -> Result<(), StorageError> {
        self.check()
    }
}

#[derive(Debug, Default)]
pub(crate) struct MemoryQueue {
    pub(crate) entries: Mutex<Vec<QueueEntry>>,
    pub(crate) is_down: AtomicBool,
}

#[async_trait]
impl Queue for MemoryQueue {
    async fn push(&self, entry: &QueueEntry) -> Result<(), QueueError> {
        if self.is_down.load(Ordering::SeqCst) {
            return Err(QueueError::Unavailable("switched off".into()));
        }
        self.entries.lock().expect("entries").push(*entry);
        Ok(())
    }

    async fn take(&self, _: usize, _: Duration) -> Result<Vec<Delivery>, QueueError> {
        Ok(Vec::new())
    }

    async fn reclaim(&self, _: usize, _: Duration) -> Result<Vec<Delivery>, QueueError> {
        Ok(Vec::new())
    }

    async fn acknowledge(&self, _: &Delivery) -> Result<(), QueueError> {
        Ok(())
    }
}

/// A key service that can be switched off, or made to deny.
#[derive(Debug)]
pub(crate) struct KmsSwitch {
    kms: Arc<dyn Kms>,
    pub(crate) is_down: AtomicBool,
    pub(crate) denies: AtomicBool,
}

impl KmsSwitch {
    pub(crate) fn new(kms: Arc<dyn Kms>) -> Self {
        Self { kms, is_down: AtomicBool::default(), denies: AtomicBool::default() }
    }

    fn check(&self) -> Result<(), KmsError> {
        if self.is_down.load(Ordering::SeqCst) {
            return Err(KmsError::Unavailable("switched off".into()));
        }
        if self.denies.load(Ordering::SeqCst) { Err(KmsError::Denied("as told".into())) } else { Ok(()) }
    }
}

#[async_trait]
impl Kms for KmsSwitch {
    fn key_id(&self) -> String {
        self.kms.key_id()
    }

    fn holds(&self, key_id: &str) -> bool {
        self.kms.holds(key_id)
    }

    async fn wrap(&self, key: &[u8], context: &KeyContext) -> Result<WrappedKey, KmsError> {
        self.check()?;
        self.kms.wrap(key, context).await
    }

    async fn unwrap(&self, id: &str, wrapped: &[u8], context: &KeyContext) -> Result<Zeroizing<Vec<u8>>, KmsError> {
        self.check()?;
        self.kms.unwrap(id, wrapped, context).await
    }
}
