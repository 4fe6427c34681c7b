use std::{io, sync::Arc};

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::{Stream, stream::try_unfold};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use serde::Deserialize;
use time::{OffsetDateTime, serde::rfc3339};
use untxt_core::audit::AuditFormat;
use untxt_database::audit::AuditWalk;
use utoipa::IntoParams;

use super::begin_as_auditor;
use crate::{App, extract::Query, problem::ApiError, session::Actor};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    #[param(inline)]
    format: Option<AuditFormat>,
    #[serde(default, with = "rfc3339::option")]
    from: Option<OffsetDateTime>,
    #[serde(default, with = "rfc3339::option")]
    to: Option<OffsetDateTime>,
}

/// What is still to be sent.
struct Sending {
    app: Arc<App>,
    actor: Actor,
    walk: AuditWalk,
    format: AuditFormat,
}

/// Gives the record between two times, written batch by batch while it is sent; the same file as that of `untxt audit export`.
#[utoipa::path(
    get,
    path = "/api/v1/audit/export",
    params(Wish),
    responses((
        status = 200,
        description = "the record",
        content((String = "application/x-ndjson"), (String = "text/csv"), (String = "text/plain")),
    )),
)]
pub(super) async fn export(
    State(app): State<Arc<App>>,
    actor: Actor,
    Query(wish): Query<Wish>,
) -> Result<Response, ApiError> {
    let format = wish.format.unwrap_or(AuditFormat::Jsonl);
    let mut sending = Sending { app, actor, walk: AuditWalk::new(wish.from, wish.to), format };
    let first = sending.next().await?.unwrap_or_default();
    let name = format!("attachment; filename=\"audit.{}\"", format.as_str());
    let headers = [(CONTENT_TYPE, format.media_type().to_owned()), (CONTENT_DISPOSITION, name)];
    Ok((headers, Body::from_stream(sending.stream(first))).into_response())
}

impl Sending {
    /// Writes the next piece; `None`: that was all. Whoever may no longer read the record gets no further.
    async fn next(&mut self) -> Result<Option<Bytes>, ApiError> {
        let mut tx = begin_as_auditor(&self.app, &self.actor).await?;
        let lines = self.walk.next(&mut tx).await?;
        tx.commit().await?;
        if lines.is_empty() {
            return Ok(None);
        }
        let mut text = String::new();
        lines.iter().for_each(|line| self.format.write(line, &mut text));
        Ok(Some(text.into()))
    }

    fn stream(self, first: Bytes) -> impl Stream<Item = io::Result<Bytes>> + Send {
        try_unfold((self, Some(first)), |(mut sending, first)| async move {
            if let Some(first) = first {
                return Ok(Some((first, (sending, None))));
            }
            match sending.next().await {
                Ok(piece) => Ok(piece.map(|piece| (piece, (sending, None)))),
                Err(error) => {
                    tracing::warn!(error = ?error, "an export of the record broke off");
                    Err(io::Error::other("the record can't be read on"))
                }
            }
        })
    }
}
