//! What one run is made of: folder, accounts, keys, ports, and how each program is started with them.

use std::{net::SocketAddr, path::PathBuf, process::Command, thread::available_parallelism, time::Duration};

use anyhow::{Context, bail};
use rustix::process::Signal;
use untxt_core::{
    config::{Process, Settings},
    crypto::LocalKms,
    lifecycle::Lifecycle,
    tls::init_certificates,
};
use untxt_database::conf::RolePasswords;

use crate::commands::migrate::migrate_recorded;

use super::{
    UpArgs,
    account::Accounts,
    addresses::free_port,
    child::{Program, Supervised},
    first_login,
    folder::DataFolder,
    postgres::{self, Postgres},
    programs,
    redis::Redis,
    say,
    secrets::Secrets,
    settings::{Ports, SettingsFiles, read_section},
    signing,
};

/// What one run is made of.
pub(super) struct Setup<'a> {
    pub(super) args: &'a UpArgs,
    data: &'a DataFolder,
    accounts: &'a Accounts,
    secrets: Secrets,
    pub(super) ports: Ports,
    pub(super) workers: usize,
    program: PathBuf,
    public_url: String,
}

impl<'a> Setup<'a> {
    /// Makes the folder ready: certificates, keys, settings, and what our processes may read of them.
    pub(super) fn prepare(args: &'a UpArgs, data: &'a DataFolder, accounts: &'a Accounts) -> anyhow::Result<Self> {
        data.make("logs")?;
        let certs = data.path("certs");
        init_certificates(&certs, &args.hosts)?;
        let root_key = data.make("root-key")?.join("root.key");
        if !root_key.exists() {
            LocalKms::create(&root_key)?;
        }
        let public_keys = signing::prepare(data)?;
        let secrets = Secrets::open(data)?;
        let ports = Ports { postgres: free_port()?, redis: free_port()?, store: free_port()? };
        let host = args.hosts.first().map_or("localhost", String::as_str);
        let public_url = match args.listen.port() {
            443 => format!("https://{host}"),
            port => format!("https://{host}:{port}"),
        };
        let files = SettingsFiles {
            data,
            public_keys: &public_keys,
            secrets: &secrets,
            ports,
            listen: args.listen,
            redirect: args.redirect,
            public_url: &public_url,
            languages: &args.languages,
            accept_without: &args.accept_without,
            clamd: args.clamd.as_deref(),
            monitors: [0, 1].map(|number| monitor(args, number)),
            collector: args.collector.as_deref(),
            link_days: args.public_links,
            emergency_minutes: args.emergency_access,
            mail: args.mail.as_deref().map(|file| read_section("mail", file)).transpose()?,
            oidc: args.oidc.as_deref().map(|file| read_section("oidc", file)).transpose()?,
        };
        files.write()?;
        data.make("store")?;
        share_files(data, accounts)?;
        // What is inside was written by that account, and may be a million objects.
        accounts.untxt.own_folder(&data.path("store"))?;
        let program = programs::own_program(data, &accounts.untxt)?;
        let workers = args.workers.unwrap_or_else(|| available_parallelism().map_or(1, usize::from));
        if workers == 0 {
            bail!("--workers must be at least 1");
        }
        Ok(Self { args, data, accounts, secrets, ports, workers, program, public_url })
    }

