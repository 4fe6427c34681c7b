//! The random secrets of one data folder, made once, each in a file that only its owner can read.

use secrecy::SecretString;

use super::folder::DataFolder;
use crate::commands::user::random_bytes;

/// Every password and key that the processes share. All are 256 bits of randomness in hexadecimal.
#[derive(Debug)]
pub(super) struct Secrets {
    pub(super) postgres_backend: SecretString,
    pub(super) postgres_worker: SecretString,
    pub(super) postgres_migrate: SecretString,
    pub(super) postgres_backup: SecretString,
    pub(super) redis_backend: SecretString,
    pub(super) redis_worker: SecretString,
    pub(super) redis_health: SecretString,
    pub(super) session_key: SecretString,
    pub(super) store_id: SecretString,
    pub(super) store_secret: SecretString,
}

impl Secrets {
    /// Reads the secrets, making those that aren't there.
    pub(super) fn open(data: &DataFolder) -> anyhow::Result<Self> {
        data.make("secrets")?;
        let secret = |name: &str| -> anyhow::Result<SecretString> {
            let name = format!("secrets/{name}");
            let path = data.path(&name);
            if !path.exists() {
                data.write(&name, &random_hex()?)?;
            }
            let text = data.read(&name)?;
            anyhow::ensure!(text.len() == 64, "{} is damaged: it should hold 64 hexadecimal digits", path.display());
            Ok(text.into())
        };
        Ok(Self {
            postgres_backend: secret("postgres-backend")?,
            postgres_worker: secret("postgres-worker")?,
            postgres_migrate: secret("postgres-migrate")?,
            postgres_backup: secret("postgres-backup")?,
            redis_backend: secret("redis-backend")?,
            redis_worker: secret("redis-worker")?,
            redis_health: secret("redis-health")?,
            session_key: secret("session-key")?,
            store_id: secret("store-id")?,
            store_secret: secret("store-secret")?,
        })
    }
}

fn random_hex() -> anyhow::Result<String> {
    Ok(hex::encode(random_bytes::<32>()?))
}
