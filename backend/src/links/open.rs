use std::{net::IpAddr, sync::Arc};

use axum::{
    Extension, Json,
    extract::State,
    response::{IntoResponse, Response},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tokio::time::{Instant, sleep_until};
use untxt_core::{
    audit::Credential,
    domain::{LinkFormat, LinkId, LinkSessionId},
};
use untxt_database::links::{self, Begun, Tried};
use utoipa::ToSchema;

use super::cookie;
use crate::{
    App,
    access::{ClientAddress, Subject},
    extract,
    problem::ApiError,
    session::{FAILURE_FLOOR, LinkSecret},
};

#[derive(Deserialize, ToSchema)]
#[schema(as = LinkOpening)]
#[serde(deny_unknown_fields)]
pub(super) struct Opening {
    /// What stands behind the # of the link, without the `p.` of one with a password.
    #[schema(value_type = String)]
    token: SecretString,
    #[schema(value_type = Option<String>)]
    password: Option<SecretString>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = OpenedLink)]
pub(super) struct Opened {
    /// Which: what is asked for afterwards may say so, and then is never of another.
    link: LinkId,
    what: Vec<LinkFormat>,
    /// When this browser has to open the link again.
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
}

/// Opens a public link, and uses it up by one: for 15 minutes this browser may have the document. All that does not open is refused
/// in the same words and the same time.
#[utoipa::path(
    post,
    path = "/api/v1/links/open",
    request_body = Opening,
    responses((status = 200, description = "open", body = Opened)),
)]
pub(super) async fn open(
    State(app): State<Arc<App>>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    extract::Json(opening): extract::Json<Opening>,
) -> Result<Response, ApiError> {
    // Not cancelled when the client goes away: what was counted before it was looked at must not stay so.
    let opening = attempt(Arc::clone(&app), address, opening);
    app.lifecycle.spawn(opening).await.map_err(ApiError::internal)?
}

async fn attempt(app: Arc<App>, address: Option<IpAddr>, opening: Opening) -> Result<Response, ApiError> {
    let answer_at = Instant::now() + FAILURE_FLOOR;
    let mut tx = app.db.begin_system().await?;
    app.logins.throttle.check_address(&mut tx, address).await?;
    drop(tx);
    let tried = find(&app, &opening).await?;
    let subject = tried.as_ref().map(subject).unwrap_or_default();
    let begun = match judge(&app, opening, tried.as_ref()).await? {
        Some(link) => begin(&app, link).await?,
        None => None,
    };
    if let Some((secret, link, Begun { formats, expires_at })) = begun {
        let opened = Json(Opened { link, what: formats, expires_at });
        return Ok((subject, cookie::set(&secret), opened).into_response());
    }
    let mut tx = app.db.begin_system().await?;
    app.logins.throttle.record_address(&mut tx, address).await?;
    tx.commit().await?;
    sleep_until(answer_at).await;
    Ok((subject, ApiError::PublicLinkNotGood).into_response())
}

/// Finds the link; a password counts as a wrong one from here on, so that many at once are no more than ten.
async fn find(app: &App, opening: &Opening) -> Result<Option<Tried>, ApiError> {
    let token = LinkSecret::read(opening.token.expose_secret()).filter(|_| app.links.enabled);
    let Some(token) = token else { return Ok(None) };
    let mut tx = app.db.begin_system().await?;
    let tried = links::try_open(&mut tx, &token.hash(), opening.password.is_some()).await?;
    tx.commit().await?;
    Ok(tried)
}

/// As [`is_right`]; where nobody could look, the try does not count.
async fn judge<'a>(app: &App, opening: Opening, tried: Option<&'a Tried>) -> Result<Option<&'a Tried>, ApiError> {
    let has_password = opening.password.is_some();
    let verdict = is_right(app, opening, tried).await;
    if let (Err(_), Some(link)) = (&verdict, tried.filter(|tried| has_password && is_guarded(tried))) {
        let mut tx = app.db.begin_system().await?;
        links::untry(&mut tx, link.id).await?;
        tx.commit().await?;
    }
    verdict
}

/// Says whether a try was counted.
fn is_guarded(tried: &Tried) -> bool {
    tried.is_open && tried.password_hash.is_some()
}

/// Gives the link if it is open and the password right. A password is checked also for a link that is none, is over, or has none:
/// it takes as long.
async fn is_right<'a>(app: &App, opening: Opening, tried: Option<&'a Tried>) -> Result<Option<&'a Tried>, ApiError> {
    let open = tried.filter(|tried| tried.is_open);
    let hash = open.and_then(|tried| tried.password_hash.as_deref());
    let is_known = match opening.password {
        Some(password) => app.logins.passwords.check(password, hash).await?,
        None => false,
    };
    Ok(open.filter(|tried| is_known || tried.password_hash.is_none()))
}

/// Begins a session, unless somebody else came first for the last use.
async fn begin(app: &App, link: &Tried) -> Result<Option<(LinkSecret, LinkId, Begun)>, ApiError> {
    let secret = LinkSecret::generate().map_err(ApiError::internal)?;
    let mut tx = app.db.begin_system().await?;
    let begun = links::begin_session(&mut tx, link.id, LinkSessionId::generate(), &secret.hash()).await?;
    tx.commit().await?;
    Ok(begun.map(|begun| (secret, link.id, begun)))
}

/// Tells the record of which document it was, and by which link.
fn subject(tried: &Tried) -> Subject {
    Subject {
        object: Some(tried.document.into()),
        via: Some(Credential::Token(tried.id.as_uuid())),
        ..Subject::default()
    }
}
