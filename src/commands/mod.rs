//! One file per sub-command. A command reads its settings, starts logging, and calls one crate.

mod audit;
mod backend;
mod backup;
mod certs;
mod config;
mod doctor;
mod health;
mod keys;
mod migrate;
mod ocr;
mod openapi;
mod people;
mod queue;
mod receipts;
mod record;
mod serve;
mod storage;
mod up;
mod user;
mod worker;

use std::process::ExitCode;

use clap::Subcommand;
use untxt_core::config::Problems;

/// What `untxt` can be asked to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run everything on this machine: a private Postgres and Redis, the store, backend and workers.
    Up(up::UpArgs),
    /// Serve HTTPS and WSS.
    Backend(serve::ServeArgs),
    /// Read pages from the queue.
    Worker(serve::ServeArgs),
    /// Serve S3 from a folder.
    Storage(serve::ServeArgs),
    /// Bring the database to this version; plan, try and verify that.
    Migrate(migrate::MigrateArgs),
    /// Ask a running process whether it is ready, for orchestrators.
    Health(serve::ServeArgs),
    /// Try every hop of a process: what was negotiated, and that what must fail does.
    Doctor(doctor::DoctorArgs),
    /// Read documents without any server.
    Ocr(ocr::OcrArgs),
    /// Make the certificates of one installation.
    Certs(certs::CertsArgs),
    /// Look at keys, replace and destroy them.
    Keys(keys::KeysArgs),
    /// Look at the queue, stop and replay tasks.
    Queue(queue::QueueArgs),
    /// Manage the people who can log in.
    User(user::UserArgs),
    /// Write a backup of everything, sealed.
    Export(backup::ExportArgs),
    /// Restore a backup into a new installation.
    Import(backup::ImportArgs),
    /// Make keys for backups, and check backups.
    Backup(backup::BackupArgs),
    /// Take receipts of shredded documents out, and check them.
    Receipts(receipts::ReceiptsArgs),
    /// Take the record of what was done out, and check it.
    Audit(audit::AuditArgs),
    /// Print every setting with its default.
    Config,
    /// Print the description of the API (OpenAPI 3.1).
    Openapi,
    /// The sandboxed reader; started by the worker.
    #[command(hide = true)]
    OcrChild,
}

impl Command {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Up(args) => up::run(&args),
            Self::Backend(args) => backend::run(&args),
            Self::Worker(args) => worker::run(&args),
            Self::Storage(args) => storage::run(&args),
            Self::Migrate(args) => migrate::run(&args),
            Self::Health(args) => health::run(&args),
            Self::Doctor(args) => doctor::run(&args),
            Self::Ocr(args) => ocr::run(&args),
            Self::Certs(args) => certs::run(&args),
            Self::Keys(args) => keys::run(&args),
            Self::Queue(args) => queue::run(&args),
            Self::User(args) => user::run(&args),
            Self::Export(args) => backup::export(&args),
            Self::Import(args) => backup::import(&args),
            Self::Audit(args) => audit::run(&args),
            Self::Backup(args) => backup::backup(&args),
            Self::Receipts(args) => receipts::run(&args),
            Self::Config => config::run(),
            Self::Openapi => openapi::run(),
            Self::OcrChild => Ok(untxt_worker::sandbox::child_main()),
        }
    }
}

/// Says in one line what went wrong. Wrong settings end with 2, everything else with 1.
#[expect(clippy::print_stderr, reason = "a command tells its person what went wrong")]
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    if let Some(problems) = error.downcast_ref::<Problems>() {
        eprintln!("untxt: these settings can't be used:\n{problems}");
        return ExitCode::from(2);
    }
    eprintln!("untxt: {error:#}");
    ExitCode::FAILURE
}
