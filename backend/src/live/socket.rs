use std::{collections::HashMap, ops::ControlFlow, sync::Arc, time::Duration};

use axum::{
    extract::{
        State,
        ws::{
            CloseFrame, Message as Frame, Utf8Bytes, WebSocket, WebSocketUpgrade, rejection::WebSocketUpgradeRejection,
        },
    },
    response::Response,
};
use http::HeaderMap;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use untxt_core::domain::{EventSeq, TaskEvent, TaskId};
use untxt_database::events;

use super::{
    frames::{self, Follow},
    hub::{Message, News, Subscription},
};
use crate::{App, problem::ApiError, session::Actor};

/// What clients send is one line; anything longer is not from our pages.
const MAX_FRAME_BYTES: usize = 1024;

/// Frames a client may send at once, and how fast it may go on.
const MAX_BURST: u32 = 32;
const REFILL: Duration = Duration::from_millis(500);

const PING: Duration = Duration::from_secs(20);

/// Three pings without any answer: nobody is there.
const SILENCE_LIMIT: Duration = Duration::from_secs(65);

/// Logouts elsewhere usually come by notification; this is the backstop.
const SESSION_CHECK: Duration = Duration::from_secs(5);

/// A client that takes no bytes for so long is dropped instead of buffered for.
const SEND_LIMIT: Duration = Duration::from_secs(10);

/// Events of one query of a replay, and queries of one replay.
const REPLAY_BATCH: u32 = 500;
const REPLAY_BATCHES: usize = 100;

/// Tasks that one socket may follow at a time.
const MAX_FOLLOWED: usize = 256;

/// How a socket ends (RFC 6455 §7.4; 4000 and up are ours).
#[derive(Clone, Copy, Debug)]
enum Ending {
    /// The process stops: connect again.
    GoingAway,
    /// The client broke the rules.
    Policy,
    /// The session has ended: log in.
    LoggedOut,
    /// Nobody is there to be told.
    Gone,
}

/// Opens a socket for a live session, from our own pages only.
#[utoipa::path(get, path = "/api/v1/live", responses((status = 101, description = "a socket")))]
pub(super) async fn open(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    actor: Actor,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    if !app.site.is_origin_of(&headers) {
        return Err(ApiError::WrongOrigin);
    }
    actor.begin(&app).await?.commit().await?;
    let upgrade = upgrade?.max_message_size(MAX_FRAME_BYTES).max_frame_size(MAX_FRAME_BYTES);
    let news = app.hub.subscribe(actor.owner()).ok_or(ApiError::TooManySockets)?;
    Ok(upgrade.on_upgrade(move |socket| {
        let tracker = app.hub.sockets().clone();
        let live = Live { app, actor, socket, followed: HashMap::new(), heard: Instant::now(), budget: MAX_BURST };
        tracker.track_future(live.run(news))
    }))
}

/// One open socket.
struct Live {
    app: Arc<App>,
    actor: Actor,
    socket: WebSocket,
    /// The newest event that was sent of each followed task.
    followed: HashMap<TaskId, EventSeq>,
    heard: Instant,
    budget: u32,
}

/// What happens next to a socket.
enum Turn {
    Stop,
    News(News),
    Frame(Option<Result<Frame, axum::Error>>),
    Ping,
    CheckSession,
    Refill,
}

type Step = ControlFlow<Ending>;

const GO_ON: Step = ControlFlow::Continue(());

impl Live {
    async fn run(mut self, mut news: Subscription) {
        let stop = self.app.lifecycle.stop_token();
        let (mut ping, mut check, mut refill) = (ticks(PING), ticks(SESSION_CHECK), ticks(REFILL));
        let mut step = self.send(frames::hello(self.actor.user)).await;
        while step.is_continue() {
            let turn = tokio::select! {
                () = stop.cancelled() => Turn::Stop,
                news = news.next() => Turn::News(news),
                frame = self.socket.recv() => Turn::Frame(frame),
                _ = ping.tick() => Turn::Ping,
                _ = check.tick() => Turn::CheckSession,
                _ = refill.tick() => Turn::Refill,
            };
            step = self.take(turn).await;
        }
        if let ControlFlow::Break(ending) = step {
            self.close(ending).await;
        }
    }

    async fn take(&mut self, turn: Turn) -> Step {
        match turn {
            Turn::Stop => ControlFlow::Break(Ending::GoingAway),
            Turn::News(News::SessionEnded(session)) if Some(session) == self.actor.session() => {
                ControlFlow::Break(Ending::LoggedOut)
            }
            Turn::News(News::SessionEnded(_)) => GO_ON,
            Turn::News(News::Resync) => self.resync().await,
            Turn::News(News::Places(frame) | News::Document(frame)) => self.send(frame).await,
            Turn::News(News::Event(message)) => self.send_event(&message).await,
            Turn::Frame(Some(Ok(frame))) => self.hear(frame).await,
            Turn::Frame(Some(Err(_)) | None) => ControlFlow::Break(Ending::Gone),
            Turn::Ping if self.heard.elapsed() > SILENCE_LIMIT => ControlFlow::Break(Ending::Gone),
            Turn::Ping => self.send_frame(Frame::Ping(bytes::Bytes::new())).await,
            Turn::CheckSession => self.check_session().await,
            Turn::Refill => {
                self.budget = MAX_BURST.min(self.budget + 1);
                GO_ON
            }
        }
    }

