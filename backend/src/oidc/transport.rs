use std::{collections::BTreeSet, error::Error as StdError, io, path::Path, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use http::Uri;
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use tokio::{sync::Semaphore, time::timeout};
use untxt_core::tls;

/// Requests to one provider at once; the others wait for their turn.
const MAX_AT_ONCE: usize = 16;
/// For one request, waiting for a turn included.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
/// More than any answer has: a set of keys with their certificates is the longest.
const MAX_ANSWER: usize = 256 << 10;

/// The only way to a provider: TLS with its root, to the hosts that the settings name, and nowhere else. It follows no redirect.
#[derive(Debug)]
pub(super) struct Transport {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    hosts: BTreeSet<String>,
    turns: Semaphore,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.word())]
pub(super) enum Unanswered {
    /// The address is not one that the settings name; nothing was sent.
    Elsewhere,
    /// It takes too long.
    Late,
    /// There is no connection, or it ended.
    Unreachable,
    /// The other side is not the one that we believe, or speaks no TLS that we speak.
    Untrusted,
    /// It is longer than any answer.
    TooLong,
}

impl Unanswered {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Elsewhere => "elsewhere",
            Self::Late => "late",
            Self::Unreachable => "unreachable",
            Self::Untrusted => "untrusted",
            Self::TooLong => "too_long",
        }
    }
}

impl Transport {
    /// Makes a client that trusts one root, or the system's, and knows these hosts: `id.example`, or `id.example:8443`.
    pub(super) fn new(ca: Option<&Path>, hosts: impl IntoIterator<Item = String>) -> Result<Self, tls::TlsError> {
        let tls = match ca {
            Some(ca) => tls::private_client(ca, None)?,
            None => tls::public_client()?,
        };
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(CONNECT_PATIENCE));
        let https = HttpsConnectorBuilder::new().with_tls_config(Arc::unwrap_or_clone(tls)).https_only();
        let client = Client::builder(TokioExecutor::new())
            // A login is rare: no connection waits for the next one.
            .pool_max_idle_per_host(0)
            .build(https.enable_http1().wrap_connector(tcp));
        let hosts = hosts.into_iter().map(|host| without_default_port(&host)).collect();
        Ok(Self { client, hosts, turns: Semaphore::new(MAX_AT_ONCE) })
    }

    /// Says whether this address is one of the provider.
    pub(super) fn knows(&self, address: &str) -> bool {
        let Ok(uri) = address.parse::<Uri>() else { return false };
        let Some(host) = uri.authority() else { return false };
        uri.scheme_str() == Some("https") && self.hosts.contains(&without_default_port(host.as_str()))
    }

    /// Sends a request, once, and gives the answer, whatever its status is.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, Unanswered> {
        if !self.knows(&request.uri().to_string()) {
            return Err(Unanswered::Elsewhere);
        }
        let answer = async {
            let _turn = self.turns.acquire().await.map_err(|_| Unanswered::Late)?;
            let answer = self.client.request(request.map(|body| Full::new(body.into()))).await;
            let (parts, body) = answer.map_err(|error| why(&error))?.into_parts();
            let body = Limited::new(body, MAX_ANSWER).collect().await.map_err(|error| {
                if error.is::<http_body_util::LengthLimitError>() { Unanswered::TooLong } else { why(error.as_ref()) }
            })?;
            Ok(HttpResponse::from_parts(parts, body.to_bytes().into()))
        };
        timeout(PATIENCE, answer).await.unwrap_or(Err(Unanswered::Late))
    }
}

impl<'c> AsyncHttpClient<'c> for Transport {
    type Error = Unanswered;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Unanswered>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

/// Reads the kinds of errors only.
fn why(error: &(dyn StdError + 'static)) -> Unanswered {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let io = error.downcast_ref::<io::Error>();
        match io.map(io::Error::kind) {
            // What rustls refuses comes as bad data of the connection.
            Some(io::ErrorKind::InvalidData) => return Unanswered::Untrusted,
            Some(io::ErrorKind::TimedOut) => return Unanswered::Late,
            _ => {}
        }
        // An error of the system that stands for another one names only what is behind that.
        cause = match io.and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    Unanswered::Unreachable
}

fn without_default_port(host: &str) -> String {
    let host = host.to_ascii_lowercase();
    host.strip_suffix(":443").map(str::to_owned).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn an_impostor_is_told_from_a_server_that_is_away() {
        tls::install_provider();
        let [ours, theirs] = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
        for folder in [&ours, &theirs] {
            tls::init_certificates(folder.path(), &[]).expect("certificates");
        }
        let (cert, key) = (theirs.path().join("server.crt"), theirs.path().join("server.key"));
        let config = tls::server(&cert, &key, None, &[]).expect("a configuration");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let host = format!("localhost:{port}");
        let transport = Transport::new(Some(&ours.path().join("root.crt")), [host.clone()]).expect("a client");
        let ask = || transport.send(http::Request::get(format!("https://{host}/")).body(Vec::new()).expect("good"));
        let accept = async {
            let (stream, _) = listener.accept().await.expect("a connection");
            drop(tokio_rustls::TlsAcceptor::from(config).accept(stream).await);
        };
        assert_eq!(tokio::join!(ask(), accept).0.err(), Some(Unanswered::Untrusted));
        drop(listener);
        assert_eq!(ask().await.err(), Some(Unanswered::Unreachable));
    }

    #[test]
    fn nothing_is_sent_to_hosts_that_the_settings_do_not_name() {
        tls::install_provider();
        let hosts = ["ID.example".to_owned(), "keys.example:8443".to_owned(), "other.example:443".to_owned()];
        let Ok(transport) = Transport::new(None, hosts) else { return };
        for good in [
            "https://id.example/token",
            "https://id.example:443/",
            "https://keys.example:8443/x",
            "https://OTHER.example/",
        ] {
            assert!(transport.knows(good), "{good}");
        }
        for bad in [
            "http://id.example/token",
            "https://id.example:8443/token",
            "https://keys.example/",
            "https://id.example@evil.example/",
            "https://id.example.evil.example/",
            "https://169.254.169.254/latest",
            "file:///etc/passwd",
            "/token",
        ] {
            assert!(!transport.knows(bad), "{bad}");
        }
    }
}
