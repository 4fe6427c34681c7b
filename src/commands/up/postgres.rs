//! The private Postgres: its cluster, its files, its readiness. The settings come from the database crate.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
    time::Duration,
};

use anyhow::{Context, bail};
use nix::unistd::{Uid, User};
use rustix::process::Signal;
use untxt_core::lifecycle::Lifecycle;
use untxt_database::conf::{PostgresPaths, render_pg_hba, render_pg_ident, render_postgresql_conf};

use super::{
    account::Account,
    child::{Program, Supervised},
    folder::{DataFolder, explain},
    programs::find_program,
};

/// Name of the database.
pub(super) const DATABASE: &str = "untxt";

/// One private server.
pub(super) struct Postgres<'a> {
    pub(super) data: &'a DataFolder,
    pub(super) account: &'a Account,
    pub(super) port: u16,
}

impl Postgres<'_> {
    /// Makes the cluster if there is none, writes its settings, and starts it.
    pub(super) async fn start(&self, lifecycle: &Lifecycle) -> anyhow::Result<Supervised> {
        let programs = program_folders();
        let server = find_program("postgres", &programs, "postgresql")?;
        let (home, cluster, socket) = (self.data.make("postgres")?, self.cluster(), self.socket_folder());
        self.data.make("postgres/run")?;
        self.account.own_folder(&home)?;
        if !self.account.can_reach(&home) {
            let (path, name) = (home.display(), self.account.name());
            bail!(
                "system user {name} can't reach {path}; give a folder that others may enter with --data, such as /var/lib/untxt"
            );
        }
        // Postgres wants its key to be its own.
        self.data.copy_certificates("postgres/tls", &["postgres.crt", "postgres.key", "clients.pem"])?;
        self.account.own(&home)?;
        if !cluster.join("PG_VERSION").exists() {
            let initdb = find_program("initdb", &programs, "postgresql")?;
            self.init_cluster(&initdb, &cluster, lifecycle).await?;
        }
        self.check_version(&server, &cluster)?;
        self.write_settings(&socket)?;
        let (account, pid_file) = (self.account.clone(), cluster.join("postmaster.pid"));
        let command = move || {
            let mut command = account.command(&server, "INT");
            command.arg("-D").arg(&cluster);
            command
        };
        // A postmaster.pid that a killed server left behind would look ready.
        let stale = fs::read_to_string(&pid_file).ok();
        let mut running = Supervised::start(
            Program {
                name: "postgres".to_owned(),
                command: Box::new(command),
                log: self.data.path("logs/postgres.log"),
                stop_signal: Signal::INT,
                patience: Duration::from_secs(20),
            },
            lifecycle,
        )?;
        let is_ready = async || {
            let state = fs::read_to_string(&pid_file).ok();
            state != stale && state.is_some_and(|state| state.lines().nth(7).is_some_and(|line| line.trim() == "ready"))
        };
        running.ready(Duration::from_secs(60), is_ready).await?;
        Ok(running)
    }

    /// Gives the folder of the local socket.
    pub(super) fn socket_folder(&self) -> PathBuf {
        self.data.path("postgres/run")
    }

    fn cluster(&self) -> PathBuf {
        self.data.path("postgres/cluster")
    }

    /// Makes the cluster beside its place, so that one that was never finished is not taken for one.
    async fn init_cluster(&self, initdb: &Path, cluster: &Path, lifecycle: &Lifecycle) -> anyhow::Result<()> {
        let draft = cluster.with_extension("draft");
        if draft.exists() {
            fs::remove_dir_all(&draft).map_err(|error| explain(&draft, error))?;
        }
        let mut command = self.account.command(initdb, "KILL");
        command.arg("-D").arg(&draft).args([
            "--username=postgres",
            "--auth-local=peer",
            "--auth-host=scram-sha-256",
            "--data-checksums",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
        ]);
        // Tracked: a start that is given up meanwhile still waits for initdb and the processes that it started.
        let making = lifecycle.spawn(async move { tokio::process::Command::from(command).output().await });
        let output = making.await.context("initdb was lost")?.context("initdb can't be started")?;
        if !output.status.success() {
            bail!("the database can't be made: {}", last_words(&output));
        }
        fs::rename(&draft, cluster).map_err(|error| explain(cluster, error))
    }

    /// Refuses a cluster of another major version before the server does it in its own words.
    fn check_version(&self, server: &Path, cluster: &Path) -> anyhow::Result<()> {
        let found = fs::read_to_string(cluster.join("PG_VERSION")).context("the database's version can't be read")?;
        let output =
            self.account.command(server, "KILL").arg("--version").output().context("postgres can't be started")?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let major = said.split_whitespace().nth(2).and_then(|version| version.split('.').next()).unwrap_or_default();
        if major != found.trim() {
            bail!(
                "the data was written by Postgres {}, but Postgres {major} is installed; install that version or run pg_upgrade",
                found.trim()
            );
        }
        Ok(())
    }

    fn write_settings(&self, socket: &Path) -> anyhow::Result<()> {
        let tls = |name: &str| self.data.path(&format!("postgres/tls/{name}"));
        let (cert, key, client_ca) = (tls("postgres.crt"), tls("postgres.key"), tls("clients.pem"));
        let paths = PostgresPaths { socket_dir: socket, cert: &cert, key: &key, client_ca: &client_ca };
        let supervisor = User::from_uid(Uid::effective())
            .context("the system users can't be searched")?
            .context("this user has no name, which the database's local socket asks for")?
            .name;
        for (name, text) in [
            ("postgresql.conf", render_postgresql_conf(self.port, memory(), &paths)),
            ("pg_hba.conf", render_pg_hba(DATABASE)),
            ("pg_ident.conf", render_pg_ident(&[&supervisor])),
        ] {
            self.account.own(&self.data.write(&format!("postgres/cluster/{name}"), &text)?)?;
        }
        Ok(())
    }
}

/// Gives the bytes of memory that this process may share in: those of the machine, or of its container when that has fewer.
fn memory() -> u64 {
    let machine = rustix::system::sysinfo();
    let total = u64::from(machine.mem_unit) * machine.totalram;
    let limit = fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|limit| limit.trim().parse().ok());
    limit.map_or(total, |limit: u64| limit.min(total))
}

/// Where Debian, Fedora and Arch keep the server's programs, newest version first.
fn program_folders() -> Vec<PathBuf> {
    let mut versions: Vec<_> =
        fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    versions
        .sort_by_key(|path| std::cmp::Reverse(path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok())));
    versions.into_iter().map(|path| path.join("bin")).chain(["/usr/pgsql/bin".into(), "/usr/bin".into()]).collect()
}

/// Finds the line in which a program says what went wrong; what follows it is usually tidying up.
fn last_words(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    if text.contains("No space left on device") {
        return "the disk is full; free some space and start again".to_owned();
    }
    let is_telling = |line: &&str| ["error:", "FATAL:", "PANIC:", "could not"].iter().any(|word| line.contains(word));
    let last = || text.lines().rev().find(|line| !line.trim().is_empty());
    text.lines().find(is_telling).or_else(last).unwrap_or("it said nothing").trim().to_owned()
}