    pub(super) fn postgres(&self) -> Postgres<'_> {
        Postgres { data: self.data, account: &self.accounts.postgres, port: self.ports.postgres }
    }

    pub(super) fn redis(&self) -> Redis<'_> {
        Redis { data: self.data, account: &self.accounts.redis, port: self.ports.redis, secrets: &self.secrets }
    }

    /// Makes roles and database over the local socket, and the tables over TLS.
    pub(super) async fn migrate(&self, postgres: &Postgres<'_>) -> anyhow::Result<()> {
        let passwords = RolePasswords {
            backend: self.secrets.postgres_backend.clone(),
            worker: self.secrets.postgres_worker.clone(),
            migrate: self.secrets.postgres_migrate.clone(),
            backup: self.secrets.postgres_backup.clone(),
        };
        let socket = postgres.socket_folder();
        untxt_database::bootstrap::prepare(&socket, self.ports.postgres, postgres::DATABASE, &passwords)
            .await
            .context("the database's roles can't be made")?;
        let settings = Settings::load_from(Some(&self.data.path("conf/migrate.toml")), [], Process::Migrate)?.database;
        let plan = untxt_database::migrate::plan(&settings).await?;
        migrate_recorded(&settings, !plan.pending.is_empty()).await
    }

    /// Gives the address where a process answers monitors: the backend is number 0, the workers come after it.
    pub(super) fn monitor(&self, number: usize) -> Option<SocketAddr> {
        monitor(self.args, number)
    }

    /// Starts one of our own processes with its settings file, and nothing in its environment but where it answers
    /// monitors.
    pub(super) fn own_program(
        &self,
        command: &str,
        name: &str,
        monitor: Option<SocketAddr>,
        lifecycle: &Lifecycle,
    ) -> anyhow::Result<Supervised> {
        let (account, program) = (self.accounts.untxt.clone(), self.program.clone());
        let (command, settings) = (command.to_owned(), self.data.path(&format!("conf/{command}.toml")));
        let make = move || {
            let mut process: Command = account.command(&program, "TERM");
            process.env_clear().arg(&command).arg("--config").arg(&settings);
            if let Some(address) = monitor {
                process.env("UNTXT_MONITORING__BIND", address.to_string());
            }
            process
        };
        Supervised::start(
            Program {
                name: name.to_owned(),
                command: Box::new(make),
                log: self.data.path(&format!("logs/{name}.log")),
                stop_signal: Signal::TERM,
                patience: Duration::from_secs(20),
            },
            lifecycle,
        )
    }

    /// Says where to go; the first time also how to log in.
    pub(super) async fn greet(&self) -> anyhow::Result<()> {
        let login = first_login::ensure(&self.data.path("conf/backend.toml")).await?;
        say(&format!("UNTXT is ready at {}", self.public_url));
        if let Some((login, password)) = login {
            say(&format!("first login    {login}\npassword       {password}   (shown once; keep it)"));
        }
        say(&format!("certificate    {}   (let your browser trust this root)", self.shown("certs/root.crt")));
        say(&format!("logs           {}\nCtrl-C stops everything.", self.shown("logs")));
        Ok(())
    }

    pub(super) fn renew_certificates(&self) -> anyhow::Result<bool> {
        let certs = self.data.path("certs");
        let is_renewed = !init_certificates(&certs, &self.args.hosts)?.made.is_empty();
        if is_renewed {
            share_files(self.data, self.accounts)?;
        }
        Ok(is_renewed)
    }

    fn shown(&self, name: &str) -> String {
        self.data.path(name).display().to_string()
    }
}

/// Gives the address where a process answers monitors: the backend is number 0, the workers come after it.
fn monitor(args: &UpArgs, number: usize) -> Option<SocketAddr> {
    let first = args.monitor?;
    let port = u16::try_from(number).ok().and_then(|number| first.port().checked_add(number))?;
    Some(SocketAddr::new(first.ip(), port))
}

/// Lets our processes read what they need. What only this process uses, such as the authorities' keys and the role
/// that owns the tables and the one that reads all of them, stays with whoever runs it.
fn share_files(data: &DataFolder, accounts: &Accounts) -> anyhow::Result<()> {
    let kept =
        ["migrate.toml", "migrate.key", "backup.toml", "backup.key", "restore.toml", "postgres.key", "redis.key"];
    for name in ["certs", "conf", "root-key", "signing"] {
        accounts.untxt.own_files(&data.path(name), &kept)?;
    }
    Ok(())
}
