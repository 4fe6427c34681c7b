use std::{collections::BTreeSet, io, path::PathBuf};

use http::Uri;
use secrecy::SecretString;
use serde::Deserialize;

use super::{
    Problems,
    sections::optional,
    validate::{need, need_file},
};
use crate::crypto::read_private_file;

/// Logins of other services, by OpenID Connect.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Oidc {
    pub sso_only: bool,
    pub providers: Vec<OidcProvider>,
}

/// One that says who somebody is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcProvider {
    pub id: String,
    pub label: String,
    pub issuer: String,
    pub client_id: String,
    pub client_secret_path: PathBuf,
    #[serde(default, deserialize_with = "optional")]
    pub ca_path: Option<PathBuf>,
    #[serde(default)]
    pub hosts: Vec<String>,
    #[serde(default)]
    pub signup: bool,
    #[serde(default)]
    pub domains: Vec<String>,
}

impl OidcProvider {
    /// Reads the secret that this server shows to the provider.
    ///
    /// # Errors
    /// When the file can't be read, or others than its owner can.
    pub fn client_secret(&self) -> io::Result<SecretString> {
        Ok(read_private_file(&self.client_secret_path)?.as_str().into())
    }

    /// Gives host and port of the issuer, as they stand in its address; `None`: it is no https address.
    #[must_use]
    pub fn issuer_host(&self) -> Option<String> {
        let uri: Uri = self.issuer.parse().ok()?;
        let is_plain = uri.scheme_str() == Some("https") && uri.query().is_none() && !self.issuer.contains(['#', '@']);
        uri.authority().filter(|_| is_plain).map(|host| host.as_str().to_ascii_lowercase())
    }

    fn validate(&self, at: &str, problems: &mut Problems) {
        let is_name = (1..=40).contains(&self.id.len())
            && self.id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if !is_name {
            problems.add(format!("{at}.id"), "must be 1 to 40 of a-z, 0-9 and -: it is part of an address");
        }
        if self.label.is_empty() || self.label.chars().count() > 60 || self.label.chars().any(char::is_control) {
            problems.add(format!("{at}.label"), "must be 1 to 60 characters: it stands on the button");
        }
        if self.issuer_host().is_none() {
            let why = "must be an https address without ?, # and @, exactly as the provider writes it";
            problems.add(format!("{at}.issuer"), why);
        }
        need(&format!("{at}.client_id"), &self.client_id, problems);
        match self.client_secret() {
            Ok(_) => {}
            Err(error) => problems.add(format!("{at}.client_secret_path"), error.to_string()),
        }
        if let Some(ca) = &self.ca_path {
            need_file(&format!("{at}.ca_path"), ca, problems);
        }
        for host in &self.hosts {
            if host.is_empty() || host.contains(['/', '@', '*', '?', '#']) {
                problems.add(
                    format!("{at}.hosts"),
                    format!("{host}: give a host such as oauth2.example or id.example:8443"),
                );
            }
        }
        for domain in &self.domains {
            if domain.is_empty() || domain.contains(['@', '*', '/']) || domain.starts_with('.') {
                problems.add(
                    format!("{at}.domains"),
                    format!("{domain}: give what stands behind the @, such as clinic.example"),
                );
            }
        }
    }
}

impl Oidc {
    pub(super) fn validate(&self, problems: &mut Problems) {
        let mut seen = BTreeSet::new();
        for (number, provider) in self.providers.iter().enumerate() {
            let at = format!("oidc.providers[{number}]");
            provider.validate(&at, problems);
            if !seen.insert(&provider.id) {
                problems.add(format!("{at}.id"), format!("{} is there twice", provider.id));
            }
        }
        if self.sso_only && self.providers.is_empty() {
            problems.add("oidc.sso_only", "needs a provider in oidc.providers");
        }
    }
}