    /// Sends an event, unless the replay of a followed task already has.
    async fn send_event(&mut self, message: &Message) -> Step {
        if let Some(sent) = self.followed.get(&message.task).copied() {
            if message.seq <= sent {
                return GO_ON;
            }
            if message.seq.0 > sent.0 + 1 {
                return self.replay(message.task, sent).await;
            }
            self.followed.insert(message.task, message.seq);
        }
        self.send(message.frame.clone()).await
    }

    async fn hear(&mut self, frame: Frame) -> Step {
        self.heard = Instant::now();
        let Some(budget) = self.budget.checked_sub(1) else { return ControlFlow::Break(Ending::Policy) };
        self.budget = budget;
        match frame {
            Frame::Text(text) => match serde_json::from_str::<Follow>(&text) {
                Ok(Follow { follow, after }) => self.follow(follow, after).await,
                Err(_) => ControlFlow::Break(Ending::Policy),
            },
            Frame::Binary(_) => ControlFlow::Break(Ending::Policy),
            Frame::Ping(_) | Frame::Pong(_) => GO_ON,
            Frame::Close(_) => ControlFlow::Break(Ending::Gone),
        }
    }

    async fn follow(&mut self, task: TaskId, after: EventSeq) -> Step {
        if self.followed.len() >= MAX_FOLLOWED && !self.followed.contains_key(&task) {
            // Forgetting one only means that an event may come twice; clients ignore numbers they have seen.
            self.followed.clear();
        }
        self.replay(task, after).await
    }

    /// Sends what the table has after `after`. A foreign task has nothing: row-level security answers for it.
    async fn replay(&mut self, task: TaskId, after: EventSeq) -> Step {
        let mut sent = after;
        for _ in 0..REPLAY_BATCHES {
            let events = match load_events(&self.app, self.actor, task, sent).await {
                Ok(events) => events,
                Err(error) => {
                    tracing::warn!(task.id = %task, %error, "events could not be replayed");
                    return self.resync().await;
                }
            };
            for event in &events {
                let Ok(message) = Message::new(event) else { return self.resync().await };
                self.send(message.frame).await?;
                sent = event.seq;
            }
            if events.len() < REPLAY_BATCH as usize {
                self.followed.insert(task, sent);
                return GO_ON;
            }
        }
        self.resync().await
    }

    /// Tells the client to load again, and forgets what was sent: the client asks to follow anew.
    async fn resync(&mut self) -> Step {
        self.followed.clear();
        self.send(frames::resync()).await
    }

    async fn check_session(&mut self) -> Step {
        let (app, actor) = (Arc::clone(&self.app), self.actor);
        match actor.is_live(&app).await {
            Ok(true) => GO_ON,
            Ok(false) => ControlFlow::Break(Ending::LoggedOut),
            // Without the database nobody can say; events can't come either, and the next check will tell.
            Err(error) => {
                tracing::warn!(%error, "the session of a socket could not be checked");
                GO_ON
            }
        }
    }

    async fn send(&mut self, text: Utf8Bytes) -> Step {
        self.send_frame(Frame::Text(text)).await
    }

    async fn send_frame(&mut self, frame: Frame) -> Step {
        match timeout(SEND_LIMIT, self.socket.send(frame)).await {
            Ok(Ok(())) => GO_ON,
            Ok(Err(_)) | Err(_) => ControlFlow::Break(Ending::Gone),
        }
    }

    /// Says why, and waits a moment for the client's answer, so that the reason arrives before the connection ends.
    async fn close(mut self, ending: Ending) {
        let Some(frame) = ending.frame() else { return };
        if self.send_frame(Frame::Close(Some(frame))).await.is_continue() {
            let answer = async { while let Some(Ok(_)) = self.socket.recv().await {} };
            timeout(Duration::from_secs(2), answer).await.ok();
        }
    }
}

async fn load_events(
    app: &Arc<App>,
    actor: Actor,
    task: TaskId,
    after: EventSeq,
) -> Result<Vec<TaskEvent>, untxt_database::Error> {
    let mut tx = app.db.begin_as(actor.user).await?;
    events::after(&mut tx, task, after, REPLAY_BATCH).await
}

impl Ending {
    fn frame(self) -> Option<CloseFrame> {
        let (code, reason) = match self {
            Self::GoingAway => (1001, "the server restarts"),
            Self::Policy => (1008, "this is not understood here"),
            Self::LoggedOut => (4401, "the session has ended"),
            Self::Gone => return None,
        };
        Some(CloseFrame { code, reason: Utf8Bytes::from_static(reason) })
    }
}

fn ticks(period: Duration) -> tokio::time::Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.reset();
    ticks
}
