use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{
    Problems,
    sections::optional,
    validate::{need_file, need_secret},
};

/// The server that takes mail for others.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    pub host: String,
    pub port: u16,
    pub tls: MailTls,
    #[serde(deserialize_with = "optional")]
    pub ca_path: Option<PathBuf>,
    pub user: String,
    pub password: SecretString,
    pub from: String,
}

/// When TLS begins. There is no way without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// With the first byte (RFC 8314 §3.3).
    Implicit,
    /// After STARTTLS (RFC 3207), which the server has to offer: nothing of a letter or a login is said before.
    Starttls,
}

impl Mail {
    /// Says whether this server sends mail at all.
    #[must_use]
    pub fn is_on(&self) -> bool {
        !self.host.is_empty()
    }

    pub(super) fn validate(&self, problems: &mut Problems) {
        if !self.is_on() {
            return;
        }
        match (self.port, self.tls) {
            (0, _) => problems.add("mail.port", "must be at least 1"),
            (25 | 587, MailTls::Implicit) => problems.add("mail.port", "is one of STARTTLS: say so in mail.tls too"),
            (465, MailTls::Starttls) => problems.add("mail.port", "is one of implicit TLS: say so in mail.tls too"),
            _ => {}
        }
        if let Some(ca) = &self.ca_path {
            need_file("mail.ca_path", ca, problems);
        }
        if !self.from.contains('@') {
            problems.add("mail.from", "must be an address such as untxt@clinic.example");
        }
        match (self.user.is_empty(), self.password.expose_secret().is_empty()) {
            (true, false) => problems.add("mail.user", "is needed with mail.password"),
            (false, _) => need_secret("mail.password", &self.password, 1, problems),
            (true, true) => {}
        }
    }
}
