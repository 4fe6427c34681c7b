use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use untxt_core::{
    audit::{AuditObject, AuditObjectKind},
    domain::{DocumentId, EmergencyId, Right, TeamId, UserId},
};
use untxt_database::{
    PgConnection,
    emergency::{self, NewEmergency, Wanted},
    shares, users,
};
use utoipa::ToSchema;

use crate::{
    App,
    access::Subject,
    extract, labels,
    mail::Letter,
    problem::ApiError,
    session::{Actor, refuse_stale},
};

/// Characters of a reference; the database has the same rule.
const MAX_REFERENCE: usize = 64;
/// Characters of a reason.
const MIN_REASON: usize = 10;
const MAX_REASON: usize = 500;

/// What is to be read, why, and for how long.
#[derive(Deserialize, ToSchema)]
#[schema(as = EmergencyWish)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    /// One of these three: a document, or whose documents.
    document: Option<DocumentId>,
    user: Option<UserId>,
    team: Option<TeamId>,
    /// A case number, if there is one: 1 to 64 letters, digits, spaces and `._/-`. It is stored in clear: no names of people.
    reference: Option<String>,
    /// 10 to 500 characters. It is sealed; administrators and auditors read it.
    reason: String,
    minutes: u32,
}

#[derive(Serialize, ToSchema)]
#[schema(as = BegunEmergency)]
pub(super) struct Begun {
    id: EmergencyId,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// When it ends at the latest.
    #[serde(with = "time::serde::rfc3339")]
    ends_at: OffsetDateTime,
}

/// Begins to read a document, or all of somebody, that nobody shared, in an emergency: 201 and when it ends.
#[utoipa::path(
    post,
    path = "/api/v1/emergency-access",
    request_body = Wish,
    responses((status = 201, description = "it has begun", body = Begun)),
)]
pub(super) async fn begin(
    State(app): State<Arc<App>>,
    actor: Actor,
    extract::Json(wish): extract::Json<Wish>,
) -> Result<Response, ApiError> {
    if !app.emergency.enabled {
        return Err(ApiError::EmergencyOff);
    }
    let wanted = wish.check(app.emergency.max_minutes).ok_or(ApiError::InvalidEmergency)?;
    let mut tx = actor.begin_in_emergency(&app).await?;
    refuse_stale(&mut tx, actor.login()?).await?;
    refuse_own(&mut tx, actor.user, wanted).await?;
    tx.commit().await?;
    // No transaction is open meanwhile.
    let (id, key) = (EmergencyId::generate(), labels::key(&app, &actor).await?);
    let reason_sealed = key.seal_emergency_reason(id, wish.reason.trim())?;
    let new = NewEmergency {
        id,
        wanted,
        minutes: wish.minutes,
        reference: wish.reference.as_deref(),
        reason_sealed: &reason_sealed,
    };
    let mut tx = actor.begin_in_emergency(&app).await?;
    refuse_stale(&mut tx, actor.login()?).await?;
    let user = users::find(&mut tx, actor.user).await?.ok_or(ApiError::NotLoggedIn)?;
    let begun = emergency::begin(&mut tx, &new).await?.ok_or(match wanted {
        Wanted::Document(_) => ApiError::DocumentNotFound,
        Wanted::Person(_) => ApiError::UserNotFound,
        Wanted::Team(_) => ApiError::TeamNotFound,
    })?;
    let addresses = emergency::list_addresses(&mut tx, id).await?;
    tx.commit().await?;
    let letter = Letter::emergency(app.site.address(), &user.login, wish.minutes);
    app.lifecycle.spawn(tell(Arc::clone(&app), id, addresses, letter));
    metrics::counter!("untxt_emergency_accesses_total").increment(1);
    tracing::warn!(
        emergency.id = %id,
        owner.id = %begun.owner,
        emergency.minutes = wish.minutes,
        "somebody takes access in an emergency"
    );
    let subject = Subject {
        object: Some(wanted_object(wanted)),
        owner: Some(begun.owner),
        emergency: Some(id),
        count: Some(wish.minutes.into()),
        ..Subject::default()
    };
    let answer = Begun { id, created_at: begun.created_at, ends_at: begun.ends_at };
    Ok((StatusCode::CREATED, subject, Json(answer)).into_response())
}

