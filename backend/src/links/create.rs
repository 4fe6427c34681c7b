use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use untxt_core::{
    clock,
    domain::{DocumentId, LinkFormat, LinkId, Right},
};
use untxt_database::{
    Error, documents,
    links::{self, NewLink},
};
use utoipa::ToSchema;

use super::list::Link;
use crate::{
    App,
    access::Subject,
    extract,
    problem::ApiError,
    session::{Actor, LinkSecret},
    shares::require,
};

/// Links of one document that are good at once.
const MAX_LINKS: u32 = 100;

const MAX_USES: u32 = 10_000;

/// NIST SP 800-63B §5.1.1.2 asks for 8. A link's password is tried ten times at most, and is nothing without the link.
const MIN_PASSWORD_CHARS: usize = 8;
const MAX_PASSWORD_BYTES: usize = 1024;

/// What a link gives, how long, and how often.
#[derive(Deserialize, ToSchema)]
#[schema(as = LinkWish)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
    what: Vec<LinkFormat>,
    /// 8 characters at least; null: whoever has the link gets in.
    #[schema(value_type = Option<String>)]
    password: Option<SecretString>,
    /// How often it may be opened; null: as often as one likes.
    uses: Option<u32>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = CreatedLink)]
pub(super) struct Created {
    #[serde(flatten)]
    link: Link,
    /// Shown now and never again. What opens the document stands behind the #, which browsers send to nobody.
    url: String,
}

/// Makes a public link of a document: 201, and the only answer that has its address.
#[utoipa::path(
    post,
    path = "/api/v1/documents/{document}/links",
    request_body = Wish,
    responses((status = 201, description = "made", body = Created)),
)]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    actor: Actor,
    extract::Path(id): extract::Path<DocumentId>,
    extract::Json(wish): extract::Json<Wish>,
) -> Result<Response, ApiError> {
    if !app.links.enabled {
        return Err(ApiError::LinksOff);
    }
    let formats = wish.check(app.links.max_days)?;
    refuse_unfit(&app, &actor, id).await?;
    // No transaction is open meanwhile.
    let password_hash = match wish.password {
        Some(password) => Some(app.logins.passwords.hash(password).await?),
        None => None,
    };
    let secret = LinkSecret::generate().map_err(ApiError::internal)?;
    let new = NewLink {
        id: LinkId::generate(),
        document: id,
        made_by: actor.user,
        token_hash: &secret.hash(),
        password_hash: password_hash.as_deref(),
        formats: &formats,
        max_uses: wish.uses,
        expires_at: wish.expires_at,
    };
    let mut tx = actor.begin(&app).await?;
    if !links::create(&mut tx, &new, MAX_LINKS).await.map_err(of_creating)? {
        return Err(ApiError::TooManyLinks);
    }
    let link = links::list(&mut tx, id).await?.into_iter().find(|link| link.id == new.id);
    let link = link.ok_or(ApiError::RightMissing)?;
    tx.commit().await?;
    // The page asks for a password before it asks the server, which tells nobody whether there is one.
    let mark = if link.has_password { "p." } else { "" };
    let url = format!("{}/l/#{mark}{}", app.site.address(), secret.text());
    let subject = Subject { link: Some(link.id), ..Subject::default() };
    Ok((StatusCode::CREATED, subject, Json(Created { link: link.into(), url })).into_response())
}

/// Refuses what is not there, what the person may not manage, and what lies in the trash.
async fn refuse_unfit(app: &App, actor: &Actor, id: DocumentId) -> Result<(), ApiError> {
    let mut tx = actor.begin(app).await?;
    require(&mut tx, id, Right::Manage).await?;
    let found = documents::find(&mut tx, id).await?.ok_or(ApiError::DocumentNotFound)?;
    tx.commit().await?;
    if found.document.trash.is_some() { Err(ApiError::InTrash) } else { Ok(()) }
}

/// Says what it means that the database does not take a link: the right or the document went away meanwhile.
fn of_creating(error: Error) -> ApiError {
    match error {
        Error::Refused(_) => ApiError::RightMissing,
        other => other.into(),
    }
}

impl Wish {
    /// Gives the formats, each once, if everything is within bounds.
    fn check(&self, max_days: u32) -> Result<Vec<LinkFormat>, ApiError> {
        let left = self.expires_at - clock::now();
        let is_in_time = left > Duration::ZERO && left <= Duration::days(max_days.into());
        let is_long_enough = self.password.as_ref().is_none_or(|password| {
            let password = password.expose_secret();
            password.chars().count() >= MIN_PASSWORD_CHARS && password.len() <= MAX_PASSWORD_BYTES
        });
        let has_uses = self.uses.is_none_or(|uses| (1..=MAX_USES).contains(&uses));
        let formats: Vec<_> = LinkFormat::ALL.iter().copied().filter(|format| self.what.contains(format)).collect();
        if is_in_time && is_long_enough && has_uses && !formats.is_empty() {
            Ok(formats)
        } else {
            Err(ApiError::InvalidLink)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish() -> Wish {
        let expires_at = clock::now() + Duration::days(7);
        Wish { expires_at, what: vec![LinkFormat::Text, LinkFormat::Pdf, LinkFormat::Text], password: None, uses: None }
    }

    #[test]
    fn a_link_ends_in_time_and_gives_something() {
        assert_eq!(wish().check(7).ok(), Some(vec![LinkFormat::Pdf, LinkFormat::Text]));
        let bad = [
            Wish { expires_at: clock::now() + Duration::days(8), ..wish() },
            Wish { expires_at: clock::now() - Duration::SECOND, ..wish() },
            Wish { what: vec![], ..wish() },
            Wish { uses: Some(0), ..wish() },
            Wish { uses: Some(MAX_USES + 1), ..wish() },
            Wish { password: Some("7 chars".to_owned().into()), ..wish() },
            Wish { password: Some("x".repeat(MAX_PASSWORD_BYTES + 1).into()), ..wish() },
        ];
        for bad in bad {
            assert!(matches!(bad.check(7), Err(ApiError::InvalidLink)));
        }
        let good = Wish { password: Some("8 chars!".to_owned().into()), uses: Some(1), ..wish() };
        assert!(good.check(7).is_ok());
    }
}
