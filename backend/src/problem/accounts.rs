//! Errors of people's accounts: logins, passwords, tokens.

use super::{ApiError, face::Row};

impl ApiError {
    pub(super) const fn of_accounts(&self) -> Option<Row> {
        Some(match self {
            Self::NotLoggedIn => (401, "not_logged_in", "not logged in", "log in and try again"),
            Self::WrongCredentials => {
                (401, "wrong_credentials", "wrong login or password", "check the login and the password and try again")
            }
            Self::WrongPassword => {
                (403, "wrong_password", "the password is wrong", "type the password that you log in with")
            }
            Self::StepUpRequired => (
                403,
                "step_up_required",
                "this needs a fresh proof of who you are",
                "send the password to POST /session/step-up, and try again",
            ),
            Self::WrongCode => (
                403,
                "wrong_code",
                "the code is wrong",
                "type the code that the app shows now, once; or a recovery code that was not used",
            ),
            Self::LoginExpired => {
                (401, "login_expired", "the login took too long", "begin again with the login and the password")
            }
            Self::SecondFactorNeeded => (
                403,
                "second_factor_needed",
                "this server asks for a second factor",
                "set up codes from an app in your account first",
            ),
            Self::SecondFactorThere => {
                (409, "second_factor_there", "there is a second factor", "remove it first to set up another one")
            }
            Self::NoSecondFactor => (404, "no_second_factor", "there is no second factor", "set one up first"),
            Self::SessionNotFound => {
                (404, "session_not_found", "there is no such session", "reload the list: it may have ended")
            }
            Self::UserNotFound => (404, "user_not_found", "there is no such person", "reload the list of people"),
            Self::NotYourself => {
                (409, "not_yourself", "nobody does this to themselves", "ask another administrator to do it")
            }
            Self::InvalidLogin => {
                (422, "invalid_login", "this can't be a login", "take 1 to 100 characters without spaces")
            }
            Self::InvalidMail => {
                (422, "invalid_mail", "this is no mail address", "give one such as ada@clinic.example, without a name")
            }
            Self::NoMail => (404, "no_mail", "this server sends no mail", "ask an administrator for a new password"),
            Self::LoginTaken => (409, "login_taken", "somebody has this login", "choose another one"),
            Self::InvitationNotFound => (
                404,
                "invitation_not_found",
                "there is no such invitation",
                "reload the list: it may have been used or taken back",
            ),
            Self::LinkNotGood => {
                (404, "link_not_good", "the link is not good", "it was used, or is too old: ask for a new one")
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
