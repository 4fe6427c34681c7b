use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsConnector;

use crate::{
    config::Monitoring,
    tls::{TlsError, private_client},
};

/// Longer than a process may take to say whether it is ready.
const PATIENCE: Duration = Duration::from_secs(5);
const MAX_ANSWER_BYTES: usize = 4096;

/// Why a process does not count as healthy.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// It says so.
    #[error("not ready: {0}")]
    NotReady(String),
    /// It does not answer.
    #[error("{address} does not answer")]
    Away {
        /// Where it was asked.
        address: SocketAddr,
        /// What went wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The certificate or key of the question can't be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// Asks the process of these settings whether it is ready, over mutual TLS.
///
/// # Errors
/// [`ProbeError`], when it isn't or can't be asked.
pub async fn probe(monitoring: &Monitoring, address: SocketAddr) -> Result<(), ProbeError> {
    let identity = (monitoring.probe_cert_path.as_path(), monitoring.probe_key_path.as_path());
    let connector = TlsConnector::from(private_client(&monitoring.probe_ca_path, Some(identity))?);
    let away = |source| ProbeError::Away { address, source };
    let asked = timeout(PATIENCE, ask(&connector, address)).await.map_err(|late| away(late.into()))?;
    match asked.map_err(away)? {
        (StatusCode::OK, _) => Ok(()),
        (_, reason) => Err(ProbeError::NotReady(reason.trim().to_owned())),
    }
}

async fn ask(
    connector: &TlsConnector,
    address: SocketAddr,
) -> Result<(StatusCode, String), Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect(address).await?;
    // Probes come from the same machine or pod; the certificate names the monitor, wherever it listens.
    let stream = connector.connect(ServerName::try_from("monitoring")?, stream).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::get("/ready").header("host", "monitoring").body(Empty::<Bytes>::new())?;
    let answer = async {
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), MAX_ANSWER_BYTES).collect().await?.to_bytes();
        Ok((status, String::from_utf8_lossy(&body).into_owned()))
    };
    tokio::select! {
        answer = answer => answer,
        ended = connection => Err(ended.err().map_or_else(|| "the connection was closed".into(), Into::into)),
    }
}
