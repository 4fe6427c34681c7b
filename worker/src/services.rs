use std::sync::Arc;

use untxt_core::{
    config::Settings,
    crypto::{KeyRing, connect},
    queue::{Queue, RedisQueue},
    storage::{ObjectStore, S3Store},
    tls,
};
use untxt_database::Database;

use crate::{Error, malware::Scanner};

/// What the worker talks to.
#[derive(Clone, Debug)]
pub struct Services {
    /// Decides who works on what.
    pub database: Database,
    /// Wakes.
    pub queue: Arc<dyn Queue>,
    /// Keeps sealed files.
    pub objects: Arc<dyn ObjectStore>,
    /// Opens owner keys.
    pub keys: KeyRing,
    /// Sees documents before they are opened.
    pub scanner: Option<Scanner>,
}

impl Services {
    /// Connects to everything in the settings.
    ///
    /// # Errors
    /// When a certificate or key can't be used, or the database doesn't answer.
    pub async fn connect(settings: &Settings) -> Result<Self, Error> {
        tls::install_provider();
        let consumer = format!("worker-{}", uuid::Uuid::now_v7());
        Ok(Self {
            database: Database::connect(&settings.database, "untxt-worker").await?,
            queue: Arc::new(RedisQueue::new(&settings.redis, &consumer)?),
            objects: Arc::new(S3Store::new(&settings.storage)?),
            keys: KeyRing::new(connect(&settings.encryption)?),
            scanner: Scanner::new(&settings.malware)?,
        })
    }
}
