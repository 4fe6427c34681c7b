//! What passkeys are tied to: the name of this server, and the address that its pages come from. All that knows `webauthn_rp`.

use std::{convert::Infallible, error::Error, net::IpAddr};

use aws_lc_rs::digest::{SHA256, digest};
use serde::Serialize;
use serde_json::Value;
use untxt_core::domain::UserId;
use untxt_database::passkeys::Stored;
use webauthn_rp::{
    AuthenticatedCredential, DiscoverableAuthenticationServerState, DiscoverableCredentialRequestOptions,
    PublicKeyCredentialCreationOptions, Registration, RegistrationServerState,
    bin::{Decode, Encode},
    request::{
        AsciiDomain, ExtensionInfo, PublicKeyCredentialDescriptor, RpId,
        auth::AuthenticationVerificationOptions,
        register::{
            CredProtect, PublicKeyCredentialUserEntity, RegistrationVerificationOptions, UserHandle16, Username,
        },
    },
    response::{
        AuthTransports, CredentialId,
        auth::DiscoverableAuthentication16,
        register::{CompressedPubKey, DynamicState, StaticState},
    },
};

type Failed = Box<dyn Error + Send + Sync>;

/// How a public key is stored: Ed25519, P-256 and P-384 in one coordinate, and RSA.
type PublicKey = CompressedPubKey<[u8; 32], [u8; 32], [u8; 48], Vec<u8>>;

/// What a user's login stands for where a device can't show it.
const NAMELESS: &str = "untxt";

/// This server, as devices know it.
#[derive(Debug)]
pub(crate) struct RelyingParty {
    id: RpId,
    origin: String,
}

/// A challenge, and what its answer is held to.
pub(super) struct Challenge {
    /// SHA-256 of it.
    pub(super) hash: [u8; 32],
    /// What the answer is held to.
    pub(super) state: Vec<u8>,
    /// For `navigator.credentials`.
    pub(super) options: Value,
}

/// A passkey that a device has made for this server.
pub(super) struct Made {
    pub(super) credential_id: Vec<u8>,
    pub(super) static_state: Vec<u8>,
    pub(super) dynamic_state: [u8; 7],
    pub(super) transports: u8,
}

/// What a device says that makes a passkey: `RegistrationResponseJSON`.
pub(super) struct Offer(Registration);

/// What a device says that has one: `AuthenticationResponseJSON`.
pub(super) struct Answer(DiscoverableAuthentication16);

impl RelyingParty {
    /// `None`: devices tie passkeys to names, and this is an address of numbers.
    pub(crate) fn new(origin: &str) -> Option<Self> {
        let authority = origin.strip_prefix("https://")?;
        let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
        if host.starts_with('[') || host.parse::<IpAddr>().is_ok() {
            return None;
        }
        let id = RpId::Domain(AsciiDomain::try_from(host.to_owned()).ok()?);
        Some(Self { id, origin: origin.to_owned() })
    }

    /// Asks whoever has a passkey for it.
    pub(super) fn ask(&self) -> Result<Challenge, Failed> {
        let (state, options) = DiscoverableCredentialRequestOptions::passkey(&self.id).start_ceremony()?;
        challenge(options.options().0.challenge.as_data(), state.encode()?, &options)
    }

    /// Asks a device to make a passkey, unless it has one of these.
    pub(super) fn ask_for_new(
        &self,
        user: UserId,
        login: &str,
        known: Vec<(Vec<u8>, u8)>,
    ) -> Result<Challenge, Failed> {
        let handle = handle(user);
        let name = Username::try_from(login).or_else(|_| Username::try_from(NAMELESS))?;
        let entity = PublicKeyCredentialUserEntity { name, id: &handle, display_name: None };
        let known: Vec<_> = known
            .into_iter()
            .map(|(id, transports)| {
                let transports = AuthTransports::decode(transports)?;
                Ok(PublicKeyCredentialDescriptor { id: CredentialId::decode(id)?, transports })
            })
            .collect::<Result<_, Failed>>()?;
        let mut options = PublicKeyCredentialCreationOptions::passkey(&self.id, entity, known);
        // Browsers refuse devices that don't know this extension when it is to be enforced, and many don't. Every answer is
        // refused without user verification anyway.
        options.extensions.cred_protect = CredProtect::UserVerificationRequired(ExtensionInfo::AllowDontEnforceValue);
        let (state, options) = options.start_ceremony()?;
        challenge(options.options().challenge.as_data(), state.encode()?, &options)
    }

