//! A queue and a store in memory, which can be told to be away.

use std::{
    collections::{HashMap, VecDeque},
    ops::Range,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use tokio::sync::{Notify, oneshot};
use untxt_core::{
    domain::DocumentId,
    queue::{Delivery, Queue, QueueEntry, QueueError},
    storage::{ByteStream, Listing, ObjectKey, ObjectStore, StorageError, StoredObject},
};

fn away() -> Box<dyn std::error::Error + Send + Sync> {
    "told to be away".into()
}

#[derive(Debug, Default)]
pub(crate) struct MemoryQueue {
    waiting: Mutex<VecDeque<QueueEntry>>,
    pushed: Notify,
    /// Entries that were taken, and those of them that were acknowledged.
    pub(crate) taken: AtomicUsize,
    pub(crate) acknowledged: AtomicUsize,
    pub(crate) is_away: AtomicBool,
}

impl MemoryQueue {
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.lock().expect("the queue").len()
    }
}

#[async_trait]
impl Queue for MemoryQueue {
    async fn push(&self, entry: &QueueEntry) -> Result<(), QueueError> {
        if self.is_away.load(Ordering::SeqCst) {
            return Err(QueueError::Unavailable(away()));
        }
        self.waiting.lock().expect("the queue").push_back(*entry);
        self.pushed.notify_waiters();
        Ok(())
    }

    async fn take(&self, max: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError> {
        let pushed = self.pushed.notified();
        tokio::pin!(pushed);
        pushed.as_mut().enable();
        if self.is_away.load(Ordering::SeqCst) {
            return Err(QueueError::Unavailable(away()));
        }
        if self.waiting.lock().expect("the queue").is_empty() {
            let _ = tokio::time::timeout(wait, pushed).await;
        }
        let mut waiting = self.waiting.lock().expect("the queue");
        let count = waiting.len().min(max);
        self.taken.fetch_add(count, Ordering::SeqCst);
        Ok(waiting
            .drain(..count)
            .map(|entry| Delivery { queue: entry.queue, id: "1-1".to_owned(), entry: Some(entry) })
            .collect())
    }

    async fn reclaim(&self, _max: usize, _idle: Duration) -> Result<Vec<Delivery>, QueueError> {
        Ok(Vec::new())
    }

    async fn acknowledge(&self, _delivery: &Delivery) -> Result<(), QueueError> {
        self.acknowledged.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

/// A door that stands open until it is closed, for one.
#[derive(Debug, Default)]
pub(crate) struct Gate(Mutex<Option<(oneshot::Sender<()>, oneshot::Receiver<()>)>>);

impl Gate {
    /// Holds the next one: the first end tells that it is there, the second lets it go on.
    pub(crate) fn close(&self) -> (oneshot::Receiver<()>, oneshot::Sender<()>) {
        let ((arrived, has_arrived), (let_go, go_on)) = (oneshot::channel(), oneshot::channel());
        *self.0.lock().expect("the gate") = Some((arrived, go_on));
        (has_arrived, let_go)
    }

    async fn pass(&self) {
        let held = self.0.lock().expect("the gate").take();
        if let Some((arrived, go_on)) = held {
            arrived.send(()).expect("somebody waits");
            // Whoever let go of the other end lets it pass, too.
            let _ = go_on.await;
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct MemoryObjects {
    objects: Mutex<HashMap<ObjectKey, Bytes>>,
    pub(crate) before_list: Gate,
    pub(crate) before_put: Gate,
    pub(crate) is_away: AtomicBool,
    pub(crate) takes_no_receipt: AtomicBool,
    /// Uploads in parts that somebody left open, one for each entry.
    pub(crate) uploads: Mutex<Vec<DocumentId>>,
}

impl MemoryObjects {
    pub(crate) fn count(&self) -> usize {
        self.objects.lock().expect("the objects").keys().filter(|key| key.document().is_some()).count()
    }

    /// Puts something else in the place of an object, or nothing.
    pub(crate) fn change(&self, key: &ObjectKey, bytes: Option<Bytes>) {
        let mut objects = self.objects.lock().expect("the store");
        match bytes {
            Some(bytes) => _ = objects.insert(*key, bytes),
            None => _ = objects.remove(key),
        }
    }

    /// Loses everything of a document.
    pub(crate) fn forget(&self, document: DocumentId) {
        self.objects.lock().expect("the store").retain(|key, _| key.document() != Some(document));
    }

    pub(crate) fn sealed(&self, key: &ObjectKey) -> Option<Bytes> {
        self.objects.lock().expect("the objects").get(key).cloned()
    }

    fn answer(&self) -> Result<(), StorageError> {
        if self.is_away.load(Ordering::SeqCst) { Err(StorageError::Unavailable(away())) } else { Ok(()) }
    }
}

#[async_trait]
impl ObjectStore for MemoryObjects {
    async fn put(&self, key: &ObjectKey, body: ByteStream) -> Result<u64, StorageError> {
        self.answer()?;
        self.before_put.pass().await;
        if matches!(key, ObjectKey::Receipt(_)) && self.takes_no_receipt.load(Ordering::SeqCst) {
            return Err(StorageError::Unavailable(away()));
        }
        let pieces: Vec<Bytes> = body.try_collect().await.map_err(StorageError::Interrupted)?;
        let object = Bytes::from(pieces.concat());
        let length = object.len() as u64;
        self.objects.lock().expect("the objects").insert(*key, object);
        Ok(length)
    }

    async fn get(&self, key: &ObjectKey, _range: Option<Range<u64>>) -> Result<ByteStream, StorageError> {
        self.answer()?;
        let object = self.sealed(key).ok_or(StorageError::NotFound)?;
        // Odd pieces, as a network gives them.
        let pieces: Vec<_> = object.chunks(70_001).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        Ok(stream::iter(pieces).boxed())
    }

    async fn length(&self, key: &ObjectKey) -> Result<u64, StorageError> {
        self.answer()?;
        Ok(self.sealed(key).ok_or(StorageError::NotFound)?.len() as u64)
    }

    async fn delete(&self, keys: &[ObjectKey]) -> Result<(), StorageError> {
        self.answer()?;
        let mut objects = self.objects.lock().expect("the objects");
        for key in keys {
            objects.remove(key);
        }
        Ok(())
    }

    async fn list(&self, _: Option<String>) -> Result<Listing, StorageError> {
        self.answer()?;
        self.before_list.pass().await;
        let objects = self.objects.lock().expect("the objects");
        let objects = objects
            .keys()
            .filter(|key| key.document().is_some())
            .map(|&key| StoredObject { key, stored_at: 0 })
            .collect();
        Ok(Listing { objects, ..Listing::default() })
    }

    async fn list_document(&self, document: DocumentId, next: Option<String>) -> Result<Listing, StorageError> {
        let prefix = format!("documents/{document}/");
        let mut listing = self.list(next).await?;
        listing.objects.retain(|object| object.key.to_string().starts_with(&prefix));
        Ok(listing)
    }

    async fn list_receipts(&self, _: Option<String>) -> Result<Listing, StorageError> {
        unreachable!("only an import asks")
    }

    async fn abort_uploads(&self, document: DocumentId) -> Result<usize, StorageError> {
        self.answer()?;
        let mut uploads = self.uploads.lock().expect("the uploads");
        let before = uploads.len();
        uploads.retain(|upload| *upload != document);
        Ok(before - uploads.len())
    }

    async fn probe(&self) -> Result<(), StorageError> {
        self.answer()
    }
}
