//! Certificates to be shown: our own, and those that no server should take.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use time::{Duration, OffsetDateTime};
use x509_parser::{certificate::X509Certificate, pem::parse_x509_pem, prelude::FromDer};
use zeroize::Zeroizing;

use super::finding::{Finding, finding};

/// Permissions that nobody but the owner needs, reading by the group apart: orchestrators mount secrets so.
const TOO_OPEN: u32 = 0o027;

/// A chain with its key.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
}

/// Reads a certificate with its chain, and its key.
pub(super) fn read(files: &(PathBuf, PathBuf)) -> anyhow::Result<Shown> {
    let chain = CertificateDer::pem_file_iter(&files.0)?.collect::<Result<Vec<_>, _>>()?;
    anyhow::ensure!(!chain.is_empty(), "{} holds no certificate", files.0.display());
    Ok(Shown { chain, key: PrivateKeyDer::from_pem_file(&files.1)? })
}

/// Reads the roots of some PEM files; the system's if none is named. For the edge both count, since its certificate may
/// come from a public authority.
pub(super) fn roots(files: &[PathBuf], with_system: bool) -> anyhow::Result<Arc<RootCertStore>> {
    let mut roots = RootCertStore::empty();
    for file in files {
        for certificate in CertificateDer::pem_file_iter(file)? {
            roots.add(certificate?)?;
        }
    }
    if files.is_empty() || with_system {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    anyhow::ensure!(!roots.is_empty(), "there is no root");
    Ok(Arc::new(roots))
}

/// Says what is wrong with our own certificate and the permissions of its key.
pub(super) fn examine(files: &(PathBuf, PathBuf), now: OffsetDateTime) -> anyhow::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let mode = fs::metadata(&files.1)?.permissions().mode();
    if mode & TOO_OPEN != 0 {
        findings.push(finding("key_file_open", format!("{} has mode {:o}", files.1.display(), mode & 0o777)));
    }
    let shown = read(files)?;
    let life = Life::of(&shown.chain[0], now)?;
    let detail = format!("{}: {} hours left", files.0.display(), life.left.whole_hours());
    if !life.has_begun || life.left.is_negative() {
        findings.push(finding("own_certificate_expired", detail));
    } else if life.ends_soon() {
        findings.push(finding("certificate_ends_soon", detail));
    }
    Ok(findings)
}

/// How long a certificate lives, and how much of that is left.
pub(super) struct Life {
    pub(super) has_begun: bool,
    pub(super) left: Duration,
    whole: Duration,
}

impl Life {
    pub(super) fn of(certificate: &CertificateDer<'_>, now: OffsetDateTime) -> anyhow::Result<Self> {
        let (_, parsed) = X509Certificate::from_der(certificate)?;
        let begin = OffsetDateTime::from_unix_timestamp(parsed.validity().not_before.timestamp())?;
        let end = OffsetDateTime::from_unix_timestamp(parsed.validity().not_after.timestamp())?;
        Ok(Self { has_begun: begin <= now, left: end - now, whole: end - begin })
    }

    /// Renewal begins at a third: at a sixth it must have failed.
    pub(super) fn ends_soon(&self) -> bool {
        self.left * 6 < self.whole
    }
}

/// Makes certificates that a server must not take, with the name of the real one.
pub(super) struct Forger {
    name: DistinguishedName,
    issuer: Issuer<'static, KeyPair>,
    root: CertificateDer<'static>,
}

impl Forger {
    pub(super) fn new(own: Option<&Shown>) -> anyhow::Result<Self> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate()?;
        let root = params.self_signed(&key)?.der().clone();
        let mut name = DistinguishedName::new();
        name.push(DnType::CommonName, own.map_or_else(|| Ok("untxt".to_owned()), |own| common_name(&own.chain[0]))?);
        Ok(Self { name, issuer: Issuer::new(params, key), root })
    }

    /// A root that signed nothing but what is made here.
    pub(super) fn roots(&self) -> anyhow::Result<Arc<RootCertStore>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.clone())?;
        Ok(Arc::new(roots))
    }

    /// Signed by an authority of our own making.
    pub(super) fn foreign(&self, now: OffsetDateTime) -> anyhow::Result<Shown> {
        sign(self.name.clone(), now - Duration::HOUR, now + Duration::DAY, Some(&self.issuer))
    }

    /// Signed by itself.
    pub(super) fn self_signed(&self, now: OffsetDateTime) -> anyhow::Result<Shown> {
        sign(self.name.clone(), now - Duration::HOUR, now + Duration::DAY, None)
    }

    /// Signed by the real authority, valid between those times only.
    pub(super) fn genuine(
        &self,
        authority: &Path,
        own: &Shown,
        begin: OffsetDateTime,
        end: OffsetDateTime,
    ) -> anyhow::Result<Shown> {
        let (pem, key) = issuer_of(authority, &own.chain[0])?;
        let issuer = Issuer::from_ca_cert_pem(&pem, KeyPair::from_pem(&key)?)?;
        let mut shown = sign(self.name.clone(), begin, end, Some(&issuer))?;
        shown.chain.push(CertificateDer::from_pem_slice(pem.as_bytes())?);
        Ok(shown)
    }
}

fn sign(
    name: DistinguishedName,
    begin: OffsetDateTime,
    end: OffsetDateTime,
    issuer: Option<&Issuer<'_, KeyPair>>,
) -> anyhow::Result<Shown> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::default();
    params.distinguished_name = name;
    (params.not_before, params.not_after) = (begin, end);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let certificate = match issuer {
        Some(issuer) => params.signed_by(&key, issuer)?,
        None => params.self_signed(&key)?,
    };
    let der = PrivateKeyDer::try_from(key.serialize_der()).map_err(anyhow::Error::msg)?;
    Ok(Shown { chain: vec![certificate.der().clone()], key: der })
}

/// Finds the authority that signed a certificate among the files of a folder.
fn issuer_of(folder: &Path, certificate: &CertificateDer<'_>) -> anyhow::Result<(String, Zeroizing<String>)> {
    let (_, leaf) = X509Certificate::from_der(certificate)?;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|end| end != "crt") {
            continue;
        }
        let pem = fs::read_to_string(&path)?;
        let is_issuer = parse_x509_pem(pem.as_bytes())
            .ok()
            .and_then(|(_, block)| Some(block.parse_x509().ok()?.subject() == leaf.issuer()))
            .unwrap_or(false);
        if is_issuer {
            return Ok((pem, Zeroizing::new(fs::read_to_string(path.with_extension("key"))?)));
        }
    }
    anyhow::bail!("{} does not hold the authority of our certificate", folder.display())
}

fn common_name(certificate: &CertificateDer<'_>) -> anyhow::Result<String> {
    let (_, leaf) = X509Certificate::from_der(certificate)?;
    let name = leaf.subject().iter_common_name().next().and_then(|name| name.as_str().ok());
    Ok(name.unwrap_or("untxt").to_owned())
}
