//! Who answered, and what was agreed on.

use rustls::{ProtocolVersion, pki_types::CertificateDer};
use serde::Serialize;
use time::OffsetDateTime;
use x509_parser::{certificate::X509Certificate, extensions::GeneralName, prelude::FromDer};

use super::{
    finding::{Finding, finding},
    identity::Life,
    wire::Negotiated,
};

/// The other side of a connection.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Peer {
    pub(super) version: String,
    pub(super) suite: String,
    pub(super) group: String,
    pub(super) subject: String,
    pub(super) names: Vec<String>,
    pub(super) issuer: String,
    /// Subjects of what the server sent, the leaf first.
    pub(super) chain: Vec<String>,
    pub(super) days_left: i64,
}

/// Describes who answered, and says what is wrong with it.
pub(super) fn describe(negotiated: &Negotiated, now: OffsetDateTime) -> anyhow::Result<(Peer, Option<Finding>)> {
    let leaf = negotiated.chain.first().ok_or_else(|| anyhow::anyhow!("the server sent no certificate"))?;
    let (_, parsed) = X509Certificate::from_der(leaf)?;
    let names = parsed.subject_alternative_name()?;
    let life = Life::of(leaf, now)?;
    let peer = Peer {
        version: if negotiated.version == Some(ProtocolVersion::TLSv1_3) { "TLS 1.3" } else { "TLS 1.2" }.to_owned(),
        suite: negotiated.suite.clone(),
        group: negotiated.group.clone(),
        subject: parsed.subject().to_string(),
        names: names.iter().flat_map(|names| &names.value.general_names).filter_map(spell).collect(),
        issuer: parsed.issuer().to_string(),
        chain: negotiated.chain.iter().map(subject).collect::<Result<_, _>>()?,
        days_left: life.left.whole_days(),
    };
    let found = life.ends_soon().then(|| finding("certificate_ends_soon", format!("{} days left", peer.days_left)));
    Ok((peer, found))
}

fn subject(certificate: &CertificateDer<'_>) -> anyhow::Result<String> {
    Ok(X509Certificate::from_der(certificate)?.1.subject().to_string())
}

fn spell(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(std::net::IpAddr::from);
            v4.or_else(|_| <[u8; 16]>::try_from(*bytes).map(std::net::IpAddr::from)).ok().map(|ip| ip.to_string())
        }
        _ => None,
    }
}