/// Ends an access in an emergency at once; downloads by it break off.
#[utoipa::path(
    delete,
    path = "/api/v1/emergency-access/{emergency}",
    responses((status = 204, description = "it has ended")),
)]
pub(super) async fn end(
    State(app): State<Arc<App>>,
    actor: Actor,
    extract::Path(id): extract::Path<EmergencyId>,
) -> Result<Response, ApiError> {
    let mut tx = actor.begin(&app).await?;
    let ended = emergency::end(&mut tx, id).await?.ok_or(ApiError::EmergencyNotFound)?;
    tx.commit().await?;
    let subject = Subject {
        object: ended.document.map(Into::into),
        owner: Some(ended.owner),
        emergency: Some(id),
        ..Subject::default()
    };
    Ok((subject, StatusCode::NO_CONTENT).into_response())
}

/// Writes to those who should know. Nothing depends on it: they see it when they log in, too.
async fn tell(app: Arc<App>, id: EmergencyId, addresses: Vec<String>, letter: Letter) {
    let Some(mailer) = &app.mail else { return };
    for address in addresses {
        if let Err(why) = mailer.send(&address, letter.clone()).await {
            tracing::warn!(emergency.id = %id, mail.failure = why.word(), "a letter about an emergency was not taken");
        }
    }
}

/// Refuses what the person may do anything with anyway.
async fn refuse_own(conn: &mut PgConnection, user: UserId, wanted: Wanted) -> Result<(), ApiError> {
    let is_own = match wanted {
        Wanted::Document(id) => shares::right_on(conn, id).await? == Some(Right::Manage),
        Wanted::Person(id) => id == user,
        Wanted::Team(_) => false,
    };
    if is_own { Err(ApiError::InvalidEmergency) } else { Ok(()) }
}

fn wanted_object(wanted: Wanted) -> AuditObject {
    match wanted {
        Wanted::Document(id) => id.into(),
        Wanted::Person(id) => id.into(),
        Wanted::Team(id) => AuditObject::new(AuditObjectKind::Team, id.as_uuid()),
    }
}

impl Wish {
    /// Gives what is to be read, if exactly one thing is named and everything is within bounds.
    fn check(&self, max_minutes: u32) -> Option<Wanted> {
        let reason = self.reason.trim().chars().count();
        let is_good = (MIN_REASON..=MAX_REASON).contains(&reason)
            && (1..=max_minutes).contains(&self.minutes)
            && self.reference.as_deref().is_none_or(is_reference);
        let wanted = match (self.document, self.user, self.team) {
            (Some(id), None, None) => Wanted::Document(id),
            (None, Some(id), None) => Wanted::Person(id),
            (None, None, Some(id)) => Wanted::Team(id),
            _ => return None,
        };
        is_good.then_some(wanted)
    }
}

fn is_reference(text: &str) -> bool {
    let goes_on = |letter: char| letter.is_ascii_alphanumeric() || " ._/-".contains(letter);
    text.len() <= MAX_REFERENCE
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.chars().all(goes_on)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish() -> Wish {
        Wish {
            document: Some(DocumentId::generate()),
            user: None,
            team: None,
            reference: Some("ER 2026/7".to_owned()),
            reason: "ten chars!".to_owned(),
            minutes: 60,
        }
    }

    #[test]
    fn an_emergency_is_of_one_thing_with_a_reason_and_an_end() {
        assert!(wish().check(60).is_some() && Wish { reference: None, ..wish() }.check(60).is_some());
        let bad = [
            Wish { document: None, ..wish() },
            Wish { user: Some(UserId::generate()), ..wish() },
            Wish { reason: "  nine chr  ".to_owned(), ..wish() },
            Wish { reason: "x".repeat(MAX_REASON + 1), ..wish() },
            Wish { minutes: 0, ..wish() },
            Wish { minutes: 61, ..wish() },
            Wish { reference: Some("Müller".to_owned()), ..wish() },
            Wish { reference: Some(String::new()), ..wish() },
        ];
        assert!(bad.iter().all(|bad| bad.check(60).is_none()));
    }
}
