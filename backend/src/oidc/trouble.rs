use openidconnect::{
    ClaimsVerificationError, DiscoveryError, RequestTokenError, SignatureVerificationError, StandardErrorResponse,
    core::CoreErrorResponseType,
};

use super::transport::Unanswered;
use crate::problem::ApiError;

/// Why a provider got nobody in. Only the log says which; whoever asks learns that the provider is away, or that it was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// There is no answer, or none that can be used.
    Unanswered(Unanswered),
    /// It describes itself as somebody else, or in no form that we know.
    Misdescribed,
    /// It does not take the code, or us.
    CodeRefused,
    /// It gave no token that says who somebody is.
    NoIdToken,
    /// The token is another's: of another issuer, for another server, for another login, of another time, or not signed with a key
    /// and in a way that is allowed.
    Issuer,
    Audience,
    Nonce,
    Expired,
    Signature,
    /// The same, with a key that we do not know yet.
    UnknownKey,
    /// Something else is wrong with it.
    Token,
    /// No verified address of a domain that is let in.
    Domain,
    /// Nobody has this identity, or who has it is let in no more.
    Nobody,
    /// An account can't be made: there is no verified address, or somebody has it as login.
    SignupRefused,
}

impl Trouble {
    /// Gives the word for the log.
    const fn word(self) -> &'static str {
        match self {
            Self::Unanswered(unanswered) => unanswered.word(),
            Self::Misdescribed => "misdescribed",
            Self::CodeRefused => "code_refused",
            Self::NoIdToken => "no_id_token",
            Self::Issuer => "issuer",
            Self::Audience => "audience",
            Self::Nonce => "nonce",
            Self::Expired => "expired",
            Self::Signature => "signature",
            Self::UnknownKey => "unknown_key",
            Self::Token => "token",
            Self::Domain => "domain",
            Self::Nobody => "nobody",
            Self::SignupRefused => "signup_refused",
        }
    }

    /// Logs and counts it, once, and gives what whoever asks may learn.
    pub(super) fn told(self, provider: &str) -> ApiError {
        metrics::counter!("untxt_oidc_failures_total", "provider" => provider.to_owned(), "failure" => self.word())
            .increment(1);
        tracing::warn!(oidc.provider = provider, oidc.failure = self.word(), "a provider got nobody in");
        match self {
            Self::Unanswered(_) | Self::Misdescribed => ApiError::SsoUnavailable,
            _ => ApiError::SsoRefused,
        }
    }
}

impl From<DiscoveryError<Unanswered>> for Trouble {
    fn from(error: DiscoveryError<Unanswered>) -> Self {
        match error {
            DiscoveryError::Request(unanswered) => Self::Unanswered(unanswered),
            _ => Self::Misdescribed,
        }
    }
}

impl From<RequestTokenError<Unanswered, StandardErrorResponse<CoreErrorResponseType>>> for Trouble {
    fn from(error: RequestTokenError<Unanswered, StandardErrorResponse<CoreErrorResponseType>>) -> Self {
        match error {
            RequestTokenError::Request(unanswered) => Self::Unanswered(unanswered),
            RequestTokenError::ServerResponse(_) => Self::CodeRefused,
            // Also a token that is no token.
            RequestTokenError::Parse(..) | RequestTokenError::Other(_) => Self::Token,
        }
    }
}

impl From<ClaimsVerificationError> for Trouble {
    fn from(error: ClaimsVerificationError) -> Self {
        match error {
            ClaimsVerificationError::Expired(_) => Self::Expired,
            ClaimsVerificationError::InvalidAudience(_) => Self::Audience,
            ClaimsVerificationError::InvalidIssuer(_) => Self::Issuer,
            ClaimsVerificationError::InvalidNonce(_) => Self::Nonce,
            ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey) => {
                Self::UnknownKey
            }
            ClaimsVerificationError::SignatureVerification(_) => Self::Signature,
            _ => Self::Token,
        }
    }
}
