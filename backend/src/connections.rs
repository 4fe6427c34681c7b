//! How many connections there may be, and how long one may say nothing.
//!
//! It promises that a connection that never asks anything is closed and that one address can't take every place. It
//! refuses to know what is asked.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use axum_server::accept::Accept;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep},
};

/// Each holds some 100 KiB at least, and one descriptor.
const MAX_CONNECTIONS: usize = 2_000;

/// Many people may sit behind one router or proxy; still, one address leaves places for others.
const MAX_PER_ADDRESS: usize = 1_500;

/// From the end of the handshake to the first bytes of a request.
const SILENCE_LIMIT: Duration = Duration::from_secs(10);

/// What tells HTTP/2 from HTTP/1; the limits of the protocols begin only when it has come.
const PREFACE_BYTES: usize = 24;

/// Counts open connections by address.
#[derive(Debug, Default)]
struct Connections {
    open: Mutex<HashMap<IpAddr, usize>>,
}

/// A place among the connections, free again when dropped.
#[derive(Debug)]
struct Place {
    connections: Arc<Connections>,
    address: IpAddr,
}

impl Connections {
    fn take(self: &Arc<Self>, address: IpAddr) -> io::Result<Place> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let here = open.get(&address).copied().unwrap_or(0);
        if here >= MAX_PER_ADDRESS || open.values().sum::<usize>() >= MAX_CONNECTIONS {
            return Err(io::Error::other("too many connections"));
        }
        open.insert(address, here + 1);
        Ok(Place { connections: Arc::clone(self), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.connections.open.lock().unwrap_or_else(PoisonError::into_inner);
        match open.get_mut(&self.address) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(open.remove(&self.address)),
        }
    }
}

/// Accepts connections while there are places.
#[derive(Clone, Debug)]
pub(crate) struct Bounded<A> {
    inner: A,
    connections: Arc<Connections>,
}

impl<A> Bounded<A> {
    pub(crate) fn new(inner: A) -> Self {
        Self { inner, connections: Arc::default() }
    }
}

type Accepting<T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send>>;

impl<A, S> Accept<TcpStream, S> for Bounded<A>
where
    A: Accept<TcpStream, S>,
    A::Future: Send + 'static,
{
    type Stream = Watched<A::Stream>;
    type Service = A::Service;
    type Future = Accepting<(Self::Stream, Self::Service)>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let place = stream.peer_addr().map(|peer: SocketAddr| peer.ip().to_canonical());
        let place = place.and_then(|address| self.connections.take(address));
        let accepting = place.map(|place| (place, self.inner.accept(stream, service)));
        Box::pin(async move {
            let (place, accepting) = accepting?;
            let (stream, service) = accepting.await?;
            Ok((Watched::new(stream, place, SILENCE_LIMIT), service))
        })
    }
}

/// A connection that fails when it says nothing at first.
#[derive(Debug)]
pub(crate) struct Watched<S> {
    stream: S,
    missing: usize,
    limit: Pin<Box<Sleep>>,
    _place: Place,
}

impl<S> Watched<S> {
    fn new(stream: S, place: Place, limit: Duration) -> Self {
        Self { stream, missing: PREFACE_BYTES, limit: Box::pin(sleep(limit)), _place: place }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        match Pin::new(&mut self.stream).poll_read(context, into) {
            Poll::Ready(read) => {
                self.missing = self.missing.saturating_sub(into.filled().len() - before);
                Poll::Ready(read)
            }
            Poll::Pending if self.missing == 0 => Poll::Pending,
            Poll::Pending => {
                ready!(self.limit.as_mut().poll(context));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    fn place(connections: &Arc<Connections>, last: u8) -> io::Result<Place> {
        connections.take(Ipv4Addr::new(192, 0, 2, last).into())
    }

    #[test]
    fn one_address_and_all_together_have_their_limits() {
        let connections = Arc::default();
        let mut places: Vec<_> = (0..MAX_PER_ADDRESS).map(|_| place(&connections, 0).expect("a place")).collect();
        assert!(place(&connections, 0).is_err());
        places.extend((MAX_PER_ADDRESS..MAX_CONNECTIONS).map(|_| place(&connections, 1).expect("a place")));
        assert!(place(&connections, 99).is_err());
        places.pop();
        drop(place(&connections, 99).expect("a place"));
        drop(places);
        assert!(connections.open.lock().expect("places").is_empty());
    }

    #[tokio::test]
    async fn who_says_nothing_is_cut_off_and_who_spoke_may_rest() {
        let (connections, limit) = (Arc::default(), Duration::from_millis(50));
        let (mut client, server) = duplex(99);
        let mut silent = Watched::new(server, place(&connections, 1).expect("a place"), limit);
        client.write_all(b"PRI * ").await.expect("sent");
        let error = silent.read_to_end(&mut Vec::new()).await.expect_err("too slow");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        let (mut client, server) = duplex(99);
        let mut spoken = Watched::new(server, place(&connections, 1).expect("a place"), limit);
        client.write_all(&[b'x'; PREFACE_BYTES]).await.expect("sent");
        spoken.read_exact(&mut [0; PREFACE_BYTES]).await.expect("read");
        assert!(tokio::time::timeout(limit * 9, spoken.read_u8()).await.is_err());
    }
}