    /// Checks a new passkey; what it is tied to must be this server, its page and this person.
    pub(super) fn check_new(&self, state: &[u8], user: UserId, offer: &Offer) -> Result<Made, Failed> {
        let options = RegistrationVerificationOptions::<&str, &str> {
            allowed_origins: &[&self.origin],
            // Some devices answer what nobody asked.
            error_on_unsolicited_extensions: false,
            ..RegistrationVerificationOptions::default()
        };
        let made = RegistrationServerState::<16>::decode(state)?.verify(&self.id, &offer.0, &options)?;
        if *made.user_id() != handle(user) {
            return Err("of another person".into());
        }
        Ok(Made {
            credential_id: made.id().as_ref().to_vec(),
            static_state: sure(made.static_state().encode()),
            dynamic_state: sure(made.dynamic_state().encode()),
            transports: sure(made.transports().encode()),
        })
    }

    /// Checks an answer with the key that is stored, and gives its new counter.
    pub(super) fn check(
        &self,
        state: &[u8],
        user: UserId,
        stored: &Stored,
        answer: &Answer,
    ) -> Result<[u8; 7], Failed> {
        let options = AuthenticationVerificationOptions::<&str, &str> {
            allowed_origins: &[&self.origin],
            error_on_unsolicited_extensions: false,
            ..AuthenticationVerificationOptions::default()
        };
        let handle = handle(user);
        let key = StaticState::<PublicKey>::decode(&stored.static_state)?;
        let counter = DynamicState::decode(stored.dynamic_state.as_slice().try_into()?)?;
        let mut passkey = AuthenticatedCredential::new(answer.0.raw_id(), &handle, key, counter)?;
        let state = DiscoverableAuthenticationServerState::decode(state)?;
        state.verify(&self.id, &answer.0, &mut passkey, &options)?;
        Ok(sure(passkey.dynamic_state().encode()))
    }
}

impl Offer {
    pub(super) fn read(said: &Value) -> Option<Self> {
        Registration::from_json_relaxed(&serde_json::to_vec(said).ok()?).ok().map(Self)
    }

    /// Gives the hash of the challenge that it answers.
    pub(super) fn challenge_hash(&self) -> Option<[u8; 32]> {
        Some(hash(self.0.challenge_relaxed().ok()?.0))
    }
}

impl Answer {
    pub(super) fn read(said: &Value) -> Option<Self> {
        DiscoverableAuthentication16::from_json_relaxed(&serde_json::to_vec(said).ok()?).ok().map(Self)
    }

    /// Gives the hash of the challenge that it answers.
    pub(super) fn challenge_hash(&self) -> Option<[u8; 32]> {
        Some(hash(self.0.challenge_relaxed().ok()?.0))
    }

    /// Gives which passkey it says to be of.
    pub(super) fn credential_id(&self) -> &[u8] {
        let Self(answer) = self;
        answer.raw_id().into_inner()
    }
}

fn challenge(number: u128, state: Vec<u8>, options: &impl Serialize) -> Result<Challenge, Failed> {
    Ok(Challenge { hash: hash(number), state, options: serde_json::to_value(options)? })
}

fn hash(challenge: u128) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, &challenge.to_be_bytes()).as_ref());
    hash
}

/// Gives what devices call a person: it says nothing of them.
fn handle(user: UserId) -> UserHandle16 {
    sure(UserHandle16::decode(user.as_uuid().into_bytes()))
}

fn sure<T>(always: Result<T, Infallible>) -> T {
    match always {
        Ok(value) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_need_a_name() {
        for origin in ["https://scan.example", "https://localhost:8443"] {
            assert!(RelyingParty::new(origin).is_some(), "{origin}");
        }
        for origin in ["https://127.0.0.1:8443", "https://10.0.0.7", "https://[::1]:8443", "http://scan.example"] {
            assert!(RelyingParty::new(origin).is_none(), "{origin}");
        }
    }

    #[test]
    fn no_two_challenges_are_the_same_and_a_device_must_check_who_holds_it() {
        let party = RelyingParty::new("https://localhost:8443").expect("a name");
        let (one, other) = (party.ask().expect("asked"), party.ask().expect("asked"));
        assert_ne!(one.hash, other.hash);
        assert_eq!(one.options["rpId"], "localhost");
        assert_eq!(one.options["userVerification"], "required");
        let user = UserId::generate();
        let known = vec![(vec![7; 16], 0)];
        let new = party.ask_for_new(user, "ada lovelace \u{7}", known).expect("asked").options;
        assert_eq!(new["user"]["name"], NAMELESS);
        assert_eq!(new["authenticatorSelection"]["userVerification"], "required");
        assert_eq!(new["authenticatorSelection"]["residentKey"], "required");
        assert_eq!(new["extensions"]["enforceCredentialProtectionPolicy"], false);
        assert_eq!(new["excludeCredentials"].as_array().map(Vec::len), Some(1));
    }
}
