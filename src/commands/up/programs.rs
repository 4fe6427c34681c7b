//! Where programs are: those of the system, and this one.

use std::{fs, path::PathBuf};

use anyhow::{Context, bail};

use super::{
    account::Account,
    folder::{DataFolder, explain},
};

/// Finds a program on PATH or in the folders where distributions keep servers.
pub(super) fn find_program(name: &str, folders: &[PathBuf], package: &str) -> anyhow::Result<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "PATH is where programs are, not a setting")]
    let path = std::env::var("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).collect::<Vec<_>>();
    match folders.iter().chain(&on_path).map(|folder| folder.join(name)).find(|candidate| candidate.is_file()) {
        Some(program) => Ok(program),
        None => bail!("{name} is missing; install the package {package}"),
    }
}

/// Gives a path of this executable that an account can reach: where it is, or a copy in the data folder.
pub(super) fn own_program(data: &DataFolder, account: &Account) -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe().context("this executable can't be found")?;
    if account.can_reach(&program) {
        return Ok(program);
    }
    let copy = data.make("bin")?.join("untxt");
    fs::copy(&program, &copy).map_err(|error| explain(&copy, error))?;
    account.own(&data.path("bin"))?;
    Ok(copy)
}
