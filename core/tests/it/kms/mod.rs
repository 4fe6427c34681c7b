//! Whoever holds the root key: the same cases against each of them. AWS is played by moto, the hardware module by SoftHSM;
//! Vault, Azure and Google Cloud are stubs of ours, which check requests and prove nothing about the real service.

#[cfg(feature = "kms-aws")]
mod aws;
#[cfg(feature = "kms-azure")]
mod azure;
mod calls;
mod contract;
#[cfg(feature = "kms-gcp")]
mod gcp;
#[cfg(feature = "kms-pkcs11")]
mod hsm;
mod local;
#[cfg(any(feature = "kms-vault", feature = "kms-azure", feature = "kms-gcp"))]
mod moods;
#[cfg(any(feature = "kms-vault", feature = "kms-azure", feature = "kms-gcp"))]
mod stub;
#[cfg(feature = "kms-vault")]
mod vault;

use std::sync::Arc;

use untxt_core::{
    config::{self, Encryption, Settings},
    crypto::{KeyContext, Kms, KmsError, connect},
    domain::OwnerId,
};

/// Gives the section of the settings, with nobody named.
fn nobody() -> Encryption {
    toml::from_str::<Settings>(config::DEFAULTS).expect("defaults").encryption
}

/// Gives the provider that settings name.
fn first(encryption: &Encryption) -> Arc<dyn Kms> {
    connect(encryption).expect("settings that can be used").remove(0)
}

fn a_context() -> KeyContext {
    KeyContext::OwnerKey { owner: OwnerId::generate(), version: 1 }
}

/// Checks that nothing came of a request, and why.
#[track_caller]
fn is_unavailable<T: std::fmt::Debug>(result: Result<T, KmsError>) {
    assert!(matches!(result, Err(KmsError::Unavailable(_))), "{result:?}");
}

#[track_caller]
fn is_denied<T: std::fmt::Debug>(result: Result<T, KmsError>) {
    assert!(matches!(result, Err(KmsError::Denied(_))), "{result:?}");
}
