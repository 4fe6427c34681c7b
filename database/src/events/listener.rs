use std::{marker::PhantomData, time::Duration};

use serde::{Deserialize, Serialize};
use sqlx::{
    Executor,
    postgres::{PgListener, PgNotification, PgPoolOptions},
};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use untxt_core::domain::{DocumentId, EventSeq, OwnerId, SessionId, TaskId, UserId};

use crate::Database;

/// Silence after which the connection has to prove that it lives: a half-open one would be silent for ever.
const PROBE_AFTER: Duration = Duration::from_secs(15);
/// How long connecting and the proof may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// First and longest pause between attempts to connect.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// What a listener may be told.
pub trait Notification: Sized {
    /// The channels that say it.
    const CHANNELS: &'static [&'static str];
    /// Notifications may have been lost, also at the very start.
    const RESYNC: Self;

    /// Reads a payload of one of the channels.
    ///
    /// # Errors
    /// When it has another form: another version wrote it.
    fn read(channel: &str, payload: &str) -> serde_json::Result<Self>;
}

/// What a backend is told.
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
    /// A document went to the trash, came back, or is gone.
    Document {
        /// Whose.
        owner: OwnerId,
        /// Which.
        document: DocumentId,
        /// What happened to it.
        change: DocumentChange,
    },
    /// Somebody may see more or less than before.
    Rights(Concerned),
    /// Read what came after the last seen, and check sessions.
    Resync,
}

/// Whom a change of rights concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Concerned {
    /// This person.
    User(UserId),
    /// All with whom this owner shares something.
    Owner(OwnerId),
}

/// What happened to a whole document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentChange {
    /// It is in the trash now.
    Trashed,
    /// It is back from the trash.
    Restored,
    /// It was shredded.
    Deleted,
}

/// What a worker is told: tasks that were taken from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withdrawn {
    /// This task was stopped or deleted.
    Task(TaskId),
    /// Any task may have been.
    Resync,
}

/// One connection of its own that is told of events, and is made again whenever it breaks.
pub struct Listener<N> {
    notification: PhantomData<fn() -> N>,
    database: Database,
    stop: CancellationToken,
    connection: Option<PgListener>,
    /// When a silent connection must prove itself; kept here, because callers may cancel `next` all the time.
    probe_at: Instant,
    retry_at: Instant,
    backoff: Duration,
}

impl<N: Notification> Listener<N> {
    /// Makes a listener; it connects when it is first asked. It lives outside the pool, with the same options.
    #[must_use]
    pub fn new(database: &Database, stop: CancellationToken) -> Self {
        let now = Instant::now();
        Self {
            notification: PhantomData,
            database: database.clone(),
            stop,
            connection: None,
            probe_at: now,
            retry_at: now,
            backoff: BACKOFF.0,
        }
    }

    /// Waits for the next notification; `None` only after the stop token. The first one is the resync, when the
    /// connection stands. It may be cancelled (`select!`) without losing anything.
    pub async fn next(&mut self) -> Option<N> {
        let stop = self.stop.clone();
        tokio::select! {
            biased;
            () = stop.cancelled() => None,
            notified = self.next_unless_stopped() => Some(notified),
        }
    }

    async fn next_unless_stopped(&mut self) -> N {
        loop {
            let Some(connection) = &mut self.connection else {
                if self.reconnect().await {
                    return N::RESYNC;
                }
                continue;
            };
            match timeout_at(self.probe_at, connection.try_recv()).await {
                Ok(Ok(Some(notification))) => {
                    self.probe_at = Instant::now() + PROBE_AFTER;
                    // Something else on our channels is not for this version.
                    if let Some(notified) = read(&notification) {
                        return notified;
                    }
                }
                Ok(Ok(None)) => self.lose("closed"),
                Ok(Err(error)) => {
                    tracing::debug!(error = &error as &dyn std::error::Error, "listening failed");
                    self.lose("broken");
                }
                Err(_) => match timeout(ANSWER_WITHIN, connection.execute("select 1")).await {
                    Ok(Ok(_)) => self.probe_at = Instant::now() + PROBE_AFTER,
                    _ => self.lose("silent"),
                },
            }
        }
    }

