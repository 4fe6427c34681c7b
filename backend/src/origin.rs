//! Which site a request comes from: the second wall, behind `SameSite=Strict`, against forged requests.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderMap, Uri, header::ORIGIN};

use crate::{App, Error, problem::ApiError};

/// The public address of this server.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    /// Scheme, host and port as browsers write them in `Origin`: lower case, without the default port.
    origin: String,
}

impl Site {
    pub(crate) fn new(public_url: &str) -> Result<Self, Error> {
        let wrong = || Error::PublicUrl(public_url.to_owned());
        let uri: Uri = public_url.parse().map_err(|_| wrong())?;
        let host = uri.host().filter(|_| uri.scheme_str() == Some("https")).ok_or_else(wrong)?.to_ascii_lowercase();
        let origin = match uri.port_u16() {
            None | Some(443) => format!("https://{host}"),
            Some(port) => format!("https://{host}:{port}"),
        };
        Ok(Self { origin })
    }

    /// Gives the address of this site, for links that are sent to somebody.
    pub(crate) fn address(&self) -> &str {
        &self.origin
    }

    /// Gives the address that a plain request for this path belongs to.
    pub(crate) fn address_of(&self, uri: &Uri) -> String {
        format!("{}{}", self.origin, uri.path_and_query().map_or("/", |path| path.as_str()))
    }

    /// Says whether a browser says that the request comes from our own pages.
    pub(crate) fn is_origin_of(&self, headers: &HeaderMap) -> bool {
        headers.get(ORIGIN).is_some_and(|origin| origin.as_bytes() == self.origin.as_bytes())
    }

    /// Says whether a request may change something: it comes from our pages, or from no browser at all.
    fn may_change(&self, headers: &HeaderMap) -> bool {
        if headers.contains_key(ORIGIN) {
            return self.is_origin_of(headers);
        }
        headers.get("sec-fetch-site").is_none_or(|site| site.as_bytes() == b"same-origin")
    }
}

/// Refuses requests that change something on behalf of another site.
pub(crate) async fn refuse_foreign(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    if request.method().is_safe() || app.site.may_change(request.headers()) {
        Ok(next.run(request).await)
    } else {
        Err(ApiError::WrongOrigin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value"))).collect()
    }

    #[test]
    fn the_origin_is_written_as_browsers_do() {
        assert_eq!(Site::new("https://Scan.Example:443/").expect("good").origin, "https://scan.example");
        assert_eq!(Site::new("https://localhost:8443").expect("good").origin, "https://localhost:8443");
        assert!(Site::new("http://localhost").is_err());
        assert!(Site::new("https://").is_err());
    }

    #[test]
    fn only_our_pages_and_programs_may_change() {
        let site = Site::new("https://localhost:8443").expect("good");
        assert!(site.may_change(&headers(&[("origin", "https://localhost:8443")])));
        assert!(site.may_change(&headers(&[])));
        assert!(site.may_change(&headers(&[("sec-fetch-site", "same-origin")])));
        for foreign in [
            &[("origin", "https://localhost:8444")][..],
            &[("origin", "null")],
            &[("origin", "https://localhost:8443.evil.example")],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "none")],
        ] {
            assert!(!site.may_change(&headers(foreign)), "{foreign:?}");
        }
    }
}
