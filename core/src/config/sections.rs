use std::{net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use super::{Audit, Emergency, Encryption, Links, Mail, Oidc, Signing, Trash};
use crate::domain::{MediaType, Role};

/// All settings, one field per section of `untxt.toml`, where every key is explained.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub server: Server,
    pub database: Database,
    pub redis: Redis,
    pub storage: Storage,
    pub encryption: Encryption,
    pub signing: Signing,
    pub trash: Trash,
    pub audit: Audit,
    pub session: Session,
    pub mail: Mail,
    pub links: Links,
    pub emergency: Emergency,
    pub oidc: Oidc,
    pub limits: Limits,
    pub worker: Worker,
    pub malware: Malware,
    pub store: Store,
    pub monitoring: Monitoring,
    pub traces: Traces,
    pub log: Log,
}

/// HTTPS and WSS for browsers and API clients.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    pub bind: SocketAddr,
    #[serde(deserialize_with = "optional")]
    pub redirect_bind: Option<SocketAddr>,
    pub public_url: String,
    pub trusted_proxies: Vec<String>,
    pub cert_path: PathBuf,
    pub key_path: PathBuf,
}

/// Postgres, verify-full with a client certificate.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    pub host: String,
    pub port: u16,
    pub name: String,
    pub user: String,
    pub password: SecretString,
    pub ca_path: PathBuf,
    pub cert_path: PathBuf,
    pub key_path: PathBuf,
    pub max_connections: u32,
}

/// Redis over mutual TLS.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redis {
    pub host: String,
    pub port: u16,
    pub user: String,
    pub password: SecretString,
    pub ca_path: PathBuf,
    pub cert_path: PathBuf,
    pub key_path: PathBuf,
}

/// S3 and its credentials.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    #[serde(deserialize_with = "optional")]
    pub endpoint: Option<String>,
    pub region: String,
    pub bucket: String,
    pub access_key_id: SecretString,
    pub secret_access_key: SecretString,
    #[serde(deserialize_with = "optional")]
    pub ca_path: Option<PathBuf>,
    #[serde(deserialize_with = "optional")]
    pub cert_path: Option<PathBuf>,
    #[serde(deserialize_with = "optional")]
    pub key_path: Option<PathBuf>,
    pub path_style: bool,
    #[serde(deserialize_with = "optional")]
    pub kms_key_id: Option<String>,
}

/// Logins.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    pub signing_key: SecretString,
    pub access_minutes: u32,
    pub idle_minutes: u32,
    pub absolute_hours: u32,
    pub second_factor: SecondFactorRule,
}

/// Who has to have a second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecondFactorRule {
    /// Nobody; whoever likes may.
    None,
    /// Administrators.
    Admins,
    /// Everybody.
    Everyone,
}

impl SecondFactorRule {
    /// Says whether people of this role have to.
    #[must_use]
    pub fn is_for(self, role: Role) -> bool {
        match self {
            Self::None => false,
            Self::Admins => role == Role::Admin,
            Self::Everyone => true,
        }
    }
}

/// What one upload, one page and one child may use.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    pub max_file_bytes: u64,
    pub allowed_types: Vec<MediaType>,
    pub max_pages: u32,
    pub max_page_pixels: u64,
    pub max_readings: u32,
    pub page_timeout_seconds: u32,
    pub task_timeout_seconds: u32,
    pub owner_pages_per_month: u64,
    pub owner_bytes: u64,
    pub child_memory_bytes: u64,
    pub requests_per_minute: u32,
    pub requests_per_minute_of_strangers: u32,
}

/// The worker and its children.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Worker {
    pub children: u32,
    pub languages: String,
    #[serde(deserialize_with = "optional")]
    pub tessdata_path: Option<PathBuf>,
    pub lease_seconds: u32,
    pub max_attempts: u32,
    pub max_pages_per_owner: u32,
    pub clean_up_seconds: u32,
    pub clean_up_after_seconds: u32,
    pub check_days: u32,
    pub claim_bucket: bool,
    pub pages_per_child: u32,
    pub accept_without: Vec<SandboxLayer>,
}

/// A layer around the reading children that not every kernel can give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SandboxLayer {
    /// Rules on files, Linux 5.13 and later.
    Landlock,
    /// A filter of system calls.
    Seccomp,
}

impl SandboxLayer {
    /// Gives the name that settings use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Landlock => "landlock",
            Self::Seccomp => "seccomp",
        }
    }
}

impl FromStr for SandboxLayer {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let layers = [Self::Landlock, Self::Seccomp];
        layers.into_iter().find(|layer| layer.name() == name).ok_or("must be landlock or seccomp")
    }
}

/// The virus scanner.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Malware {
    pub scan: MalwareScan,
    #[serde(deserialize_with = "optional")]
    pub socket_path: Option<PathBuf>,
    pub host: String,
    pub port: u16,
    pub ca_path: PathBuf,
    pub cert_path: PathBuf,
    pub key_path: PathBuf,
    pub timeout_seconds: u32,
}

/// Whether files are scanned before they are opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MalwareScan {
    /// Never.
    Off,
    /// When the scanner answers.
    Optional,
    /// Always: files wait for it.
    Required,
}

/// `untxt storage`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    pub bind: SocketAddr,
    pub directory: PathBuf,
    pub cert_path: PathBuf,
    pub key_path: PathBuf,
    pub client_ca_path: PathBuf,
}

/// Metrics and health of this process.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Monitoring {
    #[serde(deserialize_with = "optional")]
    pub bind: Option<SocketAddr>,
    pub cert_path: PathBuf,
    pub key_path: PathBuf,
    pub client_ca_path: PathBuf,
    pub probe_ca_path: PathBuf,
    pub probe_cert_path: PathBuf,
    pub probe_key_path: PathBuf,
}

/// OpenTelemetry's collector, over mutual TLS.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Traces {
    pub endpoint: String,
    pub ca_path: PathBuf,
    pub cert_path: PathBuf,
    pub key_path: PathBuf,
}

/// What this process writes to standard error.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    pub format: LogFormat,
    pub level: String,
}

/// How a line of the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For machines.
    Json,
    /// For people.
    Text,
}

impl Limits {
    /// Gives the longest time one page may take.
    #[must_use]
    pub fn page_timeout(&self) -> Duration {
        Duration::from_secs(self.page_timeout_seconds.into())
    }

    /// Gives the longest time that readers may spend on one task.
    #[must_use]
    pub fn task_timeout(&self) -> Duration {
        Duration::from_secs(self.task_timeout_seconds.into())
    }
}

impl Worker {
    /// Gives how long after its last check a stored file is read again; `None`: never.
    #[must_use]
    pub fn check_after(&self) -> Option<Duration> {
        (self.check_days > 0).then(|| Duration::from_secs(86_400 * u64::from(self.check_days)))
    }

    /// Gives the time after which an unrenewed lease is free for others.
    #[must_use]
    pub fn lease(&self) -> Duration {
        Duration::from_secs(self.lease_seconds.into())
    }
}

impl Malware {
    /// Gives the longest time that scanning one file may take.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds.into())
    }
}

/// Reads an empty text as `None`.
pub(super) fn optional<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr,
    T::Err: std::fmt::Display,
{
    let text = String::deserialize(deserializer)?;
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(D::Error::custom) }
}
