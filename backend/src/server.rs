//! The listening sockets: TLS on one, redirects on the other, and how both end.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use axum::Router;
use axum_server::{
    Handle,
    accept::NoDelayAcceptor,
    tls_rustls::{RustlsAcceptor, RustlsConfig},
};
use hyper_util::{
    rt::{TokioExecutor, TokioTimer},
    server::conn::auto::Builder,
};
use tokio_util::sync::CancellationToken;
use untxt_core::{config, tls};

use crate::{Error, connections::Bounded};

/// How long running requests may take to end when the process stops.
const GRACE: Duration = Duration::from_secs(10);

/// From the first byte of a request to the end of its headers.
const HEADER_LIMIT: Duration = Duration::from_secs(10);

/// A bound address, not yet served. Binding comes first, so that a busy port is known before anything else starts.
#[derive(Debug)]
pub(crate) struct Bound {
    listener: TcpListener,
}

impl Bound {
    pub(crate) fn to(setting: &'static str, address: SocketAddr) -> Result<Self, Error> {
        let explain = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => Error::AddressInUse { setting, address },
            _ => Error::Bind { setting, address, source },
        };
        let listener = TcpListener::bind(address).map_err(explain)?;
        listener.set_nonblocking(true).map_err(explain)?;
        Ok(Self { listener })
    }

    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves HTTPS (h2 and HTTP/1.1) until `stop`, then lets running requests end.
    pub(crate) async fn serve_tls(self, tls: RustlsConfig, router: Router, stop: CancellationToken) -> io::Result<()> {
        let acceptor = Bounded::new(RustlsAcceptor::new(tls).acceptor(NoDelayAcceptor::new()));
        let mut server = axum_server::from_tcp(self.listener)?.acceptor(acceptor);
        set_limits(server.http_builder());
        let handle = Handle::new();
        let serving = server.handle(handle.clone()).serve(router.into_make_service_with_connect_info::<SocketAddr>());
        end_with(serving, handle, stop).await
    }

    /// Serves plain HTTP/1.1 until `stop`: for redirects alone.
    pub(crate) async fn serve_plain(self, router: Router, stop: CancellationToken) -> io::Result<()> {
        let mut server = axum_server::from_tcp(self.listener)?.http1_only();
        set_limits(server.http_builder());
        let handle = Handle::new();
        end_with(server.handle(handle.clone()).serve(router.into_make_service()), handle, stop).await
    }
}

/// Reads the certificate of the HTTPS address.
pub(crate) fn load_certificate(server: &config::Server) -> Result<RustlsConfig, Error> {
    let config = tls::server(&server.cert_path, &server.key_path, None, &["h2", "http/1.1"])?;
    Ok(RustlsConfig::from_config(config))
}

async fn end_with(
    serving: impl Future<Output = io::Result<()>>,
    handle: Handle<SocketAddr>,
    stop: CancellationToken,
) -> io::Result<()> {
    tokio::pin!(serving);
    tokio::select! {
        ended = &mut serving => return ended,
        () = stop.cancelled() => handle.graceful_shutdown(Some(GRACE)),
    }
    serving.await
}

/// Bounds what one connection can hold: memory for headers and windows, and time before a request is complete.
fn set_limits(builder: &mut Builder<TokioExecutor>) {
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_LIMIT).max_buf_size(128 << 10);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(20))
        .max_concurrent_streams(128)
        .max_header_list_size(32 << 10)
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(2 << 20);
}
