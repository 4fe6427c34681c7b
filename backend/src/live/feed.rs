use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::Duration,
};

use futures::FutureExt;
use metrics::histogram;
use untxt_core::{
    clock,
    domain::{EventSeq, OwnerId, TaskId, UserId},
};
use untxt_database::{
    events::{self, Concerned, Listener, Notified},
    shares,
};

use super::{
    frames,
    hub::{Message, News},
};
use crate::App;

/// Notifications that are looked at together: one query per task then answers for all of them.
const MAX_BATCH: usize = 256;

/// Events that one query may give; a task that has more new ones is told to load again.
const MAX_EVENTS: u32 = 500;

/// Tasks whose newest published event is remembered. Forgetting one costs nothing but a shorter look back.
const MAX_REMEMBERED: usize = 4096;

/// Carries the database's notifications to the hub until the process stops: the only listener of the process.
pub(crate) async fn feed(app: Arc<App>) {
    let mut listener = Listener::<Notified>::new(&app.db, app.lifecycle.stop_token());
    let mut feed = Feed { app, published: BTreeMap::new() };
    while let Some(first) = listener.next().await {
        let mut batch = Batch::default();
        batch.add(first);
        while batch.len < MAX_BATCH {
            match listener.next().now_or_never() {
                Some(Some(notified)) => batch.add(notified),
                _ => break,
            }
        }
        feed.publish(batch).await;
    }
}

/// What came together.
#[derive(Debug, Default)]
struct Batch {
    len: usize,
    is_resync: bool,
    news: Vec<(OwnerId, News)>,
    /// Who may see more or less than before.
    concerned: HashSet<Concerned>,
    /// The first new event of each task, in the order of ids.
    tasks: BTreeMap<(OwnerId, TaskId), EventSeq>,
}

impl Batch {
    fn add(&mut self, notified: Notified) {
        self.len += 1;
        match notified {
            Notified::Resync => self.is_resync = true,
            Notified::SessionEnded { user, session } => {
                self.news.push((user.as_owner(), News::SessionEnded(session)));
            }
            Notified::Rights(concerned) => _ = self.concerned.insert(concerned),
            Notified::Document { owner, document, change } => {
                // With whom it is shared learns nothing of it but that there is something to load.
                self.concerned.insert(Concerned::Owner(owner));
                self.news.push((owner, News::Document(frames::document(document, change))));
            }
            Notified::Event { owner, task, seq } => {
                let first = self.tasks.entry((owner, task)).or_insert(seq);
                *first = seq.min(*first);
            }
        }
    }
}

struct Feed {
    app: Arc<App>,
    /// The newest event that was published, by task.
    published: BTreeMap<TaskId, EventSeq>,
}

impl Feed {
    async fn publish(&mut self, batch: Batch) {
        let hub = Arc::clone(&self.app.hub);
        if batch.is_resync {
            // What was published is no longer all there was: begin anew with the next event of each task.
            self.published.clear();
            hub.publish_to_all(&News::Resync);
        }
        for (owner, news) in batch.news {
            hub.publish(owner, news);
        }
        for concerned in batch.concerned {
            self.tell_concerned(concerned).await;
        }
        for ((owner, task), first) in batch.tasks {
            if hub.is_empty() {
                self.published.remove(&task);
            } else if let Err(error) = self.publish_task(owner, task, first).await {
                tracing::warn!(task.id = %task, %error, "new events could not be read; listeners load again");
                self.published.remove(&task);
                hub.publish_to_all(&News::Resync);
            }
        }
    }

    /// Has those load again who may see something else now than before.
    async fn tell_concerned(&self, concerned: Concerned) {
        let hub = &self.app.hub;
        let owner = match concerned {
            Concerned::User(user) => return hub.publish(user.as_owner(), News::Resync),
            Concerned::Owner(_) if hub.is_empty() => return,
            Concerned::Owner(owner) => owner,
        };
        match self.list_sharees(owner).await {
            Ok(sharees) => sharees.into_iter().for_each(|user| hub.publish(user.as_owner(), News::Resync)),
            Err(error) => {
                tracing::warn!(%error, "nobody knows who is concerned; all listeners load again");
                hub.publish_to_all(&News::Resync);
            }
        }
    }

    async fn list_sharees(&self, owner: OwnerId) -> Result<Vec<UserId>, untxt_database::Error> {
        let mut tx = self.app.db.begin_as(owner).await?;
        shares::list_sharees(&mut tx, owner).await
    }

    /// Publishes every event of the task since the last published one, so that none is skipped and none comes twice.
    async fn publish_task(&mut self, owner: OwnerId, task: TaskId, first: EventSeq) -> Result<(), FeedError> {
        let seen = self.published.get(&task).copied().unwrap_or(EventSeq(first.0 - 1));
        let mut tx = self.app.db.begin_as(owner).await?;
        let events = events::after(&mut tx, task, seen, MAX_EVENTS).await?;
        let Some(first) = events.first() else { return Ok(()) };
        let mut readers = shares::list_readers(&mut tx, first.document).await?;
        drop(tx);
        let is_complete = events.len() < MAX_EVENTS as usize;
        let hub = &self.app.hub;
        readers.retain(|reader| hub.has_listeners(reader.as_owner()));
        if readers.is_empty() {
            self.published.remove(&task);
            return Ok(());
        }
        for event in &events {
            let lag = Duration::try_from(clock::now() - event.at).unwrap_or_default();
            histogram!("untxt_event_lag_seconds").record(lag);
            let message = Arc::new(Message::new(event)?);
            readers.iter().for_each(|reader| hub.publish(reader.as_owner(), News::Event(Arc::clone(&message))));
        }
        if !is_complete {
            readers.iter().for_each(|reader| hub.publish(reader.as_owner(), News::Resync));
        }
        match events.last() {
            Some(last) if !last.state.is_final() && is_complete => self.remember(task, last.seq),
            _ => _ = self.published.remove(&task),
        }
        Ok(())
    }

    fn remember(&mut self, task: TaskId, seq: EventSeq) {
        self.published.insert(task, seq);
        if self.published.len() > MAX_REMEMBERED {
            // Ids are ordered by time: the oldest task goes.
            self.published.pop_first();
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum FeedError {
    #[error(transparent)]
    Database(#[from] untxt_database::Error),
    #[error(transparent)]
    Frame(#[from] serde_json::Error),
}
