//! Accepting connections of clients that show a certificate: the store's and the monitor's.
//!
//! It promises that a slow handshake holds up nobody and that running requests may end when the process stops. It
//! refuses to know what is asked.

use std::{io, pin::pin, sync::Arc, time::Duration};

use http::{Request, Response};
use hyper::{
    body::{Body, Incoming},
    service::Service,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use rustls::ServerConfig;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::lifecycle::Lifecycle;

/// Connections served at once; more wait in the system's queue.
const MAX_CONNECTIONS: u32 = 256;
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// How long running requests get when the process stops.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
/// Pause when the system has no file descriptor left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Accepts connections until the lifecycle stops, and then lets running requests finish. Handshakes run beside, so that
/// a slow one holds up nobody.
pub(crate) async fn accept<S, B>(listener: TcpListener, tls: Arc<ServerConfig>, service: S, lifecycle: &Lifecycle)
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<Failure>,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Failure>,
{
    let (acceptor, stop) = (TlsAcceptor::from(tls), lifecycle.stop_token());
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS as usize));
    while let Some(accepted) = stop.run_until_cancelled(next(&listener, &places)).await {
        match accepted {
            Ok((stream, place)) => {
                let (acceptor, service, stop) = (acceptor.clone(), service.clone(), stop.clone());
                lifecycle.spawn(async move {
                    serve_connection(stream, acceptor, service, stop).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "a connection can't be accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    // Every connection ends by itself within DRAIN_TIMEOUT now; all places are free when the last one did.
    let all_ended = timeout(DRAIN_TIMEOUT + ACCEPT_PAUSE, places.acquire_many(MAX_CONNECTIONS)).await;
    if all_ended.is_err() {
        tracing::warn!("some connections were cut off");
    }
}

async fn next(listener: &TcpListener, places: &Arc<Semaphore>) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, place))
}

async fn serve_connection<S, B>(stream: TcpStream, acceptor: TlsAcceptor, service: S, stop: CancellationToken)
where
    S: Service<Request<Incoming>, Response = Response<B>> + 'static,
    S::Future: Send + 'static,
    S::Error: Into<Failure>,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Failure>,
{
    let handshake = stop.run_until_cancelled(timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)));
    let Some(handshake) = handshake.await else { return };
    let stream = match handshake {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "a TLS handshake failed");
            return;
        }
        Err(_) => return tracing::warn!("a TLS handshake took too long"),
    };
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(HEADER_TIMEOUT);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            timeout(DRAIN_TIMEOUT, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error, "a connection ended early");
    }
}
