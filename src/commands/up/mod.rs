//! `untxt up`: everything on this machine, in one data folder, over the same mutual TLS as anywhere else.
//!
//! It starts a private Postgres and Redis, the store, the backend and a worker for each core; watches them; and stops
//! them in the opposite order. It keeps no state of its own beside the data folder.

mod account;
mod addresses;
mod child;
mod first_login;
mod folder;
mod platform;
mod postgres;
mod programs;
mod redis;
mod sandbox;
mod secrets;
mod settings;
mod setup;
mod signing;

use std::{net::SocketAddr, path::PathBuf, process::ExitCode, time::Duration};

use clap::Args;
use untxt_core::config::SandboxLayer;

use self::platform::Platform;
use super::serve::block_on;

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
    /// File with the section [mail] of `untxt config`: links to a new password are sent by that server.
    #[arg(long, value_name = "FILE")]
    mail: Option<PathBuf>,
    /// People may make public links to their documents, which last that many days at most.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=366))]
    public_links: Option<u32>,
    /// Administrators and reviewers may take access in an emergency, to what nobody shared with them, that many minutes at most.
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(1..=1440))]
    emergency_access: Option<u32>,
    /// File with [oidc] and [[oidc.providers]] of `untxt config`: people log in by those providers too.
    #[arg(long, value_name = "FILE")]
    oidc: Option<PathBuf>,
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
