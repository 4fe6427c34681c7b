//! Passkeys: W3C Web Authentication, Level 3, checked by the crate `webauthn_rp`.
//!
//! It promises that a passkey lets in only whoever unlocked their device with a finger, a face or a PIN, on a page of this very
//! address; that every challenge is good once, for five minutes, and for the one who asked for it; and that a copied key, whose
//! counter runs behind, is refused. It refuses to know what a session is, and believes nothing that a device says of its maker.

mod add;
mod list;
mod login;
mod relying_party;
mod show;

use std::sync::Arc;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::App;

pub(crate) use relying_party::RelyingParty;
pub(crate) use show::{Shown, check};

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(login::begin))
        .routes(routes!(login::finish))
        .routes(routes!(list::list, add::finish))
        .routes(routes!(add::begin))
        .routes(routes!(list::remove))
}
