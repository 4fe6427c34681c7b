//! Accounts: one's own password and address, and what administrators do with people: invite, disable, enable.
//!
//! It promises that a new password is checked against what people guess, that changing it ends all other sessions, that an
//! invitation is good once and for a week, and that whoever is disabled is out at once, everywhere.
//! It refuses to know how somebody proves who they are: that is for the session.

mod accept;
mod invite;
mod mail;
mod password;
mod people;
mod second_factor;
mod ways_in;

use std::sync::Arc;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::App;

pub(crate) use ways_in::WaysIn;

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(password::change))
        .routes(routes!(mail::change))
        .routes(routes!(second_factor::show))
        .routes(routes!(second_factor::begin, second_factor::remove))
        .routes(routes!(second_factor::confirm))
        .routes(routes!(second_factor::renew_codes))
        .routes(routes!(people::remove_second_factor))
        .routes(routes!(people::list))
        .routes(routes!(people::change))
        .routes(routes!(invite::list, invite::create))
        .routes(routes!(invite::revoke))
        .routes(routes!(accept::accept))
}
