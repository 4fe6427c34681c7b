use std::{
    ops::{Deref, DerefMut},
    time::Duration,
};

use secrecy::ExposeSecret;
use sqlx::{
    AssertSqlSafe, PgConnection, PgPool, Postgres,
    postgres::{PgConnectOptions, PgPoolOptions, PgSslMode},
};
use untxt_core::{
    audit::AuditEntry,
    config,
    domain::{OwnerId, Role, SessionId, UserId},
    tls::ClientPem,
};
use uuid::Uuid;

use crate::{Result, audit, sessions};

/// How long a caller waits for a free connection before it is told [`crate::Error::Unavailable`].
pub(crate) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// A pool of verified connections, all of one role. Clones share the pool.
#[derive(Clone)]
pub struct Database {
    pool: PgPool,
    options: PgConnectOptions,
}

/// In whose name a transaction reads and writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actor(Uuid);

/// A transaction; dropped without [`Self::commit`], it is rolled back. Pass `&mut tx` to the functions of the nouns.
pub struct Transaction(sqlx::Transaction<'static, Postgres>);

impl Database {
    /// Connects, TLS 1.3 with the server's name verified and our certificate shown. At least one connection is
    /// made, so that a wrong setting is told at start.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when nobody answers, [`crate::Error::Tls`] when the
    /// certificates can't be used, [`crate::Error::Refused`] when other settings are wrong.
    pub async fn connect(settings: &config::Database, application_name: &str) -> Result<Self> {
        let options = verified_options(settings, application_name)?;
        let pool = PgPoolOptions::new()
            .max_connections(settings.max_connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_with(options.clone())
            .await?;
        Ok(Self { pool, options })
    }

    /// Begins a transaction that sees and changes only what belongs to this actor.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`].
    pub async fn begin_as(&self, actor: impl Into<Actor>) -> Result<Transaction> {
        self.begin(&actor.into().0.to_string()).await
    }

    /// Begins a transaction of nobody: it sees what the role may see without an actor, for the backend nothing.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`].
    pub async fn begin_system(&self) -> Result<Transaction> {
        self.begin("").await
    }

    /// Begins and sets the actor in one round trip; `actor` is a UUID or empty, so it needs no quoting. It is set
    /// also when empty, because a session may come with a value of its own; and so is the link, which [`crate::links::enter`]
    /// sets.
    async fn begin(&self, actor: &str) -> Result<Transaction> {
        let statement = format!("begin; set local untxt.actor = '{actor}'; set local untxt.link = ''");
        Ok(Transaction(self.pool.begin_with(AssertSqlSafe(statement)).await?))
    }

    /// Gives the role of a person whose session lives (see [`crate::sessions::enter`]); it counts as used. One round trip.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`].
    pub async fn role_in_session(&self, user: UserId, session: SessionId, idle: Duration) -> Result<Option<Role>> {
        sessions::enter(&mut *self.pool.acquire().await?, user, session, idle).await
    }

    /// Adds a line to the record (see [`crate::audit::record`]) and makes it last. One round trip.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`].
    pub async fn record(&self, entry: &AuditEntry) -> Result<()> {
        audit::record(&mut *self.pool.acquire().await?, entry).await
    }

    /// Asks the database for an answer, for health checks.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`].
    pub async fn check(&self) -> Result<()> {
        self.begin_system().await?.commit().await
    }

    /// Counts the connections that are in use and those that are idle.
    #[must_use]
    pub fn connections(&self) -> (usize, usize) {
        let idle = self.pool.num_idle();
        (usize::try_from(self.pool.size()).unwrap_or(usize::MAX).saturating_sub(idle), idle)
    }

    /// Closes every connection and waits for those in use.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Gives the options of a connection outside the pool, the same but for its name.
    pub(crate) fn listener_options(&self) -> PgConnectOptions {
        let name = format!("{}-listener", self.options.get_application_name().unwrap_or("untxt"));
        self.options.clone().application_name(&name)
    }
}

/// Makes the options of every connection over TCP. The environment (`PGSSLMODE`, `PGSSLROOTCERT`, …) is read by
/// sqlx first and overwritten here; the mode comes last, so nothing can weaken it.
pub(crate) fn verified_options(settings: &config::Database, application_name: &str) -> Result<PgConnectOptions> {
    let pem = ClientPem::read(&settings.ca_path, &settings.cert_path, &settings.key_path)?;
    Ok(PgConnectOptions::new_without_pgpass()
        .host(&settings.host)
        .port(settings.port)
        .database(&settings.name)
        .username(&settings.user)
        .password(settings.password.expose_secret())
        .application_name(application_name)
        .options([
            ("statement_timeout", "30s"),
            ("lock_timeout", "10s"),
            ("idle_in_transaction_session_timeout", "60s"),
        ])
        .ssl_root_cert_from_pem(pem.ca)
        .ssl_client_cert_from_pem(&pem.cert)
        .ssl_client_key_from_pem(&*pem.key)
        .ssl_mode(PgSslMode::VerifyFull))
}

impl Transaction {
    /// Goes on in the name of somebody who was nobody before: a person who is added in this very transaction.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`].
    pub async fn act_as(&mut self, actor: impl Into<Actor>) -> Result<()> {
        let actor = actor.into().0.to_string();
        sqlx::query_scalar!("select set_config('untxt.actor', $1, true)", actor).fetch_one(&mut *self.0).await?;
        Ok(())
    }

    /// Makes everything of this transaction last and visible at once.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`]: then nobody knows whether it happened, and the caller must look.
    pub async fn commit(self) -> Result<()> {
        Ok(self.0.commit().await?)
    }
}

impl Deref for Transaction {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.0
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.0
    }
}

impl From<OwnerId> for Actor {
    fn from(owner: OwnerId) -> Self {
        Self(owner.as_uuid())
    }
}

impl From<UserId> for Actor {
    fn from(user: UserId) -> Self {
        Self(user.as_uuid())
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("user", &self.options.get_username()).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Transaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transaction").finish_non_exhaustive()
    }
}
