//! What a browser keeps that came by a link. `__Host-` binds it to this host, HTTPS and the whole site; no `Max-Age`: it goes when
//! the browser is closed.

use axum::response::AppendHeaders;
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use http::{HeaderMap, HeaderName, header::SET_COOKIE};

use crate::session::LinkSecret;

pub(crate) const NAME: &str = "__Host-untxt_link";

pub(super) fn find(headers: &HeaderMap) -> Option<LinkSecret> {
    LinkSecret::read(CookieJar::from_headers(headers).get(NAME)?.value())
}

pub(super) fn set(secret: &LinkSecret) -> AppendHeaders<[(HeaderName, String); 1]> {
    let cookie = Cookie::build((NAME, secret.text())).path("/").secure(true).http_only(true);
    AppendHeaders([(SET_COOKIE, cookie.same_site(SameSite::Strict).build().to_string())])
}