    fn lose(&mut self, how: &'static str) {
        tracing::warn!(how, "the event connection is lost; connecting again");
        self.connection = None;
    }

    /// Waits its turn and tries once. The turn is taken before the attempt, so a cancelled attempt is not repeated
    /// in a busy loop.
    async fn reconnect(&mut self) -> bool {
        sleep_until(self.retry_at).await;
        self.retry_at = Instant::now() + self.backoff;
        self.backoff = (self.backoff * 2).min(BACKOFF.1);
        match timeout(ANSWER_WITHIN, listen(&self.database, N::CHANNELS)).await {
            Ok(Ok(connection)) => {
                tracing::info!("the event connection stands");
                self.connection = Some(connection);
                self.probe_at = Instant::now() + PROBE_AFTER;
                self.backoff = BACKOFF.0;
                true
            }
            Ok(Err(error)) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the event connection can't be made");
                false
            }
            Err(_) => {
                tracing::warn!("the event connection can't be made in time");
                false
            }
        }
    }
}

impl<N> std::fmt::Debug for Listener<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listener").field("is_connected", &self.connection.is_some()).finish_non_exhaustive()
    }
}

/// Connects with a pool of its own, because a listener keeps its connection for ever; a lost one is dropped with it.
async fn listen(database: &Database, channels: &[&'static str]) -> Result<PgListener, sqlx::Error> {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(ANSWER_WITHIN)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with(database.listener_options());
    let mut listener = PgListener::connect_with(&pool).await?;
    // We make a new one instead, and say so.
    listener.eager_reconnect(false);
    listener.listen_all(channels.iter().copied()).await?;
    Ok(listener)
}

#[derive(Deserialize)]
struct EventPayload {
    owner: OwnerId,
    task: TaskId,
    seq: EventSeq,
}

#[derive(Deserialize)]
struct DocumentPayload {
    owner: OwnerId,
    document: DocumentId,
    change: DocumentChange,
}

#[derive(Deserialize)]
struct SessionPayload {
    user: UserId,
    session: SessionId,
}

impl Notification for Notified {
    const CHANNELS: &'static [&'static str] = &["task_events", "session_ended", "document_changes", "rights_changed"];
    const RESYNC: Self = Self::Resync;

    fn read(channel: &str, payload: &str) -> serde_json::Result<Self> {
        Ok(match channel {
            "task_events" => {
                let EventPayload { owner, task, seq } = serde_json::from_str(payload)?;
                Self::Event { owner, task, seq }
            }
            "document_changes" => {
                let DocumentPayload { owner, document, change } = serde_json::from_str(payload)?;
                Self::Document { owner, document, change }
            }
            "rights_changed" => Self::Rights(serde_json::from_str(payload)?),
            _ => {
                let SessionPayload { user, session } = serde_json::from_str(payload)?;
                Self::SessionEnded { user, session }
            }
        })
    }
}

#[derive(Deserialize)]
struct WithdrawnPayload {
    task: TaskId,
}

impl Notification for Withdrawn {
    const CHANNELS: &'static [&'static str] = &["task_withdrawn"];
    const RESYNC: Self = Self::Resync;

    fn read(_channel: &str, payload: &str) -> serde_json::Result<Self> {
        serde_json::from_str(payload).map(|WithdrawnPayload { task }| Self::Task(task))
    }
}

fn read<N: Notification>(notification: &PgNotification) -> Option<N> {
    let read = N::read(notification.channel(), notification.payload());
    if read.is_err() {
        tracing::warn!(channel = notification.channel(), "a notification of another form was skipped");
    }
    read.ok()
}
