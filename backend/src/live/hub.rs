use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::extract::ws::Utf8Bytes;
use tokio::sync::broadcast;
use tokio_util::task::TaskTracker;
use untxt_core::domain::{EventSeq, OwnerId, SessionId, TaskEvent, TaskId};

/// News that wait for one owner's sockets. A socket that falls behind further is told to load everything again,
/// so more would only be memory.
const CAPACITY: usize = 256;

/// Sockets of one owner: many windows on many machines, but no flood.
const MAX_SOCKETS: usize = 64;

/// What a socket is told.
#[derive(Clone, Debug)]
pub(crate) enum News {
    Event(Arc<Message>),
    /// Where tasks stand; the frame is written once for all sockets.
    Places(Utf8Bytes),
    /// A document went to the trash, came back, or is gone.
    Document(Utf8Bytes),
    /// Events may have been missed.
    Resync,
    /// A session of this owner has ended in this process.
    SessionEnded(SessionId),
}

/// An event and its frame, written once for all sockets.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) task: TaskId,
    pub(crate) seq: EventSeq,
    pub(crate) frame: Utf8Bytes,
}

impl Message {
    pub(crate) fn new(event: &TaskEvent) -> Result<Self, serde_json::Error> {
        Ok(Self { task: event.task, seq: event.seq, frame: serde_json::to_string(event)?.into() })
    }
}

/// Who listens in this process.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    owners: Mutex<HashMap<OwnerId, broadcast::Sender<News>>>,
    sockets: TaskTracker,
}

/// One socket's place in the hub; dropping it leaves.
#[derive(Debug)]
pub(crate) struct Subscription {
    hub: Arc<Hub>,
    owner: OwnerId,
    receiver: broadcast::Receiver<News>,
}

impl Hub {
    /// Joins; `None` when the owner has too many sockets.
    pub(crate) fn subscribe(self: &Arc<Self>, owner: OwnerId) -> Option<Subscription> {
        let mut owners = self.lock();
        let sender = owners.entry(owner).or_insert_with(|| broadcast::channel(CAPACITY).0);
        if sender.receiver_count() >= MAX_SOCKETS {
            return None;
        }
        Some(Subscription { hub: Arc::clone(self), owner, receiver: sender.subscribe() })
    }

    pub(crate) fn has_listeners(&self, owner: OwnerId) -> bool {
        self.lock().contains_key(&owner)
    }

    /// Says whether nobody listens.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// Lists who listens.
    pub(crate) fn listeners(&self) -> Vec<OwnerId> {
        self.lock().keys().copied().collect()
    }

    pub(crate) fn publish(&self, owner: OwnerId, news: News) {
        if let Some(sender) = self.lock().get(&owner) {
            // An error says that nobody listens any more, which is as good.
            sender.send(news).ok();
        }
    }

    pub(crate) fn publish_to_all(&self, news: &News) {
        for sender in self.lock().values() {
            sender.send(news.clone()).ok();
        }
    }

    /// Counts the sockets that run, so that the end of the process can wait for them.
    pub(crate) fn sockets(&self) -> &TaskTracker {
        &self.sockets
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<OwnerId, broadcast::Sender<News>>> {
        self.owners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscription {
    /// Waits for the next news. A place that fell behind gets [`News::Resync`] and goes on with what is newest.
    pub(crate) async fn next(&mut self) -> News {
        match self.receiver.recv().await {
            Ok(news) => news,
            Err(broadcast::error::RecvError::Lagged(_) | broadcast::error::RecvError::Closed) => News::Resync,
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut owners = self.hub.lock();
        // This receiver still counts as one.
        if owners.get(&self.owner).is_some_and(|sender| sender.receiver_count() <= 1) {
            owners.remove(&self.owner);
        }
    }
}

#[cfg(test)]
mod tests {
    use untxt_core::domain::UserId;

    use super::*;

    fn owner() -> OwnerId {
        UserId::generate().as_owner()
    }

    #[tokio::test]
    async fn news_reach_their_owner_alone() {
        let (hub, alice, bob) = (Arc::new(Hub::default()), owner(), owner());
        let mut hers = hub.subscribe(alice).expect("a place");
        let mut his = hub.subscribe(bob).expect("a place");
        let session = SessionId::generate();
        hub.publish(alice, News::SessionEnded(session));
        hub.publish(bob, News::Resync);
        assert!(matches!(hers.next().await, News::SessionEnded(ended) if ended == session));
        assert!(matches!(his.next().await, News::Resync));
    }

    #[tokio::test]
    async fn a_slow_socket_is_told_to_load_again() {
        let (hub, alice) = (Arc::new(Hub::default()), owner());
        let mut slow = hub.subscribe(alice).expect("a place");
        for _ in 0..=CAPACITY {
            hub.publish(alice, News::SessionEnded(SessionId::generate()));
        }
        assert!(matches!(slow.next().await, News::Resync));
        assert!(matches!(slow.next().await, News::SessionEnded(_)));
    }

    #[test]
    fn the_last_one_to_leave_cleans_up() {
        let (hub, alice) = (Arc::new(Hub::default()), owner());
        let (first, second) = (hub.subscribe(alice), hub.subscribe(alice));
        drop(first);
        assert!(hub.has_listeners(alice));
        drop(second);
        assert!(!hub.has_listeners(alice));
    }

    #[test]
    fn one_owner_can_not_flood_the_hub() {
        let (hub, alice) = (Arc::new(Hub::default()), owner());
        let places: Vec<_> = (0..MAX_SOCKETS).map(|_| hub.subscribe(alice).expect("a place")).collect();
        assert!(hub.subscribe(alice).is_none());
        drop(places);
        assert!(hub.subscribe(alice).is_some());
    }
}
