//! What a browser keeps while it is away at a provider: 256 random bits in a cookie. State, nonce and PKCE verifier are made of
//! them with a key of this server, so that none of the three is stored anywhere, and none can be made by whoever has the cookie.

use aws_lc_rs::{constant_time::verify_slices_are_equal, error::Unspecified, hmac};
use axum::response::{AppendHeaders, IntoResponseParts};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use http::{HeaderMap, HeaderName, header::SET_COOKIE};

use crate::session::LinkSecret;

const COOKIE: &str = "__Host-untxt_oidc";
/// As long as the database takes it.
const LIFE: time::Duration = time::Duration::minutes(10);

/// What a browser goes to a provider for. It is part of the state, so that the page it comes back to knows where to go on, and
/// neither is good for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    LogIn,
    Link,
}

/// What one browser keeps.
#[derive(Debug)]
pub(super) struct Ticket(LinkSecret);

/// Makes what providers see of tickets.
#[derive(Debug)]
pub(super) struct Tickets {
    key: hmac::Key,
}

impl Ticket {
    pub(super) fn generate() -> Result<Self, Unspecified> {
        LinkSecret::generate().map(Self)
    }

    /// Reads what the browser brings back.
    pub(super) fn find(headers: &HeaderMap) -> Option<Self> {
        LinkSecret::read(CookieJar::from_headers(headers).get(COOKIE)?.value()).map(Self)
    }

    /// Gives what is stored.
    pub(super) fn hash(&self) -> [u8; 32] {
        self.0.hash()
    }

    /// Gives it to the browser. `Strict` is enough: our own page brings it back, not the provider's redirect.
    pub(super) fn give(&self) -> impl IntoResponseParts + use<> {
        let mut cookie = hardened(self.0.text());
        cookie.set_max_age(LIFE);
        append(&cookie)
    }

    /// Takes it from the browser.
    pub(super) fn forget() -> impl IntoResponseParts {
        let mut cookie = hardened(String::new());
        cookie.make_removal();
        append(&cookie)
    }
}

impl Tickets {
    pub(super) fn new(signing_key: &[u8]) -> Self {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, signing_key);
        let key = hmac::sign(&secret, b"untxt oidc ticket");
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, key.as_ref()) }
    }

    pub(super) fn state(&self, ticket: &Ticket, purpose: Purpose) -> String {
        let (word, what) = match purpose {
            Purpose::LogIn => ("login", "state to log in"),
            Purpose::Link => ("link", "state to link"),
        };
        format!("{word}-{}", self.derive(ticket, what))
    }

    /// Says whether a state is that of this browser.
    pub(super) fn is_state(&self, ticket: &Ticket, purpose: Purpose, state: &str) -> bool {
        verify_slices_are_equal(self.state(ticket, purpose).as_bytes(), state.as_bytes()).is_ok()
    }

    pub(super) fn nonce(&self, ticket: &Ticket) -> String {
        self.derive(ticket, "nonce")
    }

    /// Gives 64 characters, as RFC 7636 §4.1 wants 43 to 128.
    pub(super) fn verifier(&self, ticket: &Ticket) -> String {
        self.derive(ticket, "verifier")
    }

    fn derive(&self, ticket: &Ticket, what: &str) -> String {
        let text = [what.as_bytes(), b"\0", ticket.0.text().as_bytes()].concat();
        hex::encode(hmac::sign(&self.key, &text))
    }
}

fn hardened(value: String) -> Cookie<'static> {
    Cookie::build((COOKIE, value)).path("/").secure(true).http_only(true).same_site(SameSite::Strict).build()
}

fn append(cookie: &Cookie<'static>) -> AppendHeaders<[(HeaderName, String); 1]> {
    AppendHeaders([(SET_COOKIE, cookie.to_string())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_provider_sees_belongs_to_one_browser_one_purpose_and_one_server() {
        let (tickets, other) = (Tickets::new(b"one"), Tickets::new(b"another"));
        let (ada, bob) = (Ticket::generate().expect("random"), Ticket::generate().expect("random"));
        let state = tickets.state(&ada, Purpose::LogIn);
        assert!(tickets.is_state(&ada, Purpose::LogIn, &state));
        assert!(!tickets.is_state(&bob, Purpose::LogIn, &state));
        assert!(!tickets.is_state(&ada, Purpose::Link, &state));
        assert!(!tickets.is_state(&ada, Purpose::Link, &state.replace("login", "link")));
        assert!(!other.is_state(&ada, Purpose::LogIn, &state));
        let seen = [state[6..].to_owned(), tickets.nonce(&ada), tickets.verifier(&ada), ada.0.text()];
        for (index, one) in seen.iter().enumerate() {
            assert_eq!(one.len(), 64);
            assert!(!seen[..index].contains(one));
        }
    }
}
