use tokio_util::sync::CancellationToken;
use untxt_core::domain::{EventSeq, OwnerId, SessionId, TaskId, UserId};

use crate::Database;

/// What a listener is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notified {
    /// A task has a new event.
    Event {
        /// Whose task.
        owner: OwnerId,
        /// Which task.
        task: TaskId,
        /// Number of the event.
        seq: EventSeq,
    },
    /// A session was ended: close what hangs on it.
    SessionEnded {
        /// Whose session.
        user: UserId,
        /// Which session.
        session: SessionId,
    },
    /// Notifications may have been lost, also at the very start: read what came after the last seen, and check
    /// sessions.
    Resync,
}

/// One connection of its own that is told of events, and is made again whenever it breaks.
#[derive(Debug)]
pub struct Listener {
    _database: Database,
    _stop: CancellationToken,
}

impl Listener {
    /// Makes a listener; it connects when it is first asked. It lives outside the pool, with the same options.
    #[must_use]
    pub fn new(database: &Database, stop: CancellationToken) -> Self {
        Self { _database: database.clone(), _stop: stop }
    }

    /// Waits for the next notification; `None` only after the stop token. The first one is `Resync`, when the
    /// connection stands. It may be cancelled (`select!`) without losing anything.
    pub async fn next(&mut self) -> Option<Notified> {
        unimplemented!()
    }
}
