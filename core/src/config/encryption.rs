//! Who holds the root key.

use std::{path::PathBuf, str::FromStr, time::Duration};

use secrecy::SecretString;
use serde::Deserialize;

use super::sections::optional;

/// Who wraps the owner keys, and who did before.
#[derive(Clone, Debug, Deserialize)]
pub struct Encryption {
    /// Accepts a root key in a file.
    pub accept_key_file: bool,
    /// Accepts keys in memory that may be written to swap.
    pub accept_unlocked_keys: bool,
    pub rotation_days: u32,
    pub index_rotation_days: u32,
    pub grace_hours: u32,
    pub timeout_seconds: u32,
    pub max_connections: u32,
    #[serde(flatten)]
    pub current: RootKey,
    pub previous: RootKey,
}

/// One root key: the section of its provider is used, the others are not looked at.
#[derive(Clone, Debug, Deserialize)]
pub struct RootKey {
    #[serde(deserialize_with = "optional")]
    pub provider: Option<Provider>,
    pub key_path: PathBuf,
    pub aws: Aws,
    pub azure: Azure,
    pub gcp: Gcp,
    pub vault: Vault,
    pub pkcs11: Pkcs11,
}

/// Who holds a root key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// A key file.
    Local,
    /// AWS KMS.
    Aws,
    /// Azure Key Vault or Managed HSM.
    Azure,
    /// Google Cloud KMS.
    Gcp,
    /// The transit engine of HashiCorp Vault or OpenBao.
    Vault,
    /// A hardware security module.
    Pkcs11,
}

/// AWS KMS.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aws {
    pub key_id: String,
    #[serde(deserialize_with = "optional")]
    pub endpoint: Option<String>,
    pub access_key_id: SecretString,
    pub secret_access_key: SecretString,
    #[serde(deserialize_with = "optional")]
    pub ca_path: Option<PathBuf>,
}

/// Azure Key Vault or Managed HSM.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Azure {
    pub vault_url: String,
    pub key_name: String,
    pub algorithm: AzureAlgorithm,
    pub tenant_id: String,
    pub client_id: String,
    pub client_secret: SecretString,
    #[serde(deserialize_with = "optional")]
    pub token_path: Option<PathBuf>,
    pub login_url: String,
    #[serde(deserialize_with = "optional")]
    pub ca_path: Option<PathBuf>,
}

/// How Azure wraps a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum AzureAlgorithm {
    /// An RSA key: OAEP with SHA-256 (RFC 8017, section 7.1).
    #[serde(rename = "RSA-OAEP-256")]
    RsaOaep256,
    /// An AES-256 key of a Managed HSM: AES key wrap (RFC 3394).
    #[serde(rename = "A256KW")]
    A256Kw,
}

/// Google Cloud KMS.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gcp {
    pub project_id: String,
    pub location: String,
    pub key_ring: String,
    pub key_name: String,
    #[serde(deserialize_with = "optional")]
    pub credentials_path: Option<PathBuf>,
    pub endpoint: String,
    #[serde(deserialize_with = "optional")]
    pub ca_path: Option<PathBuf>,
}

/// The transit engine of HashiCorp Vault or OpenBao.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vault {
    pub address: String,
    pub namespace: String,
    pub mount: String,
    pub key_name: String,
    #[serde(deserialize_with = "optional")]
    pub token_path: Option<PathBuf>,
    pub role_id: String,
    #[serde(deserialize_with = "optional")]
    pub secret_id_path: Option<PathBuf>,
    #[serde(deserialize_with = "optional")]
    pub ca_path: Option<PathBuf>,
    #[serde(deserialize_with = "optional")]
    pub cert_path: Option<PathBuf>,
    #[serde(deserialize_with = "optional")]
    pub key_path: Option<PathBuf>,
}

/// A hardware security module.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pkcs11 {
    pub module_path: PathBuf,
    pub token_label: String,
    pub key_label: String,
    pub pin_path: PathBuf,
}

impl Encryption {
    /// Gives the age from which an owner key is replaced.
    #[must_use]
    pub fn rotation(&self) -> Duration {
        Duration::from_secs(86_400 * u64::from(self.rotation_days))
    }

    /// Gives the age from which an index key is replaced; `None`: only when somebody asks for it.
    #[must_use]
    pub fn index_rotation(&self) -> Option<Duration> {
        (self.index_rotation_days > 0).then(|| Duration::from_secs(86_400 * u64::from(self.index_rotation_days)))
    }

    /// Gives how long an owner key stays after it was replaced, at least.
    #[must_use]
    pub fn grace(&self) -> Duration {
        Duration::from_secs(3600 * u64::from(self.grace_hours))
    }

    /// Gives the longest time that one operation of a provider may take.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds.into())
    }
}

impl Provider {
    const ALL: [Self; 6] = [Self::Local, Self::Aws, Self::Azure, Self::Gcp, Self::Vault, Self::Pkcs11];

    /// Gives the name that settings use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Aws => "aws",
            Self::Azure => "azure",
            Self::Gcp => "gcp",
            Self::Vault => "vault",
            Self::Pkcs11 => "pkcs11",
        }
    }

    /// Says whether this executable was built with it.
    #[must_use]
    pub const fn is_built(self) -> bool {
        match self {
            Self::Local => true,
            Self::Aws => cfg!(feature = "kms-aws"),
            Self::Azure => cfg!(feature = "kms-azure"),
            Self::Gcp => cfg!(feature = "kms-gcp"),
            Self::Vault => cfg!(feature = "kms-vault"),
            Self::Pkcs11 => cfg!(feature = "kms-pkcs11"),
        }
    }
}

impl FromStr for Provider {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        // As the original spelled it.
        let name = if name == "AWS_KMS" { "aws" } else { name };
        Self::ALL.into_iter().find(|provider| provider.name() == name).ok_or(
            "must be local, aws, azure, gcp, vault or pkcs11: somebody has to hold the root key, so there is no \"none\"",
        )
    }
}
