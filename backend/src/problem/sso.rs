//! Errors of logins by other services, and by passkeys.

use super::{ApiError, face::Row};

impl ApiError {
    pub(super) const fn of_sso(&self) -> Option<Row> {
        Some(match self {
            Self::ProviderNotFound => {
                (404, "provider_not_found", "there is no such provider", "reload the page: it may have been removed")
            }
            Self::SsoUnavailable => (
                503,
                "sso_unavailable",
                "the provider does not answer",
                "try again later, or log in another way; whoever administrates UNTXT finds the reason in its log",
            ),
            Self::SsoRefused => (
                403,
                "sso_refused",
                "nobody is let in with this login of the provider",
                "tie it to your account here first, or ask an administrator",
            ),
            Self::SsoExpired => {
                (403, "sso_expired", "this login has begun elsewhere, or took too long", "begin again in this browser")
            }
            Self::SsoOnly => (
                403,
                "sso_only",
                "no password lets in here",
                "log in with one of the providers; only administrators come in with a password",
            ),
            Self::IdentityNotFound => {
                (404, "identity_not_found", "there is no such identity", "reload the list: it may have been removed")
            }
            Self::IdentityTaken => (
                409,
                "identity_taken",
                "this login of the provider is tied to an account",
                "untie it there first, or log in there as somebody else",
            ),
            Self::LastWayIn => {
                (409, "last_way_in", "nothing else lets you in", "set a password, or add another way in first")
            }
            Self::PasskeysOff => (
                409,
                "passkeys_off",
                "passkeys need a server with a name, and this one has a number",
                "whoever administrates UNTXT sets server.public_url to a name",
            ),
            Self::PasskeyRefused => (
                403,
                "passkey_refused",
                "this passkey lets nobody in",
                "it may have been removed: choose another one, or log in another way",
            ),
            Self::PasskeyNotFound => {
                (404, "passkey_not_found", "there is no such passkey", "reload the list: it may have been removed")
            }
            Self::PasskeyTaken => {
                (409, "passkey_taken", "this passkey is there already", "use it as it is, or make another one")
            }
            Self::TooManyPasskeys => {
                (409, "too_many_passkeys", "twenty passkeys are the most", "remove one that nobody needs")
            }
            _ => return None,
        })
    }
}
