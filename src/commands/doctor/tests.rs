//! The doctor before servers that are as they should be, and before servers with one thing wrong.

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::ServerConfig;
use secrecy::SecretString;
use tempfile::TempDir;
use time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;
use untxt_core::{clock, tls};

use super::{
    examine::{Doctor, Examined, Verdict},
    hop::{Hop, Probe, Protection, Speech},
    report,
};

const SECRET: &str = "a-password-that-nobody-may-read";
const HTTP: &[u8] = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";

struct Site {
    folder: TempDir,
}

impl Site {
    fn new() -> Self {
        tls::install_provider();
        let folder = tempfile::tempdir().expect("a folder");
        tls::init_certificates(folder.path(), &[]).expect("certificates");
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn pair(&self, name: &str) -> (PathBuf, PathBuf) {
        (self.path(&format!("{name}.crt")), self.path(&format!("{name}.key")))
    }

    fn server(&self, client_ca: Option<&str>) -> Arc<ServerConfig> {
        let (cert, key) = self.pair("storage");
        let ca = client_ca.map(|name| self.path(name));
        tls::server(&cert, &key, ca.as_deref(), &[]).expect("a server")
    }

    fn hop(&self, address: SocketAddr, speech: Speech) -> Hop {
        Hop {
            id: "objects",
            client: "backend".to_owned(),
            server: "S3".to_owned(),
            host: "localhost".to_owned(),
            port: Some(address.port()),
            is_inbound: false,
            protocol: "HTTPS",
            client_identity: "client certificate",
            server_identity: "certificate",
            data: "nothing",
            risk: "none",
            protection: Protection::Mutual,
            probe: Some(Probe {
                speech,
                name: "localhost".to_owned(),
                at: ("127.0.0.1".to_owned(), address.port()),
                roots: vec![self.path("root.crt")],
                identity: Some(self.pair("backend")),
                server_identity: Some(self.pair("server")),
            }),
        }
    }

    async fn examine(&self, address: SocketAddr, speech: Speech) -> Examined {
        self.examine_at(address, speech, Duration::ZERO).await
    }

    async fn examine_at(&self, address: SocketAddr, speech: Speech, later: Duration) -> Examined {
        let doctor = Doctor { now: clock::now() + later, authority: Some(self.path("ca")) };
        doctor.examine(self.hop(address, speech)).await
    }
}

fn http() -> Speech {
    Speech::Http { path: "/", needs_hsts: false }
}

fn redis() -> Speech {
    Speech::Redis { user: "untxt_backend".to_owned(), password: SecretString::from(SECRET) }
}

/// Serves until the test ends: over TLS, or in clear without a configuration.
#[expect(clippy::disallowed_methods, reason = "it ends with the runtime of its test")]
async fn serve(config: Option<Arc<ServerConfig>>, answer: fn(&[u8]) -> &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::task::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let config = config.clone();
            tokio::task::spawn(async move {
                let mut heard = [0; 2048];
                if let Some(config) = config {
                    let mut stream = TlsAcceptor::from(config).accept(stream).await?;
                    let length = stream.read(&mut heard).await?;
                    stream.write_all(answer(&heard[..length])).await?;
                    stream.shutdown().await
                } else {
                    let length = stream.read(&mut heard).await?;
                    stream.write_all(answer(&heard[..length])).await
                }
            });
        }
    });
    address
}

fn codes(examined: &Examined) -> Vec<&'static str> {
    examined.findings.iter().map(|found| found.code).collect()
}

#[tokio::test]
async fn a_server_as_it_should_be_is_good_and_refuses_everything_else() {
    let site = Site::new();
    let examined = site.examine(serve(Some(site.server(Some("clients.pem"))), |_| HTTP).await, http()).await;
    assert_eq!((codes(&examined), examined.verdict), (vec![], Verdict::Good));
    assert_eq!(
        examined.refused,
        [
            "wrong CA",
            "wrong host name",
            "plaintext",
            "TLS 1.2",
            "no client certificate",
            "foreign client certificate",
            "self-signed client certificate",
            "server certificate as client",
            "expired client certificate",
            "future client certificate",
        ]
    );
    let peer = examined.peer.clone().expect("a peer");
    assert_eq!((peer.version.as_str(), peer.chain.len()), ("TLS 1.3", 2));
    assert!(peer.names.contains(&"localhost".to_owned()) && peer.days_left == 89, "{peer:?}");
    assert_eq!(report::exit_code(&[examined]), 0);
}

#[tokio::test]
async fn a_server_that_asks_for_no_certificate_is_weak() {
    let site = Site::new();
    let examined = site.examine(serve(Some(site.server(None)), |_| HTTP).await, http()).await;
    let accepted = [
        "no_certificate_accepted",
        "foreign_certificate_accepted",
        "self_signed_certificate_accepted",
        "server_certificate_accepted",
        "expired_certificate_accepted",
        "future_certificate_accepted",
    ];
    assert_eq!(codes(&examined), accepted);
    assert_eq!(report::exit_code(&[examined]), 1);
}

