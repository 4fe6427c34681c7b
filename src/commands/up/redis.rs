//! The private Redis: its files, rendered from the templates in core, and its readiness.

use std::{path::PathBuf, time::Duration};

use rustix::process::Signal;
use untxt_core::{lifecycle::Lifecycle, queue::conf};

use super::{
    account::Account,
    addresses::{answers, inner},
    child::{Program, Supervised},
    folder::DataFolder,
    programs::find_program,
    secrets::Secrets,
};

/// One private server.
pub(super) struct Redis<'a> {
    pub(super) data: &'a DataFolder,
    pub(super) account: &'a Account,
    pub(super) port: u16,
    pub(super) secrets: &'a Secrets,
}

impl Redis<'_> {
    /// Writes the settings and starts the server.
    pub(super) async fn start(&self, lifecycle: &Lifecycle) -> anyhow::Result<Supervised> {
        let server = find_program("redis-server", &["/usr/bin".into(), "/usr/sbin".into()], "redis-server")?;
        let home = self.data.make("redis")?;
        self.data.make("redis/data")?;
        self.data.copy_certificates("redis/tls", &["redis.crt", "redis.key", "redis-clients.pem"])?;
        let settings = self.write_settings()?;
        self.account.own(&home)?;
        let (account, openssl, log) =
            (self.account.clone(), self.data.path("redis/openssl.cnf"), self.data.path("logs/redis.log"));
        let command = move || {
            let mut command = account.command(&server, "TERM");
            command.env_clear().env("OPENSSL_CONF", &openssl).arg(&settings);
            command
        };
        let program = Program {
            name: "redis".to_owned(),
            command: Box::new(command),
            log,
            stop_signal: Signal::TERM,
            patience: Duration::from_secs(10),
        };
        let mut running = Supervised::start(program, lifecycle)?;
        running.ready(Duration::from_secs(20), async || answers(inner(self.port)).await).await?;
        Ok(running)
    }

    fn write_settings(&self) -> anyhow::Result<PathBuf> {
        let tls = |name: &str| self.data.path(&format!("redis/tls/{name}"));
        let (cert, key, client_ca) = (tls("redis.crt"), tls("redis.key"), tls("redis-clients.pem"));
        let (folder, acl) = (self.data.path("redis/data"), self.data.path("redis/users.acl"));
        let paths = conf::RedisPaths { folder: &folder, acl: &acl, cert: &cert, key: &key, client_ca: &client_ca };
        let passwords = conf::RedisPasswords {
            backend: self.secrets.redis_backend.clone(),
            worker: self.secrets.redis_worker.clone(),
            health: self.secrets.redis_health.clone(),
        };
        self.data.write("redis/users.acl", &conf::render_users_acl(&passwords))?;
        self.data.write("redis/openssl.cnf", conf::OPENSSL_CNF)?;
        self.data.write("redis/redis.conf", &conf::render_redis_conf(self.port, &paths))
    }
}
