//! One certificate authority: its key, its certificate, and what it signs. ECDSA P-256 throughout.

use std::{fs, io::Write, os::unix::fs::OpenOptionsExt, path::Path};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
};
use time::Duration;
use zeroize::Zeroizing;

use super::TlsError;
use crate::clock;

/// How far notBefore lies in the past, for peers whose clock is behind.
const BACKDATE: Duration = Duration::hours(1);

/// A signing certificate with its key.
pub(super) struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate to be signed for one process.
#[derive(Clone, Copy)]
pub(super) struct Leaf<'a> {
    pub name: &'a str,
    pub common_name: &'a str,
    /// Host names and addresses a server answers to; empty for a client.
    pub hosts: &'a [String],
    pub days: i64,
}

impl Authority {
    /// Makes a new self-signed root that may have intermediates.
    pub(super) fn create_root(common_name: &str, days: i64) -> Result<(Self, Zeroizing<String>), TlsError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let params = authority_params(common_name, 1, days);
        let (pem, secret) = (params.self_signed(&key)?.pem(), Zeroizing::new(key.serialize_pem()));
        Ok((Self { pem, issuer: Issuer::new(params, key) }, secret))
    }

    /// Makes a new intermediate under this authority, and its trust anchor: the same name and key, signed by itself.
    /// A server that holds the anchor trusts the clients of this intermediate and of no other.
    pub(super) fn create_intermediate(&self, common_name: &str, days: i64) -> Result<Intermediate, TlsError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let params = authority_params(common_name, 0, days);
        Ok(Intermediate {
            pem: params.signed_by(&key, &self.issuer)?.pem(),
            anchor: params.self_signed(&key)?.pem(),
            key: Zeroizing::new(key.serialize_pem()),
        })
    }

    /// Reads an authority that was made before.
    pub(super) fn open(cert: &Path, key: &Path) -> Result<Self, TlsError> {
        let pem = read_text(cert)?;
        let key = KeyPair::from_pem(&Zeroizing::new(read_text(key)?))?;
        let issuer = Issuer::from_ca_cert_pem(&pem, key)?;
        Ok(Self { pem, issuer })
    }

    pub(super) fn pem(&self) -> &str {
        &self.pem
    }

    /// Signs a new key for one process; gives the chain (leaf, then this authority) and the key, both PEM.
    pub(super) fn issue(&self, leaf: Leaf<'_>) -> Result<(String, Zeroizing<String>), TlsError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = CertificateParams::new(leaf.hosts)?;
        params.distinguished_name = named(leaf.common_name);
        params.not_before = clock::now() - BACKDATE;
        params.not_after = clock::now() + Duration::days(leaf.days);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![if leaf.hosts.is_empty() {
            ExtendedKeyUsagePurpose::ClientAuth
        } else {
            ExtendedKeyUsagePurpose::ServerAuth
        }];
        params.use_authority_key_identifier_extension = true;
        let pem = params.signed_by(&key, &self.issuer)?.pem();
        Ok((format!("{pem}{}", self.pem), Zeroizing::new(key.serialize_pem())))
    }
}

/// A new intermediate.
pub(super) struct Intermediate {
    pub pem: String,
    pub anchor: String,
    pub key: Zeroizing<String>,
}

fn authority_params(common_name: &str, path_length: u8, days: i64) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(common_name);
    params.not_before = clock::now() - BACKDATE;
    params.not_after = clock::now() + Duration::days(days);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(path_length));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    params
}

fn named(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, "UNTXT");
    name.push(DnType::CommonName, common_name);
    name
}

pub(super) fn read_text(path: &Path) -> Result<String, TlsError> {
    fs::read_to_string(path).map_err(|source| TlsError::Read { path: path.to_owned(), source })
}

/// Writes a file at once or not at all, readable by this user only if it is secret.
pub(super) fn write(path: &Path, content: &str, mode: u32) -> Result<(), TlsError> {
    let fail = |source| TlsError::Write { path: path.to_owned(), source };
    let draft = path.with_extension("draft");
    let _ = fs::remove_file(&draft);
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&draft).map_err(fail)?;
    file.write_all(content.as_bytes()).and_then(|()| file.sync_all()).map_err(fail)?;
    fs::rename(&draft, path).map_err(fail)
}
