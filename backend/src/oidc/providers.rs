use secrecy::ExposeSecret;
use serde::Serialize;
use untxt_core::{
    config::{self, Settings},
    domain::Role,
};
use utoipa::ToSchema;

use super::{provider::Provider, ticket::Tickets};
use crate::{Error, problem::ApiError};

/// All providers of this server.
#[derive(Debug)]
pub(crate) struct Providers {
    list: Vec<Provider>,
    pub(super) tickets: Tickets,
    is_only_way: bool,
}

/// A provider as whoever wants to log in sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = Provider)]
pub(crate) struct ProviderAnswer {
    id: String,
    /// For "Log in with …".
    label: String,
}

impl Providers {
    /// Prepares what the settings name; nothing is sent yet.
    ///
    /// # Errors
    /// When a secret or a root can't be read.
    pub(crate) fn new(settings: &Settings, site: &str) -> Result<Self, Error> {
        let config::Oidc { sso_only, providers } = &settings.oidc;
        Ok(Self {
            list: providers.iter().map(|provider| Provider::new(provider, site)).collect::<Result<_, _>>()?,
            tickets: Tickets::new(settings.session.signing_key.expose_secret().as_bytes()),
            is_only_way: *sso_only,
        })
    }

    /// Says whether passwords let people of this role in.
    pub(crate) fn takes_password_of(&self, role: Role) -> bool {
        // For the day on which no provider answers.
        !self.is_only_way || role == Role::Admin
    }

    /// Says whether people come in by a provider only.
    pub(crate) fn are_only_way(&self) -> bool {
        self.is_only_way
    }

    /// Gives what is on the buttons, in the order of the settings.
    pub(crate) fn answers(&self) -> Vec<ProviderAnswer> {
        self.list.iter().map(|one| ProviderAnswer { id: one.id.clone(), label: one.label.clone() }).collect()
    }

    /// Says whether there is such a provider.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.find(id).is_ok()
    }

    pub(super) fn find(&self, id: &str) -> Result<&Provider, ApiError> {
        self.list.iter().find(|provider| provider.id == id).ok_or(ApiError::ProviderNotFound)
    }
}
