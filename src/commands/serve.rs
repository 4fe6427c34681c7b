//! What every long-running command does alike: settings, logs, runtime, signals.

use std::{future::Future, path::PathBuf};

use anyhow::ensure;
use clap::Args;
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use untxt_core::{
    config::{Encryption, Process, Settings},
    crypto::prepare_key_memory,
    lifecycle::Lifecycle,
    telemetry,
};

/// Where the settings are.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// File with settings that differ from the defaults (`untxt config` prints them).
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) config: Option<PathBuf>,
}

impl ServeArgs {
    /// Reads the settings and starts logging.
    pub(crate) fn load(&self, process: Process) -> anyhow::Result<Settings> {
        let settings = self.read(process)?;
        telemetry::start(&settings.log, &settings.traces, process.name())?;
        if matches!(process, Process::Backend | Process::Worker | Process::Keys | Process::Backup) {
            lock_keys(&settings.encryption)?;
        }
        Ok(settings)
    }

    /// Reads the settings alone, for who needs no root key.
    pub(crate) fn read(&self, process: Process) -> anyhow::Result<Settings> {
        // From here on this process holds secrets: no core file, also of what it starts, and no other process of this user
        // reads its memory.
        setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
        set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
        Ok(Settings::load(self.config.as_deref(), process)?)
    }
}

/// Takes the memory for keys, and refuses to go on where it can't be locked and that isn't accepted.
pub(super) fn lock_keys(settings: &Encryption) -> anyhow::Result<()> {
    let is_locked = prepare_key_memory()?;
    ensure!(
        is_locked || settings.accept_unlocked_keys,
        "the system doesn't let this process lock 32 KiB of memory, so that keys could be written to swap; raise its \
         RLIMIT_MEMLOCK (LimitMEMLOCK= of a service, --ulimit memlock= of a container), or say \
         encryption.accept_unlocked_keys = true and keep swap encrypted or off"
    );
    if !is_locked {
        tracing::warn!("keys lie in memory that may be written to swap, as encryption.accept_unlocked_keys allows");
    }
    Ok(())
}

/// Runs a future on a new runtime, with a lifecycle that ends on SIGTERM and SIGINT.
pub(crate) fn block_on<F, T>(run: impl FnOnce(Lifecycle) -> F) -> anyhow::Result<T>
where
    F: Future<Output = anyhow::Result<T>>,
{
    let result = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(async { run(Lifecycle::on_signals()?).await });
    telemetry::stop();
    result
}
