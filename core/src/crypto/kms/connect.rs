use std::sync::Arc;

use super::{Kms, LocalKms, bounded::Bounded};
use crate::{
    config::{Encryption, Provider, RootKey},
    crypto::CryptoError,
};

/// Makes the providers that settings name: the first wraps, all unwrap what they hold. Nothing is sent yet.
///
/// # Errors
/// [`CryptoError::KeyFile`], [`CryptoError::Provider`] when something they need on this machine is missing or unusable.
pub fn connect(encryption: &Encryption) -> Result<Vec<Arc<dyn Kms>>, CryptoError> {
    let roots = [&encryption.current, &encryption.previous];
    let named = roots.into_iter().filter_map(|root| Some((root.provider?, root)));
    let providers = named.map(|(provider, root)| -> Result<Arc<dyn Kms>, CryptoError> {
        let places = usize::try_from(encryption.max_connections).unwrap_or(usize::MAX);
        Ok(Arc::new(Bounded::new(open(provider, root)?, places, encryption.timeout())))
    });
    let providers: Vec<_> = providers.collect::<Result<_, _>>()?;
    if encryption.current.provider.is_none() {
        return Err(CryptoError::Provider("encryption.provider names nobody".into()));
    }
    Ok(providers)
}

fn open(provider: Provider, root: &RootKey) -> Result<Arc<dyn Kms>, CryptoError> {
    match provider {
        Provider::Local => Ok(Arc::new(LocalKms::open(&root.key_path)?)),
        #[cfg(feature = "kms-aws")]
        Provider::Aws => Ok(Arc::new(super::aws::AwsKms::new(&root.aws).map_err(unusable)?)),
        #[cfg(feature = "kms-pkcs11")]
        Provider::Pkcs11 => Ok(Arc::new(super::pkcs11::Pkcs11Kms::new(&root.pkcs11))),
        #[cfg(feature = "kms-vault")]
        Provider::Vault => Ok(Arc::new(super::vault::VaultKms::new(&root.vault).map_err(unusable)?)),
        #[cfg(feature = "kms-azure")]
        Provider::Azure => Ok(Arc::new(super::azure::AzureKms::new(&root.azure).map_err(unusable)?)),
        #[cfg(feature = "kms-gcp")]
        Provider::Gcp => Ok(Arc::new(super::gcp::GcpKms::new(&root.gcp)?)),
        #[cfg(not(all(
            feature = "kms-aws",
            feature = "kms-azure",
            feature = "kms-gcp",
            feature = "kms-pkcs11",
            feature = "kms-vault"
        )))]
        other => Err(CryptoError::Provider(format!("this executable was built without {}", other.name()).into())),
    }
}

/// Says that a certificate of a provider can't be used.
#[cfg(any(feature = "kms-aws", feature = "kms-azure", feature = "kms-vault"))]
fn unusable(error: crate::tls::TlsError) -> CryptoError {
    CryptoError::Provider(error.into())
}
