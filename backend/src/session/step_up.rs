//! Administration and keys ask again who somebody is: whoever finds an open window gains nothing of them.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use untxt_core::domain::SessionId;
use untxt_database::{PgConnection, second_factors, sessions, users};
use utoipa::ToSchema;

use super::{Actor, SessionAnswer, begin::replace, login::record_wrong_secret, second_factor::is_right_code};
use crate::{
    App,
    extract::Json,
    passkeys::{Shown, check},
    problem::ApiError,
};

/// How long a proof is good.
const FRESH: Duration = Duration::from_secs(15 * 60);

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StepUp {
    /// Good enough for whoever has nothing more.
    #[schema(value_type = Option<String>)]
    password: Option<SecretString>,
    /// Of the app, or a recovery code; asked of whoever has a second factor.
    #[schema(value_type = Option<String>)]
    code: Option<SecretString>,
    /// Good enough for everybody: an answer to POST /session/passkey/begin.
    passkey: Option<Shown>,
}

/// Proves again who somebody is. The session gets another id.
#[utoipa::path(
    post,
    path = "/api/v1/session/step-up",
    request_body = StepUp,
    responses((status = 200, description = "proved, with two new cookies", body = SessionAnswer)),
)]
pub(super) async fn step_up(
    State(app): State<Arc<App>>,
    actor: Actor,
    Json(body): Json<StepUp>,
) -> Result<Response, ApiError> {
    if let Some(passkey) = body.passkey {
        let proved = check(&app, &passkey, Some(actor.user)).await?;
        proved.tx.commit().await?;
        let tx = actor.begin(&app).await?;
        return replace(&app, tx, proved.credentials.user, actor.login()?).await;
    }
    let mut tx = actor.begin(&app).await?;
    let own = users::find_own(&mut tx, actor.user).await?.ok_or(ApiError::NotLoggedIn)?;
    let has_second_factor = second_factors::is_confirmed(&mut tx, actor.user).await?;
    tx.commit().await?;
    if let Some(retry_after) = own.locked_for {
        return Err(ApiError::TooManyAttempts { retry_after });
    }
    if has_second_factor {
        let code = body.code.ok_or(ApiError::WrongCode)?;
        if !is_right_code(&app, actor.user, code.expose_secret()).await? {
            let wrong = record_wrong_secret(&app, actor.user).await?;
            return Ok((wrong, ApiError::WrongCode).into_response());
        }
    } else {
        let password = body.password.ok_or(ApiError::WrongPassword)?;
        if !app.logins.passwords.check(password, Some(&own.password_hash)).await? {
            let wrong = record_wrong_secret(&app, actor.user).await?;
            return Ok((wrong, ApiError::WrongPassword).into_response());
        }
    }
    let tx = actor.begin(&app).await?;
    replace(&app, tx, own.user, actor.login()?).await
}

/// Refuses what needs a proof of the last 15 minutes.
pub(crate) async fn refuse_stale(conn: &mut PgConnection, session: SessionId) -> Result<(), ApiError> {
    if sessions::is_verified(conn, session, FRESH).await? { Ok(()) } else { Err(ApiError::StepUpRequired) }
}
