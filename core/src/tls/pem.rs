use std::{fs, path::Path, sync::Arc};

use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};
use zeroize::Zeroizing;

use super::TlsError;

/// What a client needs, as PEM bytes: for sqlx and redis, which take no rustls configuration.
#[derive(Clone)]
pub struct ClientPem {
    /// Roots that the server's certificate must chain to; nothing else is trusted.
    pub ca: Vec<u8>,
    /// Client certificate with its chain.
    pub cert: Vec<u8>,
    /// Key of the client certificate.
    pub key: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for ClientPem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientPem").finish_non_exhaustive()
    }
}

impl ClientPem {
    /// Reads the three files and checks that they hold what they should.
    ///
    /// # Errors
    /// When one is missing or the certificate and the key don't belong together.
    pub fn read(ca: &Path, cert: &Path, key: &Path) -> Result<Self, TlsError> {
        read_roots(ca)?;
        read_identity(cert, key)?;
        Ok(Self { ca: read(ca)?, cert: read(cert)?, key: Zeroizing::new(read(key)?) })
    }
}

/// Reads the roots of a PEM file, at least one.
pub(super) fn read_roots(path: &Path) -> Result<Arc<RootCertStore>, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in read_certificates(path)? {
        roots.add(certificate).map_err(|error| unusable(path, error))?;
    }
    Ok(Arc::new(roots))
}

/// Reads a certificate chain and its key, and checks that they belong together.
pub(super) fn read_identity(cert: &Path, key: &Path) -> Result<Arc<CertifiedKey>, TlsError> {
    let chain = read_certificates(cert)?;
    let der = PrivateKeyDer::from_pem_slice(&Zeroizing::new(read(key)?)).map_err(|error| unusable(key, error))?;
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let certified = CertifiedKey::from_der(chain, der, &provider)
        .map_err(|error| unusable(key, format!("doesn't fit {}: {error}", cert.display())))?;
    Ok(Arc::new(certified))
}

pub(super) fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&read(path)?)
        .collect::<Result<_, _>>()
        .map_err(|error| unusable(path, error))?;
    if chain.is_empty() {
        return Err(unusable(path, "holds no certificate"));
    }
    Ok(chain)
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|source| TlsError::Read { path: path.to_owned(), source })
}

fn unusable(path: &Path, reason: impl ToString) -> TlsError {
    TlsError::Unusable { path: path.to_owned(), reason: reason.to_string() }
}
