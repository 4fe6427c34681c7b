use std::{net::IpAddr, sync::Arc};

use axum::response::{IntoResponse, Response};
use http::{StatusCode, request::Parts};
use untxt_core::{
    audit::{AuditDetail, AuditEntry, AuditObject, AuditOutcome, Credential},
    domain::{EmergencyId, LinkId},
    telemetry::chain,
};

use super::{Operation, Recorded, Subject};
use crate::{
    App,
    links::Visitor,
    observe::RequestId,
    problem::{self, ApiError},
    session::{Actor, Via},
};

/// A detail of its own for who left before the answer: what was done by then nobody here knows.
const LEFT: AuditDetail = AuditDetail::new("client_left");

/// The line of the record that a request makes: exactly one, also when nobody waits for its end.
pub(super) struct Line {
    app: Arc<App>,
    /// `None`: there is nothing to record, or it is written.
    entry: Option<AuditEntry>,
}

impl Line {
    pub(super) fn begin(
        app: Arc<App>,
        operation: &Operation,
        parts: &Parts,
        address: Option<IpAddr>,
        object: Option<AuditObject>,
    ) -> Self {
        let (action, detail) = match operation.record {
            Recorded::As(action) => (action, None),
            Recorded::With(action, detail) => (action, Some(AuditDetail::new(detail))),
            Recorded::Not(_) => return Self { app, entry: None },
        };
        let request_id = parts.extensions.get::<RequestId>().map(|RequestId(id)| *id);
        // As it is when nobody waits for the end.
        let entry = AuditEntry { detail, object, address, request_id, ..AuditEntry::new(action, AuditOutcome::Failed) };
        Self { app, entry: Some(entry) }
    }

    /// Says who it is.
    pub(super) fn is_by(&mut self, actor: &Actor) {
        let Some(entry) = &mut self.entry else { return };
        entry.actor = Some(actor.user);
        entry.via = Some(match actor.via {
            Via::Session(session) => Credential::Session(session),
            Via::Token { id, .. } => Credential::Token(id.as_uuid()),
        });
    }

    /// Says by which link somebody came, and to what.
    pub(super) fn is_by_visitor(&mut self, visitor: &Visitor) {
        let Some(entry) = &mut self.entry else { return };
        entry.via = Some(visitor.credential());
        entry.object = Some(visitor.object());
    }

    /// Leaves the line out.
    pub(super) fn be_silent_if(&mut self, is_told: bool) {
        if is_told {
            self.entry = None;
        }
    }

    /// Writes the line, and gives the answer only when it is written. An answer that is a fault of ours anyway is given as it is.
    pub(super) async fn end(mut self, mut answer: Response) -> Response {
        let subject = answer.extensions_mut().remove::<Subject>();
        let Some(entry) = &mut self.entry else { return answer };
        complete(entry, &answer, subject.unwrap_or_default());
        let written = self.app.db.record(entry).await;
        let is_failure = entry.outcome == AuditOutcome::Failed;
        self.entry = None;
        match written {
            Ok(()) => answer,
            Err(error) if is_failure => {
                tracing::error!(error = chain(&error), "a failed request is not on record");
                answer
            }
            Err(error) => ApiError::AuditUnavailable(error.into()).into_response(),
        }
    }
}

/// Adds what is known at the end.
fn complete(entry: &mut AuditEntry, answer: &Response, subject: Subject) {
    let status = answer.status();
    entry.outcome = outcome(status);
    entry.action = subject.action.unwrap_or(entry.action).with(entry.outcome);
    entry.actor = subject.user.or(entry.actor);
    entry.via = subject.via.or(entry.via);
    entry.grant = subject.link.map(LinkId::as_uuid).or(subject.emergency.map(EmergencyId::as_uuid));
    entry.owner = subject.owner;
    entry.object = subject.object.or(entry.object);
    entry.count = subject.count;
    entry.login = subject.login;
    entry.detail = match entry.outcome {
        AuditOutcome::Ok => subject.detail.or(entry.detail),
        // Why not says more than what.
        _ => Some(AuditDetail::new(problem::code_of(answer))),
    };
}

fn outcome(status: StatusCode) -> AuditOutcome {
    match status.as_u16() {
        ..400 => AuditOutcome::Ok,
        400..500 => AuditOutcome::Refused,
        _ => AuditOutcome::Failed,
    }
}

impl Drop for Line {
    /// Whoever asked has gone; what was done until then is on record all the same.
    fn drop(&mut self) {
        let Some(entry) = self.entry.take() else { return };
        let entry = AuditEntry { detail: Some(LEFT), ..entry };
        let app = Arc::clone(&self.app);
        self.app.lifecycle.spawn(async move {
            if let Err(error) = app.db.record(&entry).await {
                tracing::error!(error = chain(&error), "a request that nobody waited for is not on record");
            }
        });
    }
}
