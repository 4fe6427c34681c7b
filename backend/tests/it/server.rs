//! The listening sockets, over real TLS.

use std::{
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinHandle,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use untxt_backend::Error;
use untxt_core::{config, tls};

use crate::app::{ORIGIN, TestApp};

/// A backend that listens.
pub(crate) struct Running {
    pub(crate) app: TestApp,
    pub(crate) address: SocketAddr,
    pub(crate) plain: SocketAddr,
    pub(crate) serving: JoinHandle<Result<(), Error>>,
}

impl Running {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut config::Settings)) -> Self {
        let app = Box::pin(TestApp::with(change)).await;
        let (address, plain) = (free_address(), free_address());
        let server = server_settings(&app, address, plain);
        let backend = Arc::clone(&app.app);
        let serving = app.lifecycle.spawn(async move { untxt_backend::serve(&server, backend).await });
        let running = Self { app, address, plain, serving };
        for _ in 0..100 {
            if TcpStream::connect(address).await.is_ok() && running.is_listening() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        running
    }

    /// Says whether the database has the backend's LISTEN: what happens before it is told by a resync, not by an event.
    fn is_listening(&self) -> bool {
        let count =
            "select count(*) from pg_stat_activity where datname = current_database() and query ilike 'listen%'";
        self.app.postgres.superuser_psql(count).trim() == "1"
    }

    pub(crate) async fn connect(&self) -> TlsStream<TcpStream> {
        let config = tls::private_client(&self.app.postgres.certificates().join("root.crt"), None).expect("a client");
        let stream = TcpStream::connect(self.address).await.expect("connected");
        let name = ServerName::try_from("localhost").expect("a name");
        TlsConnector::from(config).connect(name, stream).await.expect("a handshake")
    }

    /// Sends one request and reads until the server closes.
    pub(crate) async fn ask(&self, request: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.ok();
        String::from_utf8_lossy(&answer).into_owned()
    }
}

fn server_settings(app: &TestApp, bind: SocketAddr, plain: SocketAddr) -> config::Server {
    let certificates = app.postgres.certificates();
    config::Server {
        bind,
        redirect_bind: Some(plain),
        public_url: ORIGIN.to_owned(),
        trusted_proxies: Vec::new(),
        cert_path: certificates.join("server.crt"),
        key_path: certificates.join("server.key"),
    }
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port")
}

#[tokio::test(flavor = "multi_thread")]
async fn https_answers_and_the_plain_port_only_redirects() {
    let running = Running::start().await;
    let health = running.ask("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await;
    assert!(health.starts_with("HTTP/1.1 200") && health.contains("strict-transport-security"), "{health}");
    let mut plain = TcpStream::connect(running.plain).await.expect("connected");
    let request = "POST /api/v1/session?x=1 HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    plain.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    plain.read_to_string(&mut answer).await.expect("read");
    assert!(answer.starts_with("HTTP/1.1 308"), "{answer}");
    assert!(answer.contains(&format!("location: {ORIGIN}/api/v1/session?x=1\r\n")), "{answer}");
    assert!(answer.contains("strict-transport-security") && answer.contains("content-security-policy"), "{answer}");
    // Plain HTTP on the TLS port is no HTTP.
    let mut wrong = TcpStream::connect(running.address).await.expect("connected");
    wrong.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
    let mut answer = Vec::new();
    wrong.read_to_end(&mut answer).await.ok();
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_port_is_one_clear_sentence() {
    let app = TestApp::start().await;
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address");
    let server = server_settings(&app, address, free_address());
    let error = untxt_backend::serve(&server, Arc::clone(&app.app)).await.expect_err("busy");
    let sentence =
        format!("server.bind: {address} is in use by another program; stop that program or set another address");
    assert_eq!(error.to_string(), sentence);
    let server = server_settings(&app, free_address(), address);
    let error = untxt_backend::serve(&server, Arc::clone(&app.app)).await.expect_err("busy");
    assert!(error.to_string().starts_with("server.redirect_bind: "), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_lets_running_requests_end() {
    let running = Running::start().await;
    let mut stream = running.connect().await;
    let request = "POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                   Content-Length: 35\r\n\r\n";
    stream.write_all(request.as_bytes()).await.expect("sent");
    tokio::time::sleep(Duration::from_millis(200)).await;
    running.app.lifecycle.stop();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(TcpStream::connect(running.address).await.is_err(), "no new connections");
    stream.write_all(br#"{"login":"ada","password":"simple"}"#).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok();
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    timeout(Duration::from_secs(12), running.serving).await.expect("in time").expect("ended").expect("well");
}
