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
        other => Err(CryptoError::Provider(format!("this executable was built without {}", other.name()).into())),
    }
}
