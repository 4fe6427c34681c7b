use axum::response::{IntoResponse, Response};
use tokio::time::Instant;
use untxt_core::{
    audit::{AuditDetail, AuditObject, AuditObjectKind as Kind},
    domain::{EmergencyId, OwnerId, Role},
};
use untxt_database::emergency::{self, Read};

use crate::{
    App,
    access::Subject,
    problem::ApiError,
    session::{Actor, Via},
};

/// What the record says of everything that was read in an emergency, instead of in which format.
const EMERGENCY: AuditDetail = AuditDetail::new("emergency");

/// Has the record say of an answer that it was given in an emergency, and by which access, if it was. An answer of which nobody can
/// say that is not given. `began`: when the request came; an access that has ended since counts.
pub(crate) async fn mark(
    app: &App,
    (actor, role): (&Actor, Role),
    object: Option<AuditObject>,
    began: Instant,
    mut answer: Response,
) -> Response {
    if !app.emergency.roles().contains(&role) || !matches!(actor.via, Via::Session(_)) {
        return answer;
    }
    let Some(AuditObject { kind, id: Some(id), .. }) = object.filter(|_| answer.status().is_success()) else {
        return answer;
    };
    let read = match kind {
        Kind::Document => Read::Document(id.into()),
        Kind::Task => Read::Task(id.into()),
        _ => return answer,
    };
    match note(app, actor, read, began).await {
        Ok(Some(access)) => {
            let subject = Subject::of(&mut answer);
            (subject.emergency, subject.detail) = (Some(access), Some(EMERGENCY));
            answer
        }
        Ok(None) => answer,
        Err(error) => error.into_response(),
    }
}

/// Tells the record that all documents of an owner were listed by an access.
pub(crate) fn mark_list(access: EmergencyId, owner: OwnerId) -> Subject {
    Subject { emergency: Some(access), detail: Some(EMERGENCY), owner: Some(owner), ..Subject::default() }
}

async fn note(app: &App, actor: &Actor, read: Read, began: Instant) -> Result<Option<EmergencyId>, ApiError> {
    let mut tx = app.db.begin_as(actor.user).await?;
    let access = emergency::note_read(&mut tx, read, began.elapsed()).await?;
    tx.commit().await?;
    Ok(access)
}
