use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use untxt_core::domain::DocumentId;

use super::Asker;
use crate::App;

/// How long a download goes on before it is asked again whether it may.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// How long it goes on while the database doesn't answer.
const UNANSWERED: Duration = Duration::from_secs(10);
/// What is handed over at once: whoever reads slowly has no more than that after the right has ended.
const PIECE: usize = 64 << 10;

/// Somebody who is given an object, for as long as that one may have it.
pub(super) struct Reader {
    pub(super) app: Arc<App>,
    asker: Asker,
}

impl Reader {
    pub(super) fn new(app: &Arc<App>, asker: impl Into<Asker>) -> Self {
        Self { app: Arc::clone(app), asker: asker.into() }
    }

    /// Breaks the stream off soon after the session or the link has ended, the right was taken back, or the document is gone.
    pub(super) fn watch<S>(
        &self,
        document: DocumentId,
        pieces: S,
    ) -> impl Stream<Item = io::Result<Bytes>> + Send + use<S>
    where
        S: Stream<Item = io::Result<Bytes>> + Send + 'static,
    {
        let now = Instant::now();
        let watch = Watch {
            app: Arc::clone(&self.app),
            asker: self.asker.clone(),
            document,
            asked: now,
            answered: now,
            rest: Bytes::new(),
        };
        let pieces = Box::pin(pieces);
        stream::try_unfold((watch, pieces), |(mut watch, mut pieces)| async move {
            if watch.rest.is_empty() {
                let Some(piece) = pieces.next().await.transpose()? else { return Ok(None) };
                watch.rest = piece;
            }
            watch.check().await?;
            let piece = watch.rest.split_to(watch.rest.len().min(PIECE));
            Ok(Some((piece, (watch, pieces))))
        })
    }
}

struct Watch {
    app: Arc<App>,
    asker: Asker,
    document: DocumentId,
    asked: Instant,
    answered: Instant,
    /// Of the piece that came last.
    rest: Bytes,
}

impl Watch {
    async fn check(&mut self) -> io::Result<()> {
        if self.asked.elapsed() < ASK_EVERY {
            return Ok(());
        }
        let answer = self.asker.may_read(&self.app, self.document).await;
        self.asked = Instant::now();
        match answer {
            Ok(true) => {
                self.answered = self.asked;
                Ok(())
            }
            Ok(false) => {
                tracing::info!(document.id = %self.document, "a download is broken off: its reader may no longer have it");
                Err(io::Error::other("broken off"))
            }
            Err(error) if self.answered.elapsed() < UNANSWERED => {
                tracing::debug!(?error, "nobody can say whether a download may go on; it does for a while");
                Ok(())
            }
            Err(error) => {
                tracing::warn!(document.id = %self.document, ?error, "a download is broken off: nobody says that it may go on");
                Err(io::Error::other("broken off"))
            }
        }
    }
}
