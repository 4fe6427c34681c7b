//! `untxt up`: everything on this machine, in one data folder, over the same mutual TLS as anywhere else.
//!
//! It starts a private Postgres and Redis, the store, the backend and a worker for each core; watches them; and stops
//! them in the opposite order. It keeps no state of its own beside the data folder.

mod account;
mod addresses;
mod child;
mod first_login;
mod folder;
mod postgres;
mod programs;
mod redis;
mod sandbox;
mod secrets;
mod settings;

use std::{
    net::SocketAddr,
    path::PathBuf,
    process::{Command, ExitCode},
    thread::available_parallelism,
    time::Duration,
};

use anyhow::{Context, bail};
use clap::Args;
use rustix::process::Signal;
use untxt_core::{
    config::{Process, SandboxLayer, Settings},
    crypto::LocalKms,
    lifecycle::Lifecycle,
    tls::init_certificates,
};
use untxt_database::conf::RolePasswords;

use self::{
    account::Accounts,
    addresses::{answers, free_port, inner, reachable, refuse_busy_address},
    child::{Program, Supervised},
    folder::DataFolder,
    postgres::Postgres,
    redis::Redis,
    secrets::Secrets,
    settings::{Ports, SettingsFiles},
};
use super::serve::block_on;

/// How often certificates are looked at for renewal.
const CERTIFICATE_CHECK: Duration = Duration::from_secs(6 * 3600);

/// What to run and where.
#[derive(Debug, Args)]
pub(crate) struct UpArgs {
    /// Folder for everything: database, objects, keys, certificates, logs.
    #[arg(long, value_name = "FOLDER", default_value = "data", overrides_with = "data")]
    data: PathBuf,
    /// Address of HTTPS and WSS.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// Plain-HTTP address that only sends browsers to HTTPS.
    #[arg(long, value_name = "ADDRESS")]
    redirect: Option<SocketAddr>,
    /// Name or address that people reach this machine by, besides localhost. Repeat it for more; the first is used
    /// in the address that is printed.
    #[arg(long = "host", value_name = "NAME")]
    hosts: Vec<String>,
    /// Languages to read, Tesseract codes joined by plus signs. Each needs its package, such as tesseract-ocr-deu.
    #[arg(long, value_name = "CODES", default_value = "auto")]
    languages: String,
    /// Workers; each reads one page at a time. One per core if not given.
    #[arg(long, value_name = "NUMBER")]
    workers: Option<usize>,
    /// A layer around the readers that this kernel may lack: landlock or seccomp. Repeat it for both.
    #[arg(long, value_name = "LAYER")]
    accept_without: Vec<SandboxLayer>,
    /// Unix socket of a clamd, such as /run/clamav/clamd.ctl. Every file is scanned before it is opened, and waits
    /// while clamd does not answer.
    #[arg(long, value_name = "SOCKET")]
    clamd: Option<PathBuf>,
    /// Address where the backend answers Prometheus and `untxt health`; the workers take the ports after it.
    #[arg(long, value_name = "ADDRESS")]
    monitor: Option<SocketAddr>,
    /// Address of a collector of OpenTelemetry, to its path /v1/traces, that shows a certificate of this folder
    /// (certs/monitoring.crt): the spans of requests and pages go there.
    #[arg(long, value_name = "URL")]
    collector: Option<String>,
}

/// Runs the whole platform until Ctrl-C.
pub(crate) fn run(args: &UpArgs) -> anyhow::Result<ExitCode> {
    block_on(|lifecycle| async move {
        let mut platform = Platform::default();
        let result = platform.run(args, &lifecycle).await;
        platform.stop().await;
        lifecycle.stop();
        // A start that was given up leaves processes whose watchers are ending them.
        lifecycle.wait(Duration::from_secs(30)).await;
        result.map(|()| ExitCode::SUCCESS)
    })
}

/// Prints a line for the person at the terminal.
#[expect(clippy::print_stdout, reason = "a command tells its person what it does")]
fn say(line: &str) {
    println!("{line}");
}

/// Everything that runs, in the order in which it was started.
#[derive(Default)]
struct Platform {
    servers: Vec<Supervised>,
    processes: Vec<Supervised>,
}

