//! How a body reaches the multipart parser: one piece at a time, and not without end.
//!
//! The parser takes all that is there before it looks, and keeps what it does not understand yet. A sender that is
//! faster than we are, or a part header that never ends, would fill the memory; here they don't.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
};

use axum::{Error, body::BodyDataStream};
use bytes::Bytes;
use futures::Stream;

/// What goes into the parser at once: hashing and sealing it takes well under half a millisecond.
const MAX_PIECE: usize = 128 << 10;

/// What the parser may hold without giving anything; part headers are some hundred bytes.
const MAX_UNPARSED: u64 = 512 << 10;

/// Counts what went into the parser.
#[derive(Debug)]
pub(super) struct Meter {
    unparsed: AtomicU64,
    total: AtomicU64,
    max_total: u64,
}

impl Meter {
    pub(super) fn new(max_total: u64) -> Self {
        Self { unparsed: AtomicU64::new(0), total: AtomicU64::new(0), max_total }
    }

    /// Notes that the parser gave something.
    pub(super) fn reset(&self) {
        self.unparsed.store(0, Ordering::Relaxed);
    }

    /// Says whether the body is longer than it may be.
    pub(super) fn is_over(&self) -> bool {
        self.total.load(Ordering::Relaxed) > self.max_total
    }

    fn add(&self, bytes: usize) -> io::Result<()> {
        let bytes = bytes as u64;
        let unparsed = self.unparsed.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.total.fetch_add(bytes, Ordering::Relaxed);
        if self.is_over() {
            return Err(io::Error::other("the body is too large"));
        }
        if unparsed > MAX_UNPARSED {
            return Err(io::Error::other("the body can't be parsed"));
        }
        Ok(())
    }
}

/// A body that rests after each piece.
pub(super) struct Pace {
    body: BodyDataStream,
    meter: Arc<Meter>,
    /// What came but was not given yet.
    rest: Bytes,
    has_given: bool,
}

impl Pace {
    pub(super) fn new(body: BodyDataStream, meter: Arc<Meter>) -> Self {
        Self { body, meter, rest: Bytes::new(), has_given: false }
    }
}

impl Stream for Pace {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.has_given) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_next(context)) {
                Some(Ok(piece)) => self.rest = piece,
                end => return Poll::Ready(end),
            }
        }
        self.has_given = true;
        let length = self.rest.len().min(MAX_PIECE);
        let piece = self.rest.split_to(length);
        Poll::Ready(Some(self.meter.add(length).map(|()| piece).map_err(Error::new)))
    }
}
