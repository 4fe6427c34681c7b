//! One supervised process: started, watched, started again with back-off when it dies, stopped in order.

use std::{
    fs::OpenOptions,
    io::{Read, Seek, SeekFrom},
    os::unix::process::{CommandExt, ExitStatusExt},
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
    time::{Duration, Instant},
};

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};
use untxt_core::lifecycle::Lifecycle;

/// First wait before a dead process is started again; doubles up to [`LONGEST_BACK_OFF`].
const FIRST_BACK_OFF: Duration = Duration::from_millis(500);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(15);
/// A process that ran this long is healthy: its next back-off is the first again.
const HEALTHY: Duration = Duration::from_secs(60);
/// A log is begun anew when it is longer than this at a start of `up`; the older one is kept as `.1`.
const LONGEST_LOG_BYTES: u64 = 20 << 20;

/// What to run and how to end it.
pub(super) struct Program {
    pub(super) name: String,
    pub(super) command: Box<dyn Fn() -> Command + Send + Sync>,
    /// Standard error goes here.
    pub(super) log: PathBuf,
    /// The signal that asks it to end.
    pub(super) stop_signal: Signal,
    /// How long it may take to end before it is killed.
    pub(super) patience: Duration,
}

/// A running, watched process.
pub(super) struct Supervised {
    name: String,
    log: PathBuf,
    log_start: u64,
    /// Dropped unstopped, as when a start is given up, it asks the process to end all the same.
    stop: DropGuard,
    exits: watch::Receiver<Option<ExitStatus>>,
    ended: tokio::task::JoinHandle<()>,
}

impl Supervised {
    /// Starts a program and watches it.
    pub(super) fn start(program: Program, lifecycle: &Lifecycle) -> anyhow::Result<Self> {
        let log_start = rotate(&program.log);
        let child = spawn(&program)?;
        let (report, exits) = watch::channel(None);
        let (name, log, stop) = (program.name.clone(), program.log.clone(), CancellationToken::new());
        let ended = lifecycle.spawn(watch_over(program, child, report, stop.clone()));
        let stop = stop.drop_guard();
        Ok(Self { name, log, log_start, stop, exits, ended })
    }

    /// Waits until `is_ready` says so. A process that ends before is an error with the last line it wrote.
    pub(super) async fn ready(&mut self, limit: Duration, is_ready: impl AsyncFn() -> bool) -> anyhow::Result<()> {
        let poll = async {
            while !is_ready().await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::select! {
            () = poll => return Ok(()),
            _ = self.exits.changed() => {}
            () = tokio::time::sleep(limit) => {}
        }
        let said = last_line(&self.log, self.log_start);
        anyhow::bail!("{} did not start: {said} (log: {})", self.name, self.log.display())
    }

    /// Asks the process to end, waits, and kills it when it takes too long.
    pub(super) async fn stop(self) {
        drop(self.stop);
        if self.ended.await.is_err() {
            tracing::error!(process = self.name, "the watcher of a process failed");
        }
    }
}

async fn watch_over(
    program: Program,
    mut child: tokio::process::Child,
    report: watch::Sender<Option<ExitStatus>>,
    stop: CancellationToken,
) {
    let mut back_off = FIRST_BACK_OFF;
    loop {
        let started = Instant::now();
        let status = tokio::select! {
            status = child.wait() => status.ok(),
            () = stop.cancelled() => return end(&program, child).await,
        };
        report.send_replace(status);
        if started.elapsed() > HEALTHY {
            back_off = FIRST_BACK_OFF;
        }
        super::say(&format!(
            "{} {}; starting it again in {:.1} s",
            program.name,
            describe(status),
            back_off.as_secs_f32()
        ));
        child = loop {
            tokio::select! {
                () = tokio::time::sleep(back_off) => {}
                () = stop.cancelled() => return,
            }
            back_off = (back_off * 2).min(LONGEST_BACK_OFF);
            match spawn(&program) {
                Ok(child) => break child,
                Err(error) => super::say(&format!("{} can't be started: {error:#}", program.name)),
            }
        };
    }
}

fn spawn(program: &Program) -> anyhow::Result<tokio::process::Child> {
    let log = OpenOptions::new().create(true).append(true).open(&program.log);
    let log = log.map_err(|error| super::folder::explain(&program.log, error))?;
    let mut command = (program.command)();
    // Its own group: Ctrl-C in a terminal reaches only us, so that we can end everything in order.
    command.process_group(0).stdin(std::process::Stdio::null()).stdout(log.try_clone()?).stderr(log);
    tokio::process::Command::from(command).spawn().with_context(|| format!("{} can't be started", program.name))
}

async fn end(program: &Program, mut child: tokio::process::Child) {
    let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    let Some(group) = group else { return };
    if kill_process_group(group, program.stop_signal).is_err() {
        return;
    }
    if tokio::time::timeout(program.patience, child.wait()).await.is_err() {
        super::say(&format!("{} did not end in time and is killed", program.name));
        let _ = kill_process_group(group, Signal::KILL);
        let _ = child.wait().await;
    }
}

fn describe(status: Option<ExitStatus>) -> String {
    match status.map(|status| (status.code(), status.signal())) {
        Some((Some(code), _)) => format!("stopped unexpectedly with code {code}"),
        Some((_, Some(signal))) => format!("was killed by signal {signal}"),
        _ => "stopped unexpectedly".to_owned(),
    }
}

/// Moves a long log out of the way and gives the length of what is left.
fn rotate(log: &Path) -> u64 {
    let length = log.metadata().map_or(0, |metadata| metadata.len());
    if length > LONGEST_LOG_BYTES && std::fs::rename(log, log.with_extension("log.1")).is_ok() {
        return 0;
    }
    length
}

/// Gives the last line written to a log since `start`, without JSON dress.
fn last_line(log: &Path, start: u64) -> String {
    let mut text = String::new();
    let read = std::fs::File::open(log).and_then(|mut file| {
        file.seek(SeekFrom::Start(start))?;
        file.read_to_string(&mut text)
    });
    if read.is_err() {
        return "its log can't be read".to_owned();
    }
    let line = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing").trim();
    line.to_owned()
}
