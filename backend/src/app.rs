use std::sync::Arc;

use untxt_core::{
    config::{self, Settings},
    crypto::{KeyRing, connect},
    lifecycle::Lifecycle,
    queue::{Queue, RedisQueue},
    receipts::PublicKey,
    storage::{ObjectStore, S3Store},
};
use untxt_database::Database;

use crate::{
    Error,
    access::Proxies,
    documents::{Refusals, UploadPlaces},
    live::Hub,
    mail::Mailer,
    oidc::Providers,
    origin::Site,
    passkeys::RelyingParty,
    search::Searches,
    session::Logins,
    tasks::KnownPlaces,
    turns::{OwnerPlaces, Turns},
};

/// The other processes that the backend talks to.
#[derive(Debug)]
pub struct Services {
    /// Postgres, as role `untxt_backend`.
    pub db: Database,
    /// The store of sealed objects.
    pub objects: Arc<dyn ObjectStore>,
    /// The wake-ups of the workers.
    pub queue: Arc<dyn Queue>,
    /// Opens owner keys.
    pub keys: KeyRing,
}

/// What every handler can reach.
#[derive(Debug)]
pub struct App {
    pub(crate) db: Database,
    pub(crate) objects: Arc<dyn ObjectStore>,
    pub(crate) queue: Arc<dyn Queue>,
    pub(crate) keys: KeyRing,
    pub(crate) refusals: Arc<Refusals>,
    pub(crate) logins: Logins,
    /// `None`: this server sends no mail.
    pub(crate) mail: Option<Mailer>,
    /// Who else says who somebody is.
    pub(crate) sso: Providers,
    /// `None`: this server has no name that a passkey could be tied to.
    pub(crate) passkeys: Option<RelyingParty>,
    pub(crate) site: Site,
    pub(crate) proxies: Proxies,
    pub(crate) limits: config::Limits,
    pub(crate) trash: config::Trash,
    pub(crate) links: config::Links,
    pub(crate) emergency: config::Emergency,
    /// What receipts are checked with.
    pub(crate) signing_keys: Vec<PublicKey>,
    /// Languages of uploads that name none, joined by "+".
    pub(crate) languages: String,
    pub(crate) hub: Arc<Hub>,
    pub(crate) uploads: UploadPlaces,
    /// Taken before a connection, by whatever may wait for a lock of its owner.
    pub(crate) turns: Turns,
    /// Exports: each holds what it writes and a connection, so that nobody has two at once.
    pub(crate) exports: OwnerPlaces,
    pub(crate) places: KnownPlaces,
    pub(crate) searches: Searches,
    pub(crate) lifecycle: Lifecycle,
}

impl Services {
    /// Connects to everything that the settings name.
    ///
    /// # Errors
    /// When certificates or keys can't be read, or the database does not answer.
    pub async fn connect(settings: &Settings) -> Result<Self, Error> {
        let config::Settings { database, storage, redis, encryption, .. } = settings;
        Ok(Self {
            objects: Arc::new(S3Store::new(storage)?),
            queue: Arc::new(RedisQueue::new(redis, "backend")?),
            keys: KeyRing::new(connect(encryption)?),
            db: Database::connect(database, "untxt backend").await?,
        })
    }
}

impl App {
    /// Puts the parts together.
    ///
    /// # Errors
    /// When `server.public_url` or a proxy is malformed, a key of `signing.public_keys` can't be read, mail or a provider of
    /// logins can't be prepared, or there is no randomness.
    pub fn new(settings: &Settings, services: Services, lifecycle: &Lifecycle) -> Result<Self, Error> {
        let site = Site::new(&settings.server.public_url)?;
        Ok(Self {
            refusals: Arc::new(Refusals::new(services.db.clone(), lifecycle.clone())),
            db: services.db,
            objects: services.objects,
            queue: services.queue,
            keys: services.keys,
            logins: Logins::new(&settings.session)?,
            mail: Mailer::new(&settings.mail)?,
            sso: Providers::new(settings, site.address())?,
            passkeys: RelyingParty::new(site.address()),
            site,
            proxies: Proxies::new(&settings.server.trusted_proxies)?,
            limits: settings.limits.clone(),
            trash: settings.trash.clone(),
            links: settings.links.clone(),
            emergency: settings.emergency.clone(),
            signing_keys: settings
                .signing
                .public_keys
                .iter()
                .map(|path| PublicKey::open(path))
                .collect::<Result<_, _>>()?,
            languages: settings.worker.languages.clone(),
            hub: Arc::default(),
            uploads: UploadPlaces::default(),
            turns: Turns::default(),
            exports: OwnerPlaces::new(1),
            places: KnownPlaces::default(),
            searches: Searches::default(),
            lifecycle: lifecycle.clone(),
        })
    }
}
