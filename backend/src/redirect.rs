//! The plain port: it only says that this server speaks HTTPS (308, which keeps method and body).

use axum::{
    Router,
    middleware::map_response,
    response::{IntoResponse, Response},
};
use http::{StatusCode, Uri, header::LOCATION};

use crate::{headers, origin::Site};

/// Makes the router of the plain port.
pub(crate) fn router(site: Site) -> Router {
    let answer = move |uri: Uri| async move { redirect(&site, &uri) };
    Router::new().fallback(answer).layer(map_response(headers::secure))
}

fn redirect(site: &Site, uri: &Uri) -> Response {
    (StatusCode::PERMANENT_REDIRECT, [(LOCATION, site.address_of(uri))]).into_response()
}
