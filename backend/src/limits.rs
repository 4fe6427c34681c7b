//! What this server takes, so that pages can say so before an upload.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::Serialize;
use untxt_core::domain::MediaType;
use untxt_database::languages;
use untxt_page::formats::Format;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{App, oidc::ProviderAnswer, problem::ApiError};

#[derive(Serialize, ToSchema)]
struct Limits {
    max_file_bytes: u64,
    max_pages: u32,
    /// How long a deleted document can be taken back; 0: not at all.
    trash_days: u32,
    allowed_types: Vec<MediaType>,
    /// Whether a forgotten password can be replaced by a link in a mail.
    sends_mail: bool,
    /// How many days a public link lasts at most; 0: this server makes none.
    link_days: u32,
    /// How many minutes an access in an emergency lasts at most; 0: this server gives none.
    emergency_minutes: u32,
    /// Who else says who somebody is: POST /oidc/ID begins such a login.
    providers: Vec<ProviderAnswer>,
    /// Whether a passkey can let somebody in here.
    passkeys: bool,
    /// Whether passwords and passkeys let in administrators only.
    sso_only: bool,
    /// What an upload that names none is read in; `auto` alone when that is found out.
    languages: Vec<String>,
    /// What the workers can read; empty as long as none has started.
    installed_languages: Vec<String>,
    /// What `GET /documents/ID/formats/FORMAT` gives.
    formats: Vec<&'static str>,
}

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(show))
}

#[utoipa::path(
    get,
    path = "/api/v1/limits",
    responses((status = 200, description = "what this server takes", body = Limits)),
)]
async fn show(State(app): State<Arc<App>>) -> Result<Json<Limits>, ApiError> {
    let mut tx = app.db.begin_system().await?;
    let installed_languages = languages::list(&mut tx).await?;
    tx.commit().await?;
    Ok(Json(Limits {
        max_file_bytes: app.limits.max_file_bytes,
        max_pages: app.limits.max_pages,
        trash_days: app.trash.days,
        allowed_types: app.limits.allowed_types.clone(),
        link_days: if app.links.enabled { app.links.max_days } else { 0 },
        emergency_minutes: if app.emergency.enabled { app.emergency.max_minutes } else { 0 },
        sends_mail: app.mail.is_some(),
        providers: app.sso.answers(),
        passkeys: app.passkeys.is_some(),
        sso_only: app.sso.are_only_way(),
        languages: app.languages.split('+').map(str::to_owned).collect(),
        installed_languages,
        formats: Format::ALL.iter().map(|format| format.name()).collect(),
    }))
}
