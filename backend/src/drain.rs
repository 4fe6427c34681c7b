//! Reads a little of what a client still sends after it was answered.
//!
//! It promises that an answer given before the body was read (too large, wrong origin) reaches the client: dropped
//! at once, the body would reset the stream or the connection in front of the answer (RFC 9113 §8.1).

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{body::Body, extract::Request};
use bytes::Bytes;
use futures::StreamExt;
use http_body::{Body as HttpBody, Frame, SizeHint};

use crate::App;

/// How long a client may go on sending what nobody wants.
const LIMIT: Duration = Duration::from_secs(3);

/// Wraps the body of a request.
pub(crate) fn drain_unread(app: Arc<App>) -> impl Fn(Request) -> Request + Clone {
    move |request| {
        let app = Arc::clone(&app);
        request.map(|body| Body::new(Drained { body, app }))
    }
}

/// A body that is read on for a while when it is dropped before its end.
struct Drained {
    body: Body,
    app: Arc<App>,
}

impl HttpBody for Drained {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Drained {
    fn drop(&mut self) {
        if self.body.is_end_stream() {
            return;
        }
        let mut rest = std::mem::take(&mut self.body).into_data_stream();
        self.app.lifecycle.spawn(async move {
            let reading = async { while rest.next().await.is_some_and(|piece| piece.is_ok()) {} };
            // Whoever takes longer has had the answer by now.
            let _ = tokio::time::timeout(LIMIT, reading).await;
        });
    }
}