impl Platform {
    async fn run(&mut self, args: &UpArgs, lifecycle: &Lifecycle) -> anyhow::Result<()> {
        refuse_busy_address(args.listen)?;
        let stop = lifecycle.stop_token();
        let accounts = Accounts::find()?;
        let data = DataFolder::open(&args.data)?;
        let setup = Setup::prepare(args, &data, &accounts)?;
        sandbox::check(&data.path("conf/worker.toml")).await?;
        tokio::select! {
            started = self.start(&setup, lifecycle) => started?,
            () = stop.cancelled() => return Ok(()),
        }
        setup.greet().await?;
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(CERTIFICATE_CHECK) => {}
            }
            if setup.renew_certificates()? {
                say("certificates were renewed; starting the processes again with them");
                self.stop().await;
                self.start(&setup, lifecycle).await?;
            }
        }
        say("stopping…");
        Ok(())
    }

    async fn start(&mut self, setup: &Setup<'_>, lifecycle: &Lifecycle) -> anyhow::Result<()> {
        let postgres = setup.postgres();
        self.servers.push(postgres.start(lifecycle).await?);
        self.servers.push(setup.redis().start(lifecycle).await?);
        let store = setup.own_program("storage", "storage", None, lifecycle)?;
        self.servers.push(store);
        setup.migrate(&postgres).await?;
        if let Some(store) = self.servers.last_mut() {
            store.ready(Duration::from_secs(15), async || answers(inner(setup.ports.store)).await).await?;
        }
        for number in 1..=setup.workers {
            let name = format!("worker-{number}");
            self.processes.push(setup.own_program("worker", &name, setup.monitor(number), lifecycle)?);
        }
        let mut backend = setup.own_program("backend", "backend", setup.monitor(0), lifecycle)?;
        let ready = backend.ready(Duration::from_secs(30), async || answers(reachable(setup.args.listen)).await).await;
        self.processes.push(backend);
        ready
    }

    /// Stops backend and workers together, then the servers they use, last started first.
    async fn stop(&mut self) {
        futures::future::join_all(self.processes.drain(..).map(Supervised::stop)).await;
        while let Some(server) = self.servers.pop() {
            server.stop().await;
        }
    }
}

/// What one run is made of.
struct Setup<'a> {
    args: &'a UpArgs,
    data: &'a DataFolder,
    accounts: &'a Accounts,
    secrets: Secrets,
    ports: Ports,
    workers: usize,
    program: PathBuf,
    public_url: String,
}

impl<'a> Setup<'a> {
    fn prepare(args: &'a UpArgs, data: &'a DataFolder, accounts: &'a Accounts) -> anyhow::Result<Self> {
        data.make("logs")?;
        let certs = data.path("certs");
        init_certificates(&certs, &args.hosts)?;
        let root_key = data.make("root-key")?.join("root.key");
        if !root_key.exists() {
            LocalKms::create(&root_key)?;
        }
        let secrets = Secrets::open(data)?;
        let ports = Ports { postgres: free_port()?, redis: free_port()?, store: free_port()? };
        let host = args.hosts.first().map_or("localhost", String::as_str);
        let public_url = match args.listen.port() {
            443 => format!("https://{host}"),
            port => format!("https://{host}:{port}"),
        };
        let files = SettingsFiles {
            data,
            secrets: &secrets,
            ports,
            listen: args.listen,
            redirect: args.redirect,
            public_url: &public_url,
            languages: &args.languages,
            accept_without: &args.accept_without,
            clamd: args.clamd.as_deref(),
            is_monitored: args.monitor.is_some(),
            collector: args.collector.as_deref(),
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

    fn postgres(&self) -> Postgres<'_> {
        Postgres { data: self.data, account: &self.accounts.postgres, port: self.ports.postgres }
    }

    fn redis(&self) -> Redis<'_> {
        Redis { data: self.data, account: &self.accounts.redis, port: self.ports.redis, secrets: &self.secrets }
    }

    /// Makes roles and database over the local socket, and the tables over TLS.
    async fn migrate(&self, postgres: &Postgres<'_>) -> anyhow::Result<()> {
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
        untxt_database::migrate(&settings).await?;
        Ok(())
    }

    /// Gives the address where a process answers monitors: the backend is number 0, the workers come after it.
    fn monitor(&self, number: usize) -> Option<SocketAddr> {
        let first = self.args.monitor?;
        let port = u16::try_from(number).ok().and_then(|number| first.port().checked_add(number))?;
        Some(SocketAddr::new(first.ip(), port))
    }

    /// Starts one of our own processes with its settings file, and nothing in its environment but where it answers
    /// monitors.
    fn own_program(
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
    async fn greet(&self) -> anyhow::Result<()> {
        let login = first_login::ensure(&self.data.path("conf/backend.toml")).await?;
        say(&format!("UNTXT is ready at {}", self.public_url));
        if let Some((login, password)) = login {
            say(&format!("first login    {login}\npassword       {password}   (shown once; keep it)"));
        }
        say(&format!("certificate    {}   (let your browser trust this root)", self.shown("certs/root.crt")));
        say(&format!("logs           {}\nCtrl-C stops everything.", self.shown("logs")));
        Ok(())
    }

    fn renew_certificates(&self) -> anyhow::Result<bool> {
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

/// Lets our processes read what they need. What only this process uses, such as the authorities' keys and the role
/// that owns the tables and the one that reads all of them, stays with whoever runs it.
fn share_files(data: &DataFolder, accounts: &Accounts) -> anyhow::Result<()> {
    let kept =
        ["migrate.toml", "migrate.key", "backup.toml", "backup.key", "restore.toml", "postgres.key", "redis.key"];
    for name in ["certs", "conf", "root-key"] {
        accounts.untxt.own_files(&data.path(name), &kept)?;
    }
    Ok(())
}
