use std::{fmt, sync::Arc};

use axum::extract::FromRequestParts;
use http::{HeaderMap, request::Parts};
use time::OffsetDateTime;
use untxt_core::{
    audit::{AuditObject, Credential},
    domain::{DocumentId, LinkFormat, LinkId},
};
use untxt_database::{
    Transaction,
    links::{self, Attendance, Entered},
};

use super::cookie;
use crate::{App, problem::ApiError};

/// Whoever came by a link. The only way to the data is [`Self::begin`], which also looks whether the link is still good.
#[derive(Clone)]
pub(crate) struct Visitor {
    secret_hash: [u8; 32],
    pub(super) link: LinkId,
    pub(super) document: DocumentId,
    pub(super) formats: Vec<LinkFormat>,
    pub(super) expires_at: OffsetDateTime,
}

impl Visitor {
    /// Finds who a request is from by its cookie; `None`: nobody whose link is good.
    pub(crate) async fn find(app: &App, headers: &HeaderMap) -> Result<Option<Self>, ApiError> {
        let Some(secret) = cookie::find(headers).filter(|_| app.links.enabled) else { return Ok(None) };
        let secret_hash = secret.hash();
        let mut tx = app.db.begin_system().await?;
        let entered = links::enter(&mut tx, &secret_hash, Attendance::Attended).await?;
        Ok(entered.map(|Entered { link, document, formats, expires_at }| Self {
            secret_hash,
            link,
            document,
            formats,
            expires_at,
        }))
    }

    /// Begins a transaction that reads the document of the link and nothing else.
    pub(crate) async fn begin(&self, app: &App, attendance: Attendance) -> Result<Transaction, ApiError> {
        let mut tx = app.db.begin_system().await?;
        links::enter(&mut tx, &self.secret_hash, attendance).await?.ok_or(ApiError::PublicLinkNotGood)?;
        Ok(tx)
    }

    /// Refuses whoever means another link than the one that this browser opened last.
    pub(super) fn expect(&self, meant: Option<LinkId>) -> Result<(), ApiError> {
        if meant.is_none_or(|meant| meant == self.link) { Ok(()) } else { Err(ApiError::PublicLinkNotGood) }
    }

    /// Gives what they were let in with, for the record.
    pub(crate) fn credential(&self) -> Credential {
        Credential::Token(self.link.as_uuid())
    }

    /// Gives what they may have, for the record.
    pub(crate) fn object(&self) -> AuditObject {
        self.document.into()
    }
}

/// Who was let in by the layer that every route goes through; without it there is nobody.
impl FromRequestParts<Arc<App>> for Visitor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, ApiError> {
        parts.extensions.get::<Self>().cloned().ok_or(ApiError::PublicLinkNotGood)
    }
}

impl fmt::Debug for Visitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Visitor").field("link", &self.link).finish_non_exhaustive()
    }
}
