use std::{path::Path, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    client::ResolvesClientCert,
    pki_types::CertificateDer,
    sign::{CertifiedKey, SingleCertAndKey},
    version::TLS13,
};

use crate::config::Storage;

use super::{
    TlsError,
    pem::{read_certificates, read_identity, read_roots},
};

/// Makes the configuration of a client of a private server: TLS 1.3, that root and no other, and our certificate
/// if the server wants one.
///
/// # Errors
/// When a file is missing or unusable.
pub fn private_client(ca: &Path, identity: Option<(&Path, &Path)>) -> Result<Arc<ClientConfig>, TlsError> {
    let identity = identity.map(|(cert, key)| read_identity(cert, key)).transpose()?;
    client(read_roots(ca)?, identity)
}

/// Makes the configuration of a client of public servers, such as AWS: TLS 1.3 and the system's roots.
///
/// # Errors
/// When the system has no root certificates.
pub fn public_client() -> Result<Arc<ClientConfig>, TlsError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(public_roots()?);
    client(Arc::new(roots), None)
}

/// Gives the roots that the client of a mail server believes, and no others: those of the file, or else the system's. For
/// lettre, which takes no configuration of ours.
///
/// # Errors
/// When the file holds no root, or the system has none.
pub fn mail_roots(ca: Option<&Path>) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    match ca {
        Some(ca) => {
            read_roots(ca)?;
            read_certificates(ca)
        }
        None => public_roots(),
    }
}

fn public_roots() -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let mut found = rustls_native_certs::load_native_certs().certs;
    found.retain(|root| RootCertStore::empty().add(root.clone()).is_ok());
    if found.is_empty() {
        let reason = "no public root certificates; install the package ca-certificates".to_owned();
        return Err(TlsError::Unusable { path: "/etc/ssl/certs".into(), reason });
    }
    Ok(found)
}

/// Makes the configuration of the client of the object store: a private endpoint names its root, AWS has a public one.
///
/// # Errors
/// When a file is missing or unusable.
pub(crate) fn storage_client(storage: &Storage) -> Result<Arc<ClientConfig>, TlsError> {
    let identity = storage.cert_path.as_deref().zip(storage.key_path.as_deref());
    match &storage.ca_path {
        Some(ca) => private_client(ca, identity),
        None => public_client(),
    }
}

fn client(roots: Arc<RootCertStore>, identity: Option<Arc<CertifiedKey>>) -> Result<Arc<ClientConfig>, TlsError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_protocol_versions(&[&TLS13])?.with_root_certificates(roots);
    Ok(Arc::new(match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let resolver: Arc<dyn ResolvesClientCert> = Arc::new(SingleCertAndKey::from(identity));
            builder.with_client_cert_resolver(resolver)
        }
    }))
}

#[cfg(test)]
mod tests {
    #[test]
    fn mozillas_roots_are_not_in_this_build() {
        assert!(webpki_roots::TLS_SERVER_ROOTS.is_empty());
    }
}
