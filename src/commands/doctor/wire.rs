//! One conversation with a server: connect, TLS unless told otherwise, one message, the begin of the answer.

use std::{io, sync::Arc, time::Duration};

use rustls::{
    ClientConfig, ProtocolVersion,
    pki_types::{CertificateDer, ServerName},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixStream},
    time::timeout,
};
use tokio_rustls::TlsConnector;

use super::hop::{Probe, Speech};

/// For one conversation as a whole.
const PATIENCE: Duration = Duration::from_secs(8);
const MAX_ANSWER_BYTES: usize = 4096;
/// What asks Postgres for TLS: its length, and a number that is no version.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// What both sides agreed on.
#[derive(Clone, Debug)]
pub(super) struct Negotiated {
    pub(super) version: Option<ProtocolVersion>,
    pub(super) suite: String,
    pub(super) group: String,
    pub(super) chain: Vec<CertificateDer<'static>>,
}

/// How a conversation ended.
#[derive(Debug)]
pub(super) enum Answer {
    /// The server said this, and perhaps closed then.
    Said(Vec<u8>, Option<Negotiated>),
    /// There was no connection at all.
    Unreachable(io::Error),
    /// TLS failed.
    Refused(io::Error),
    /// The connection stood, and was closed without a word, or with an alert: so TLS 1.3 refuses a client.
    Closed(io::Error),
    /// The server speaks no TLS.
    NoTls,
    /// Nothing happened.
    Late,
}

/// How to speak: with what configuration of TLS, to whom, and what.
pub(super) struct Call {
    /// `None`: in clear.
    pub(super) tls: Option<Arc<ClientConfig>>,
    pub(super) name: String,
    pub(super) message: Vec<u8>,
}

/// Has one conversation.
pub(super) async fn speak(probe: &Probe, call: Call) -> Answer {
    timeout(PATIENCE, converse(probe, call)).await.unwrap_or(Answer::Late)
}

async fn converse(probe: &Probe, call: Call) -> Answer {
    if let Speech::ClamdSocket(path) = &probe.speech {
        return match UnixStream::connect(path).await {
            Ok(stream) => exchange(stream, &call.message).await,
            Err(error) => Answer::Unreachable(error),
        };
    }
    let mut stream = match TcpStream::connect((probe.at.0.as_str(), probe.at.1)).await {
        Ok(stream) => stream,
        Err(error) => return Answer::Unreachable(error),
    };
    let Some(config) = call.tls else { return exchange(stream, &call.message).await };
    if matches!(probe.speech, Speech::Postgres(_)) {
        let asked = async {
            stream.write_all(&SSL_REQUEST).await?;
            stream.read_u8().await
        };
        match asked.await {
            Ok(b'S') => {}
            Ok(_) => return Answer::NoTls,
            Err(error) => return Answer::Refused(error),
        }
    }
    let name = match ServerName::try_from(call.name) {
        Ok(name) => name,
        Err(error) => return Answer::Unreachable(io::Error::new(io::ErrorKind::InvalidInput, error)),
    };
    match TlsConnector::from(config).connect(name, stream).await {
        Ok(stream) => {
            let negotiated = negotiated(stream.get_ref().1);
            match exchange(stream, &call.message).await {
                Answer::Said(bytes, _) => Answer::Said(bytes, Some(negotiated)),
                other => other,
            }
        }
        Err(error) => Answer::Refused(error),
    }
}

fn negotiated(connection: &rustls::ClientConnection) -> Negotiated {
    let suite = connection.negotiated_cipher_suite().map(|suite| format!("{:?}", suite.suite()));
    let group = connection.negotiated_key_exchange_group().map(|group| format!("{:?}", group.name()));
    Negotiated {
        version: connection.protocol_version(),
        suite: suite.unwrap_or_default(),
        group: group.unwrap_or_default(),
        chain: connection.peer_certificates().unwrap_or_default().iter().map(|one| one.clone().into_owned()).collect(),
    }
}

/// With TLS 1.3 a server that doesn't like our certificate says so after the handshake: only an answer tells.
async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, message: &[u8]) -> Answer {
    let mut said = Vec::new();
    let sent = async {
        stream.write_all(message).await?;
        stream.flush().await?;
        while said.len() < MAX_ANSWER_BYTES && !is_enough(&said) {
            if stream.read_buf(&mut said).await? == 0 {
                break;
            }
        }
        Ok::<_, io::Error>(())
    };
    match sent.await {
        Err(error) if said.is_empty() => Answer::Closed(error),
        Ok(()) if said.is_empty() => Answer::Closed(io::ErrorKind::UnexpectedEof.into()),
        _ => Answer::Said(said, None),
    }
}

/// Says whether no more needs to be read: of HTTP all headers, of the others what one packet brings.
fn is_enough(said: &[u8]) -> bool {
    if said.starts_with(b"HTTP/") { said.windows(4).any(|four| four == b"\r\n\r\n") } else { !said.is_empty() }
}
