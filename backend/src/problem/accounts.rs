//! Errors of people's accounts: logins, passwords, tokens.

use super::{ApiError, face::Row};

impl ApiError {
    pub(super) const fn of_accounts(&self) -> Option<Row> {
        Some(match self {
            Self::NotLoggedIn => (401, "not_logged_in", "not logged in", "log in and try again"),
            Self::WrongCredentials => {
                (401, "wrong_credentials", "wrong login or password", "check the login and the password and try again")
            }
            Self::TokenNotFound => (
                404,
                "token_not_found",
                "there is no such token",
                "reload the list of tokens: it may have been revoked",
            ),
            Self::TooManyTokens => {
                (409, "too_many_tokens", "there are too many tokens", "revoke one of them: 100 are the limit")
            }
            Self::InvalidScopes => {
                (422, "invalid_scopes", "the token would be good for nothing", "name at least one scope")
            }
            Self::InvalidExpiry => {
                (422, "invalid_expiry", "no token is good for so long", "let it run out after 1 to 365 days")
            }
            _ => return None,
        })
    }
}
