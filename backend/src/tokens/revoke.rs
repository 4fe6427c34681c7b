use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use untxt_core::domain::TokenId;
use untxt_database::tokens;

use crate::{App, extract::Path, problem::ApiError, session::Actor};

/// Ends a token at once.
#[utoipa::path(delete, path = "/api/v1/tokens/{token}", responses((status = 204, description = "revoked")))]
pub(super) async fn revoke(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<TokenId>,
) -> Result<StatusCode, ApiError> {
    let mut tx = actor.begin(&app).await?;
    if !tokens::revoke(&mut tx, id).await? {
        return Err(ApiError::TokenNotFound);
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
