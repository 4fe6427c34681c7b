use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest, protocol::CloseFrame},
};
use untxt_core::domain::TaskId;

use crate::{
    app::ORIGIN,
    people::{Person, pdf},
    server::Running,
    worker::Worker,
};

pub(crate) struct Socket(WebSocketStream<TlsStream<TcpStream>>);

async fn open(running: &Running, cookie: &str, origin: Option<&str>) -> Result<Socket, u16> {
    let mut request = "wss://localhost/api/v1/live".into_client_request().expect("a request");
    let headers = request.headers_mut();
    headers.insert("cookie", cookie.parse().expect("a cookie"));
    if let Some(origin) = origin {
        headers.insert("origin", origin.parse().expect("an origin"));
    }
    match client_async(request, running.connect().await).await {
        Ok((socket, _)) => Ok(Socket(socket)),
        Err(Error::Http(answer)) => Err(answer.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

impl Socket {
    pub(crate) async fn of(running: &Running, person: &Person) -> Self {
        let mut socket = open(running, &person.cookie(), Some(ORIGIN)).await.expect("a socket");
        assert_eq!(socket.next().await, json!({ "type": "hello", "user": person.id }));
        socket
    }

    async fn frame(&mut self) -> Message {
        timeout(Duration::from_secs(10), self.0.next()).await.expect("in time").expect("a frame").expect("good")
    }

    async fn next(&mut self) -> Value {
        loop {
            match self.frame().await {
                Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
                Message::Ping(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Gives the next event; the listener begins with a resync, which may come at any time early on, and places in the
    /// queue are told beside the events.
    async fn event(&mut self) -> Value {
        loop {
            let value = self.next().await;
            if value["type"] != "resync" && value["type"] != "places" {
                return value;
            }
        }
    }

    async fn next_but_places(&mut self) -> Value {
        loop {
            let value = self.next().await;
            if value["type"] != "places" {
                return value;
            }
        }
    }

    /// Gives the next frame that says where tasks stand.
    async fn places(&mut self) -> Value {
        loop {
            let value = self.next().await;
            if value["type"] == "places" {
                return value;
            }
        }
    }

    pub(crate) async fn close_code(&mut self) -> u16 {
        loop {
            match self.frame().await {
                Message::Close(Some(CloseFrame { code, .. })) => return code.into(),
                Message::Close(None) => panic!("no reason"),
                _ => {}
            }
        }
    }

    async fn say(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.expect("sent");
    }

    async fn is_silent(&mut self) -> bool {
        let wait = async {
            loop {
                let value = self.next().await;
                if value["type"] != "resync" && value["type"] != "places" {
                    return value;
                }
            }
        };
        timeout(Duration::from_millis(400), wait).await.is_err()
    }
}

async fn upload(running: &Running, person: &Person) -> TaskId {
    let document = person.upload(&running.app, "a.pdf", &pdf(100)).await.json();
    document["task"]["id"].as_str().expect("an id").parse().expect("an id")
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_live_session_on_our_pages_opens_a_socket() {
    let running = Running::start().await;
    let ada = running.app.person("ada").await;
    for origin in [None, Some("https://evil.example"), Some("null"), Some("http://localhost:8443")] {
        assert_eq!(open(&running, &ada.cookie(), origin).await.err(), Some(403), "{origin:?}");
    }
    assert_eq!(open(&running, "x=y", Some(ORIGIN)).await.err(), Some(401));
    ada.delete(&running.app, "/api/v1/session").await;
    assert_eq!(open(&running, &ada.cookie(), Some(ORIGIN)).await.err(), Some(401));
    let plain = "GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    assert!(running.ask(plain).await.starts_with("HTTP/1.1 401"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_gets_its_owners_events_in_order_and_no_others() {
    let running = Running::start().await;
    let (ada, bob) = (running.app.person("ada").await, running.app.person("bob").await);
    let (mut hers, mut also_hers) = (Socket::of(&running, &ada).await, Socket::of(&running, &ada).await);
    let mut his = Socket::of(&running, &bob).await;
    let task = upload(&running, &ada).await;
    Worker::start(&running.app).await.read(&running.app, task, 5, &[3]).await;
    for socket in [&mut hers, &mut also_hers] {
        for seq in 1..=13 {
            let event = socket.event().await;
            assert_eq!((&event["seq"], &event["task"]), (&seq.into(), &json!(task)), "{event}");
        }
    }
    // Bob may even ask for it.
    his.say(&json!({ "follow": task, "after": 0 }).to_string()).await;
    assert!(his.is_silent().await);
    assert!(hers.is_silent().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_catches_up_and_goes_on_without_gaps_or_repeats() {
    let running = Running::start().await;
    let ada = running.app.person("ada").await;
    let task = upload(&running, &ada).await;
    let worker = Worker::start(&running.app).await;
    worker.begin(task, 6).await;
    worker.read_next(&running.app, task, &[]).await;
    let mut socket = Socket::of(&running, &ada).await;
    socket.say(&json!({ "follow": task, "after": 1 }).to_string()).await;
    // While the replay runs, work goes on.
    while worker.read_next(&running.app, task, &[]).await {}
    worker.finish(&running.app, task, true).await;
    for seq in 2..=15 {
        assert_eq!(socket.event().await["seq"], seq);
    }
    assert!(socket.is_silent().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_listener_recovers_and_says_so() {
    let running = Running::start().await;
    let ada = running.app.person("ada").await;
    let mut socket = Socket::of(&running, &ada).await;
    let task = upload(&running, &ada).await;
    assert_eq!(socket.event().await["seq"], 1);
    _ = running
        .app
        .postgres
        .superuser_psql("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query ilike 'listen%'");
    let resync = async { while socket.next().await["type"] != "resync" {} };
    timeout(Duration::from_secs(10), resync).await.expect("a resync");
    Worker::start(&running.app).await.begin(task, 1).await;
    assert_eq!(socket.event().await["seq"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_closes_the_sockets_of_its_session_only() {
    let running = Running::start().await;
    let ada = running.app.person("ada").await;
    let other = running.app.log_in("ada", crate::people::PASSWORD).await;
    let elsewhere = Person { cookies: other.cookies(), ..ada.clone() };
    let (mut here, mut there) = (Socket::of(&running, &ada).await, Socket::of(&running, &elsewhere).await);
    ada.delete(&running.app, "/api/v1/session").await;
    assert_eq!(here.close_code().await, 4401);
    assert!(there.is_silent().await);
    // Ended by another process: the database says so.
    _ = running.app.postgres.superuser_psql("update sessions set expires_at = clock_timestamp()");
    assert_eq!(there.close_code().await, 4401);
}

#[tokio::test(flavor = "multi_thread")]
async fn rude_clients_are_shown_the_door() {
    let running = Running::start().await;
    let ada = running.app.person("ada").await;
    for rude in ["not JSON", r#"{"subscribe":"*"}"#, r#"{"follow":"everything"}"#] {
        let mut socket = Socket::of(&running, &ada).await;
        socket.say(rude).await;
        assert_eq!(socket.close_code().await, 1008, "{rude}");
    }
    let mut binary = Socket::of(&running, &ada).await;
    binary.0.send(Message::binary(vec![0; 10])).await.expect("sent");
    assert_eq!(binary.close_code().await, 1008);
    let mut flood = Socket::of(&running, &ada).await;
    let task = TaskId::generate();
    for _ in 0..100 {
        if flood.0.send(Message::text(json!({ "follow": task }).to_string())).await.is_err() {
            break;
        }
    }
    assert_eq!(flood.close_code().await, 1008);
    let mut long = Socket::of(&running, &ada).await;
    long.0.send(Message::text("x".repeat(100_000))).await.ok();
    let ended = timeout(Duration::from_secs(30), async { while let Some(Ok(_)) = long.0.next().await {} }).await;
    assert!(ended.is_ok(), "a frame that is too long ends the socket");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_closes_sockets_with_1001() {
    let running = Running::start().await;
    let ada = running.app.person("ada").await;
    let mut sockets = Vec::new();
    for _ in 0..5 {
        sockets.push(Socket::of(&running, &ada).await);
    }
    running.app.lifecycle.stop();
    for mut socket in sockets {
        assert_eq!(socket.close_code().await, 1001);
    }
    timeout(Duration::from_secs(12), running.serving).await.expect("in time").expect("ended").expect("well");
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_told_where_their_tasks_stand_and_whether_anybody_reads() {
    let running = Running::start().await;
    let (ada, bob) = (running.app.person("ada").await, running.app.person("bob").await);
    let (mut hers, mut his) = (Socket::of(&running, &ada).await, Socket::of(&running, &bob).await);
    let task = upload(&running, &ada).await;
    let places = hers.places().await;
    let nobody = json!("no worker is running: the document is safe and waits");
    let place = &places["places"][task.to_string()];
    assert_eq!((&place["pages_before"], &place["workers_alive"], &place["note"]), (&json!(0), &json!(0), &nobody));
    assert_eq!(ada.get(&running.app, "/api/v1/documents").await.json()["documents"][0]["task"]["place"], *place);

    let worker = Worker::start(&running.app).await;
    worker.report_alive(2, Some(3.0)).await;
    worker.begin(task, 4).await;
    let alive = json!({ "pages_before": 0, "eta_seconds": 7, "workers_alive": 1, "note": null });
    while hers.places().await["places"][task.to_string()] != alive {}
    while worker.read_next(&running.app, task, &[]).await {}
    while hers.places().await["places"] != json!({}) {}
    worker.finish(&running.app, task, true).await;
    let document = ada.get(&running.app, "/api/v1/documents").await.json();
    assert_eq!(document["documents"][0]["task"]["place"], Value::Null);
    assert!(timeout(Duration::from_millis(200), his.places()).await.is_err(), "bob has nothing to wait for");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_administrator_stops_is_told_to_its_owner_only() {
    let running = Running::start().await;
    let (ada, root) = (running.app.person("ada").await, running.app.admin("root").await);
    let (mut hers, mut roots) = (Socket::of(&running, &ada).await, Socket::of(&running, &root).await);
    let task = upload(&running, &ada).await;
    assert_eq!(hers.event().await["type"], "task.queued");
    let stop = root.request(http::Method::POST, &format!("/api/v1/admin/tasks/{task}/cancel"));
    assert_eq!(running.app.send(stop.body(axum::body::Body::empty()).expect("good")).await.status, 200);
    let told = hers.event().await;
    assert_eq!((&told["type"], &told["task"]), (&json!("task.cancelled"), &json!(task)));
    assert!(roots.is_silent().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_whom_a_document_is_shared_hears_of_it_until_it_is_taken_back() {
    let running = Running::start().await;
    let app = &running.app;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let document = ada.upload(app, "a.pdf", &pdf(100)).await.json();
    let task: TaskId = document["task"]["id"].as_str().expect("an id").parse().expect("an id");
    let mut his = Socket::of(&running, &bob).await;
    assert!(his.is_silent().await);
    let shares = format!("/api/v1/documents/{}/shares", document["id"].as_str().expect("an id"));
    let wish = ada.request(http::Method::POST, &shares).header("content-type", "application/json");
    let wish = wish.body(json!({ "login": "bob", "right": "read" }).to_string().into()).expect("good");
    let share = app.send(wish).await.json();
    assert_eq!(his.next_but_places().await["type"], "resync", "there is something new to load");
    let worker = Worker::start(app).await;
    worker.begin(task, 2).await;
    assert_eq!(his.event().await["task"], json!(task));
    while !his.is_silent().await {}
    ada.delete(app, &format!("{shares}/{}", share["id"].as_str().expect("an id"))).await;
    assert_eq!(his.next_but_places().await["type"], "resync", "it is to go from the list");
    worker.read_next(app, task, &[]).await;
    assert!(his.is_silent().await, "no event of what is taken back");
    his.say(&json!({ "follow": task }).to_string()).await;
    assert!(his.is_silent().await, "nor when he asks for them");
}
