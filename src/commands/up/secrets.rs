//! The random secrets of one data folder, made once, each in a file that only its owner can read.

use std::fs;

use secrecy::SecretString;

use super::folder::{DataFolder, explain};

/// Every password and key that the processes share. All are 256 bits of randomness in hexadecimal.
#[derive(Debug)]
pub(super) struct Secrets {
    pub(super) postgres_backend: SecretString,
    pub(super) postgres_worker: SecretString,
    pub(super) postgres_migrate: SecretString,
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
                data.write(&name, &random_hex::<32>()?)?;
            }
            let text = fs::read_to_string(&path).map_err(|error| explain(&path, error))?;
            anyhow::ensure!(text.len() == 64, "{} is damaged: it should hold 64 hexadecimal digits", path.display());
            Ok(text.into())
        };
        Ok(Self {
            postgres_backend: secret("postgres-backend")?,
            postgres_worker: secret("postgres-worker")?,
            postgres_migrate: secret("postgres-migrate")?,
            redis_backend: secret("redis-backend")?,
            redis_worker: secret("redis-worker")?,
            redis_health: secret("redis-health")?,
            session_key: secret("session-key")?,
            store_id: secret("store-id")?,
            store_secret: secret("store-secret")?,
        })
    }
}

/// Makes `N` random bytes, in hexadecimal.
fn random_hex<const N: usize>() -> anyhow::Result<String> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| anyhow::anyhow!("no randomness to be had"))?;
    Ok(hex::encode(bytes))
}
