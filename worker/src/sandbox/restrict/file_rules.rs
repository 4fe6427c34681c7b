use std::{
    io,
    path::{Path, PathBuf},
};

use landlock::{
    ABI, Access, AccessFs, AccessNet, LandlockStatus, RestrictionStatus, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetError, RulesetStatus, Scope, path_beneath_rules,
};

/// The newest version whose rules we know; of an older kernel's landlock all that it has is used.
const NEWEST: ABI = ABI::V9;

/// Lets this process open the files of one folder for reading, and nothing else: no file, no port, no signal to others.
/// Gives the version of the kernel's landlock, 0 when there is none.
pub(super) fn allow_reading(folder: Option<&Path>) -> io::Result<u32> {
    let paths = folder.map(paths_of).unwrap_or_default();
    match enforce(paths).map_err(io::Error::other)? {
        RestrictionStatus { ruleset: RulesetStatus::NotEnforced, .. } => Ok(0),
        RestrictionStatus { landlock: LandlockStatus::Available { effective_abi, .. }, .. } => Ok(effective_abi as u32),
        RestrictionStatus { .. } => Ok(0),
    }
}

fn enforce(paths: Vec<PathBuf>) -> Result<RestrictionStatus, RulesetError> {
    Ruleset::default()
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?
        .create()?
        .add_rules(path_beneath_rules(paths, AccessFs::ReadFile | AccessFs::ReadDir))?
        .restrict_self()
}

/// Lists the folder and what its links lead to: rules hold for files, whatever name they are opened by.
fn paths_of(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let links = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_symlink()));
    std::iter::once(folder.to_owned()).chain(links.map(|entry| entry.path())).collect()
}
