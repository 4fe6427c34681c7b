//! What somebody shows who has a passkey, and the check of it, wherever one is asked for.

use serde::Deserialize;
use serde_json::Value;
use untxt_core::domain::UserId;
use untxt_database::{
    Transaction, passkeys,
    users::{self, Credentials},
};
use utoipa::ToSchema;

use super::relying_party::Answer;
use crate::{App, problem::ApiError};

/// What `navigator.credentials.get()` gave.
#[derive(Deserialize, ToSchema)]
#[schema(as = PasskeyAnswer, value_type = Object)]
#[serde(transparent)]
pub(crate) struct Shown(Value);

/// Somebody who has shown a passkey. The transaction acts for them, and has locked the passkey: commit it.
pub(crate) struct Proved {
    pub(crate) tx: Transaction,
    pub(crate) credentials: Credentials,
}

/// Takes an answer to a challenge, once, and gives whose passkey it was. `only`: it must be theirs.
///
/// # Errors
/// [`ApiError::LoginExpired`] when nobody was asked that; [`ApiError::PasskeyRefused`] whatever else is wrong with it.
pub(crate) async fn check(app: &App, shown: &Shown, only: Option<UserId>) -> Result<Proved, ApiError> {
    let party = app.passkeys.as_ref().ok_or(ApiError::PasskeysOff)?;
    let answer = Answer::read(&shown.0).ok_or(ApiError::PasskeyRefused)?;
    let hash = answer.challenge_hash().ok_or(ApiError::PasskeyRefused)?;
    let mut tx = app.db.begin_system().await?;
    let state = passkeys::take(&mut tx, &hash).await?;
    let user = passkeys::find(&mut tx, answer.credential_id()).await?;
    // Used up, whatever the answer is worth.
    tx.commit().await?;
    let state = state.ok_or(ApiError::LoginExpired)?;
    let user = user.filter(|user| only.is_none_or(|only| *user == only)).ok_or(ApiError::PasskeyRefused)?;
    let mut tx = app.db.begin_as(user).await?;
    let stored = passkeys::lock(&mut tx, user, answer.credential_id()).await?.ok_or(ApiError::PasskeyRefused)?;
    let counter = party.check(&state, user, &stored, &answer).map_err(|wrong| {
        tracing::info!(user.id = %user, reason = %wrong, "a passkey is refused");
        ApiError::PasskeyRefused
    })?;
    passkeys::note_use(&mut tx, stored.id, counter).await?;
    let credentials = users::find_own(&mut tx, user).await?.ok_or(ApiError::PasskeyRefused)?;
    Ok(Proved { tx, credentials })
}
