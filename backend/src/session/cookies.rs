//! The two cookies. `__Host-` binds them to this host, HTTPS and the whole site; no `Max-Age`: they go when the
//! browser is closed.

use axum::response::{AppendHeaders, IntoResponseParts};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use http::{HeaderMap, HeaderName, header::SET_COOKIE};

const ACCESS: &str = "__Host-untxt_access";
const REFRESH: &str = "__Host-untxt_refresh";

pub(super) fn find_access(headers: &HeaderMap) -> Option<String> {
    find(headers, ACCESS)
}

pub(super) fn find_refresh(headers: &HeaderMap) -> Option<String> {
    find(headers, REFRESH)
}

fn find(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(CookieJar::from_headers(headers).get(name)?.value().to_owned())
}

/// Gives both tokens to the browser.
pub(super) fn set(access: String, refresh: String) -> impl IntoResponseParts {
    append([hardened(ACCESS, access), hardened(REFRESH, refresh)])
}

/// Takes both tokens from the browser.
pub(super) fn clear() -> impl IntoResponseParts {
    append([ACCESS, REFRESH].map(|name| {
        let mut cookie = hardened(name, String::new());
        cookie.make_removal();
        cookie
    }))
}

fn append(cookies: [Cookie<'static>; 2]) -> AppendHeaders<[(HeaderName, String); 2]> {
    AppendHeaders(cookies.map(|cookie| (SET_COOKIE, cookie.to_string())))
}

fn hardened(name: &'static str, value: String) -> Cookie<'static> {
    Cookie::build((name, value)).path("/").secure(true).http_only(true).same_site(SameSite::Strict).build()
}
