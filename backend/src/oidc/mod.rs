//! Logins of other services, by OpenID Connect: authorization code, PKCE, nonce and state.
//!
//! It promises that nothing of a provider is believed that it has not signed for this server, this browser and this login; that
//! whoever the provider names is never found by an address, but only by a tie that the person made while logged in; and that a
//! provider that is down, slow or lying costs ten seconds at most and says nothing to whoever asks. It refuses to know what a
//! session is: whoever is known goes the way of a password login.

mod begin;
mod finish;
mod identities;
mod link;
mod provider;
mod providers;
mod ticket;
mod transport;
mod trouble;

use std::sync::Arc;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::App;

pub(crate) use providers::{ProviderAnswer, Providers};

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(begin::begin))
        .routes(routes!(finish::finish))
        .routes(routes!(identities::list))
        .routes(routes!(link::begin))
        .routes(routes!(link::finish))
        .routes(routes!(identities::unlink))
}
