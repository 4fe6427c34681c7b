use axum::extract::OptionalFromRequestParts;
use http::{HeaderValue, request::Parts};

use crate::problem::ApiError;

const MAX_BYTES: usize = 255;

/// The client's name for one upload: sending it again gives the same document instead of another one.
#[derive(Debug)]
pub(super) struct IdempotencyKey(Vec<u8>);

impl IdempotencyKey {
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for IdempotencyKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, ApiError> {
        let mut values = parts.headers.get_all("idempotency-key").iter().map(HeaderValue::as_bytes);
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(key), None) if (1..=MAX_BYTES).contains(&key.len()) && key.iter().all(u8::is_ascii_graphic) => {
                Ok(Some(Self(key.to_vec())))
            }
            _ => Err(ApiError::BadIdempotencyKey),
        }
    }
}
