use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use untxt_core::domain::UserId;
use untxt_database::users;
use utoipa::ToSchema;

use crate::{
    App,
    extract::Json,
    mail::{Letter, can_be_address},
    problem::ApiError,
    session::{Actor, refuse_stale},
};

#[derive(Deserialize, ToSchema)]
#[schema(as = MailChange)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    /// `null`: none.
    mail: Option<String>,
}

/// Sets or removes the address that links to a new password go to: whoever reads there can take the account, so that a fresh
/// proof is asked for, and the address of before is told. A link that was sent there is void.
#[utoipa::path(
    put,
    path = "/api/v1/account/mail",
    request_body = Change,
    responses((status = 204, description = "set or removed")),
)]
pub(super) async fn change(
    State(app): State<Arc<App>>,
    actor: Actor,
    Json(change): Json<Change>,
) -> Result<StatusCode, ApiError> {
    if change.mail.as_deref().is_some_and(|mail| !can_be_address(mail)) {
        return Err(ApiError::InvalidMail);
    }
    let mut tx = actor.begin(&app).await?;
    refuse_stale(&mut tx, actor.login()?).await?;
    let user = users::find(&mut tx, actor.user).await?.ok_or(ApiError::NotLoggedIn)?;
    let before = users::find_mail(&mut tx, actor.user).await?;
    users::set_mail(&mut tx, actor.user, change.mail.as_deref()).await?;
    tx.commit().await?;
    if let Some(before) = before.filter(|before| !change.mail.is_some_and(|mail| mail.eq_ignore_ascii_case(before))) {
        app.lifecycle.spawn(tell(Arc::clone(&app), actor.user, user.login, before));
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Tells the address of before. It may be gone, so that nothing depends on it.
async fn tell(app: Arc<App>, user: UserId, login: String, before: String) {
    let Some(mailer) = &app.mail else { return };
    if let Err(why) = mailer.send(&before, Letter::moved(app.site.address(), &login)).await {
        tracing::warn!(user.id = %user, mail.failure = why.word(), "an address of before could not be told");
    }
}
