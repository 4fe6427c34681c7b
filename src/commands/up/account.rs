//! Which system user runs which process. Started as root, `untxt up` gives root to nobody: Postgres refuses it, and
//! nothing else needs it.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, lchown},
    path::Path,
    process::Command,
};

use anyhow::{Context, bail};
use nix::unistd::User;

use super::folder::explain;

/// A system user to run a process as; `None` inside: whoever runs this.
#[derive(Clone, Debug)]
pub(super) struct Account(Option<User>);

/// The accounts of one run.
#[derive(Debug)]
pub(super) struct Accounts {
    pub(super) postgres: Account,
    pub(super) redis: Account,
    /// Backend, worker and store.
    pub(super) untxt: Account,
}

impl Accounts {
    /// Finds the accounts. Only root has a choice.
    pub(super) fn find() -> anyhow::Result<Self> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self { postgres: Account(None), redis: Account(None), untxt: Account(None) });
        }
        let Some(untxt) = find_user("untxt")? else {
            bail!("started as root, this needs a system user to drop to; make it with `useradd --system untxt`");
        };
        let Some(postgres) = find_user("postgres")? else {
            bail!("there is no system user postgres to run the database; install the package postgresql");
        };
        let redis = find_user("redis")?.unwrap_or_else(|| untxt.clone());
        Ok(Self { postgres: Account(Some(postgres)), redis: Account(Some(redis)), untxt: Account(Some(untxt)) })
    }
}

impl Account {
    /// Makes a command that runs a program as this account and gets `signal` when this process dies.
    ///
    /// `setpriv` (util-linux, on every Debian) does both before it becomes the program; the process id stays.
    pub(super) fn command(&self, program: &Path, signal: &str) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", signal]);
        if let Some(user) = &self.0 {
            command.arg(format!("--reuid={}", user.uid)).arg(format!("--regid={}", user.gid)).arg("--clear-groups");
        }
        command.arg("--").arg(program);
        command
    }

    /// Gives a file or a folder with everything in it to this account.
    pub(super) fn own(&self, path: &Path) -> anyhow::Result<()> {
        let Some(user) = &self.0 else { return Ok(()) };
        let metadata = fs::symlink_metadata(path).map_err(|error| explain(path, error))?;
        if (metadata.uid(), metadata.gid()) != (user.uid.as_raw(), user.gid.as_raw()) {
            lchown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw())).map_err(|error| explain(path, error))?;
        }
        if metadata.is_dir() {
            for entry in fs::read_dir(path).map_err(|error| explain(path, error))? {
                self.own(&entry.map_err(|error| explain(path, error))?.path())?;
            }
        }
        Ok(())
    }

    /// Gives the files of a folder to this account, but for those named in `kept`, and lets it pass through the folder.
    /// The folder and the folders in it stay whose they are: this account can't put anything in the place of a file.
    pub(super) fn own_files(&self, path: &Path, kept: &[&str]) -> anyhow::Result<()> {
        if self.0.is_none() {
            return Ok(());
        }
        fs::set_permissions(path, fs::Permissions::from_mode(0o711)).map_err(|error| explain(path, error))?;
        for entry in fs::read_dir(path).map_err(|error| explain(path, error))? {
            let path = entry.map_err(|error| explain(path, error))?.path();
            let is_kept = path.file_name().is_some_and(|name| kept.iter().any(|kept| name == *kept));
            if !path.is_dir() && !is_kept {
                self.own(&path)?;
            }
        }
        Ok(())
    }

    /// Gives only the folder itself to this account, when what is in it can't be anybody else's.
    pub(super) fn own_folder(&self, path: &Path) -> anyhow::Result<()> {
        let Some(user) = &self.0 else { return Ok(()) };
        lchown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw())).map_err(|error| explain(path, error))
    }

    /// Says whether this account can execute a file (or enter a folder).
    pub(super) fn can_reach(&self, path: &Path) -> bool {
        self.0.is_none()
            || self.command(Path::new("test"), "KILL").arg("-x").arg(path).status().is_ok_and(|status| status.success())
    }

    /// Gives the name of the account for messages.
    pub(super) fn name(&self) -> &str {
        self.0.as_ref().map_or("this user", |user| &user.name)
    }
}

fn find_user(name: &str) -> anyhow::Result<Option<User>> {
    User::from_name(name).with_context(|| format!("the system users can't be searched for {name}"))
}