#[tokio::test]
async fn a_server_that_trusts_the_clients_of_another_hop_refuses_us() {
    let site = Site::new();
    let examined = site.examine(serve(Some(site.server(Some("monitors.pem"))), |_| HTTP).await, http()).await;
    assert_eq!((codes(&examined), examined.verdict), (vec!["client_certificate_refused"], Verdict::Unprobed));
    assert!(examined.refused.is_empty(), "whoever refuses everybody proves nothing");
}

#[tokio::test]
async fn a_certificate_of_somebody_else_is_a_wrong_ca() {
    let (site, other) = (Site::new(), Site::new());
    let examined = site.examine(serve(Some(other.server(None)), |_| HTTP).await, http()).await;
    assert_eq!((codes(&examined), examined.verdict), (vec!["wrong_ca"], Verdict::Weak));
}

#[tokio::test]
async fn certificates_that_end_are_told_before_and_after() {
    let site = Site::new();
    let address = serve(Some(site.server(None)), |_| HTTP).await;
    let soon = site.examine_at(address, http(), Duration::days(80)).await;
    assert!(codes(&soon).starts_with(&["own_certificate_expired", "certificate_ends_soon"]), "{:?}", soon.findings);
    let late = site.examine_at(address, http(), Duration::days(91)).await;
    assert_eq!(codes(&late), ["own_certificate_expired", "certificate_expired"]);
    let early = site.examine_at(address, http(), Duration::days(-1)).await;
    assert_eq!(codes(&early), ["own_certificate_expired", "certificate_not_yet_valid"]);
}

#[tokio::test]
async fn a_plain_redis_is_weak_and_nobody_there_is_unprobed() {
    let site = Site::new();
    let plain = site.examine(serve(None, |_| b"-NOAUTH Authentication required.\r\n").await, redis()).await;
    assert_eq!((codes(&plain), plain.verdict), (vec!["no_tls"], Verdict::Weak));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let nobody = site.examine(address, redis()).await;
    assert_eq!(codes(&nobody), ["connection_refused"]);
    assert_eq!(report::exit_code(std::slice::from_ref(&nobody)), 2);
    assert_eq!(report::exit_code(&[nobody, plain]), 1, "what was seen counts more");
}

#[tokio::test]
async fn a_redis_that_asks_for_no_password_is_weak() {
    let site = Site::new();
    let answer = |heard: &[u8]| -> &'static [u8] { if heard.starts_with(b"PING") { b"+PONG\r\n" } else { b"+OK\r\n" } };
    let examined = site.examine(serve(Some(site.server(Some("clients.pem"))), answer).await, redis()).await;
    assert_eq!(codes(&examined), ["default_user_accepted", "default_user_accepted", "wrong_password_accepted"]);
}

#[tokio::test]
async fn a_key_that_others_can_read_is_told() {
    let site = Site::new();
    let open = |path: &Path| fs::set_permissions(path, fs::Permissions::from_mode(0o644)).expect("permissions");
    open(&site.path("backend.key"));
    let examined = site.examine(serve(Some(site.server(Some("clients.pem"))), |_| HTTP).await, http()).await;
    assert_eq!(codes(&examined), ["key_file_open"]);
}

#[tokio::test]
async fn no_password_is_printed() {
    let site = Site::new();
    let config = site.server(Some("clients.pem"));
    let examined = [site.examine(serve(Some(config), |_| b"-WRONGPASS\r\n").await, redis()).await];
    assert_eq!(codes(&examined[0]), ["login_refused"]);
    for text in [report::json(&examined), report::table(&examined), format!("{examined:?}")] {
        assert!(!text.contains(SECRET), "{text}");
    }
}

#[test]
fn a_server_that_has_no_place_has_not_refused() {
    tls::install_provider();
    let probe = |speech| Probe {
        speech,
        name: "localhost".to_owned(),
        at: ("localhost".to_owned(), 1),
        roots: Vec::new(),
        identity: None,
        server_identity: None,
    };
    let database = untxt_core::config::Database {
        host: "localhost".to_owned(),
        port: 1,
        name: "untxt".to_owned(),
        user: "untxt_backend".to_owned(),
        password: SecretString::from(SECRET),
        ca_path: PathBuf::new(),
        cert_path: PathBuf::new(),
        key_path: PathBuf::new(),
        max_connections: 1,
    };
    let postgres = probe(Speech::Postgres(database));
    assert!(postgres.is_busy(b"E\0\0\0\x20SFATAL\0VFATAL\0C53300\0Mtoo many clients\0\0"));
    assert!(!postgres.is_busy(b"E\0\0\0\x20SFATAL\0VFATAL\0C28000\0Mno pg_hba.conf entry\0\0"));
    assert!(!probe(http()).is_busy(b"E\0C53300\0"));
}
