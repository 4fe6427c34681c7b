//! Accounts: one's own password, and what administrators do with people: invite, disable, enable.
//!
//! It promises that a new password is checked against what people guess, that changing it ends all other sessions, that an
//! invitation is good once and for a week, and that whoever is disabled is out at once, everywhere.
//! It refuses to know how somebody proves who they are: that is for the session.

mod accept;
mod invite;
mod password;
mod people;
mod second_factor;

use std::sync::Arc;

use axum::{
    Router,
    routing::{delete, get, patch, post},
};

use crate::App;

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/api/v1/account/password", post(password::change))
        .route("/api/v1/account", get(second_factor::show))
        .route("/api/v1/account/second-factor", post(second_factor::begin).delete(second_factor::remove))
        .route("/api/v1/account/second-factor/confirm", post(second_factor::confirm))
        .route("/api/v1/account/recovery-codes", post(second_factor::renew_codes))
        .route("/api/v1/users/{user}/second-factor", delete(people::remove_second_factor))
        .route("/api/v1/users", get(people::list))
        .route("/api/v1/users/{user}", patch(people::change))
        .route("/api/v1/invitations", get(invite::list).post(invite::create))
        .route("/api/v1/invitations/{invitation}", delete(invite::revoke))
        .route("/api/v1/invitations/accept", post(accept::accept))
}
