use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep_until};
use untxt_core::audit::AuditDetail;
use untxt_database::password_resets::{self, Forgetful};
use utoipa::ToSchema;

use super::link::{VALID_MINUTES, send_links};
use crate::{
    App,
    access::{ClientAddress, Subject},
    extract,
    problem::ApiError,
    session::{FAILURE_FLOOR, can_exist},
};

/// Why no link goes out to somebody who is there; only the record says it.
const DISABLED: AuditDetail = AuditDetail::new("disabled");
const NO_ADDRESS: AuditDetail = AuditDetail::new("no_address");

#[derive(Deserialize, ToSchema)]
#[schema(as = PasswordResetRequest)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    /// A login, or an address.
    name: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = PasswordResetRequested)]
pub(super) struct Requested {
    /// How long the link is good, if there is one.
    valid_minutes: u32,
}

/// Sends a link to a new password to whoever has this login or address. The answer and its time are the same when nobody does:
/// letters are written after it.
#[utoipa::path(
    post,
    path = "/api/v1/password-resets",
    request_body = Wish,
    responses((status = 202, description = "a link is sent, if somebody has this name", body = Requested)),
)]
pub(super) async fn request(
    State(app): State<Arc<App>>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    extract::Json(wish): extract::Json<Wish>,
) -> Result<Response, ApiError> {
    if app.mail.is_none() {
        return Err(ApiError::NoMail);
    }
    let answer_at = Instant::now() + FAILURE_FLOOR;
    let mut tx = app.db.begin_system().await?;
    let wait = app.logins.throttle.count_reset(&mut tx, address, &wish.name).await?;
    // Asked also by who has to wait: it takes as long.
    let found = if can_exist(&wish.name) { password_resets::find(&mut tx, &wish.name).await? } else { Vec::new() };
    tx.commit().await?;
    let subject = subject(&app, &wish.name, &found);
    if let Some(retry_after) = wait {
        sleep_until(answer_at).await;
        return Ok((subject, ApiError::TooManyAttempts { retry_after }).into_response());
    }
    app.lifecycle.spawn(send_links(Arc::clone(&app), found, answer_at));
    sleep_until(answer_at).await;
    let requested = Requested { valid_minutes: VALID_MINUTES };
    Ok((StatusCode::ACCEPTED, subject, Json(requested)).into_response())
}

/// Tells the record who was meant.
fn subject(app: &App, name: &str, found: &[Forgetful]) -> Subject {
    let Some(first) = found.first() else {
        return Subject { login: Some(app.logins.mark(name)), ..Subject::default() };
    };
    let detail = match first {
        Forgetful { is_disabled: true, .. } => Some(DISABLED),
        Forgetful { has_mail: false, .. } => Some(NO_ADDRESS),
        _ => None,
    };
    Subject { detail, count: u64::try_from(found.len()).ok(), ..Subject::about(first.id) }
}
