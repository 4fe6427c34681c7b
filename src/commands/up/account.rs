//! Which system user runs which process. Started as root, `untxt up` gives root to nobody: Postgres refuses it, and
//! nothing else needs it.

use std::{
    fs,
    os::unix::fs::{MetadataExt, lchown},
    path::Path,
    process::Command,
};

use anyhow::{Context, bail};

use super::folder::explain;

/// A system user to run a process as; `None` inside: whoever runs this.
#[derive(Clone, Debug)]
pub(super) struct Account(Option<SystemUser>);

#[derive(Clone, Debug)]
struct SystemUser {
    name: String,
    uid: u32,
    gid: u32,
}

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
        let passwd = fs::read_to_string("/etc/passwd").context("/etc/passwd can't be read")?;
        let find = |name: &str| find_user(&passwd, name);
        let Some(untxt) = find("untxt") else {
            bail!("started as root, this needs a system user to drop to; make it with `useradd --system untxt`");
        };
        let Some(postgres) = find("postgres") else {
            bail!("there is no system user postgres to run the database; install the package postgresql");
        };
        let redis = find("redis").unwrap_or_else(|| untxt.clone());
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
        if (metadata.uid(), metadata.gid()) != (user.uid, user.gid) {
            lchown(path, Some(user.uid), Some(user.gid)).map_err(|error| explain(path, error))?;
        }
        if metadata.is_dir() {
            for entry in fs::read_dir(path).map_err(|error| explain(path, error))? {
                self.own(&entry.map_err(|error| explain(path, error))?.path())?;
            }
        }
        Ok(())
    }

    /// Gives only the folder itself to this account, when what is in it can't be anybody else's.
    pub(super) fn own_folder(&self, path: &Path) -> anyhow::Result<()> {
        let Some(user) = &self.0 else { return Ok(()) };
        lchown(path, Some(user.uid), Some(user.gid)).map_err(|error| explain(path, error))
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

fn find_user(passwd: &str, name: &str) -> Option<SystemUser> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let found = fields.next()? == name;
        let (uid, gid) = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
        found.then(|| SystemUser { name: name.to_owned(), uid, gid })
    })
}

#[cfg(test)]
mod tests {
    use super::find_user;

    #[test]
    fn users_are_found_by_their_whole_name() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\npostgres:x:101:104::/var/lib/postgresql:/bin/bash\n";
        let user = find_user(passwd, "postgres").expect("a user");
        assert_eq!((user.uid, user.gid), (101, 104));
        assert!(find_user(passwd, "post").is_none());
    }
}
