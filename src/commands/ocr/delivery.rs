use std::{
    fs::{self, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use anyhow::Context;
use signal_hook::{
    consts::{SIGINT, SIGTERM, SIGXFSZ},
    flag,
    iterator::Signals,
    low_level::emulate_default_handler,
};

/// Links that are followed before a path is taken as it is; the kernel's own limit.
const MAX_LINKS: usize = 40;

/// Writes results so that nothing half done is ever seen or left.
#[derive(Debug, Default)]
pub(super) struct Delivery {
    /// Shared by those who write; a signal waits until it has it alone.
    gate: Arc<RwLock<()>>,
}

impl Delivery {
    /// Takes the signals that would end the program: it ends when what is being written is in its place, at the second
    /// signal without waiting. A file that grows too large is an error of its write, and no end.
    pub(super) fn guard() -> anyhow::Result<Self> {
        let unguarded = "signals can't be taken";
        let delivery = Self::default();
        let is_asked = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            flag::register_conditional_default(signal, Arc::clone(&is_asked)).context(unguarded)?;
        }
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGXFSZ]).context(unguarded)?;
        let gate = Arc::clone(&delivery.gate);
        thread::spawn(move || {
            for signal in signals.forever().filter(|&signal| signal != SIGXFSZ) {
                is_asked.store(true, Ordering::SeqCst);
                let _nobody_writes = gate.write().unwrap_or_else(PoisonError::into_inner);
                // it can't fail for these two, and if it did, the second signal would do
                let _ = emulate_default_handler(signal);
            }
        });
        Ok(delivery)
    }

    /// Writes a result whole or not at all: beside its place, then moved there. What is no file, such as a pipe or a
    /// device, is written to.
    pub(super) fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let path = follow(path);
        if is_descriptor(&path) || fs::metadata(&path).is_ok_and(|metadata| !metadata.is_file()) {
            return OpenOptions::new().append(true).open(&path)?.write_all(bytes);
        }
        let folder = folder_of(&path);
        fs::create_dir_all(folder)?;
        let _writing = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        // as any new file of this person's: what the umask leaves
        let mut file = tempfile::Builder::new().permissions(Permissions::from_mode(0o666)).tempfile_in(folder)?;
        file.as_file_mut().write_all(bytes)?;
        file.persist(&path)?;
        Ok(())
    }
}

/// Finds where writing to a path ends: links are followed, but not an open file's, which has no other name for sure.
pub(super) fn follow(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        let Ok(folder) = fs::canonicalize(folder_of(&path)) else { return path };
        let Some(name) = path.file_name() else { return path };
        path = folder.join(name);
        match fs::read_link(&path) {
            Ok(link) if !is_descriptor(&path) => path = folder.join(link),
            _ => return path,
        }
    }
    path
}

/// Says whether a path leads to standard output.
pub(super) fn is_stdout(path: &Path) -> bool {
    let path = follow(path);
    path.ends_with("1") && path.starts_with(format!("/proc/{}", process::id())) && is_descriptor(&path)
}

/// Says whether a path, links followed, is an open file of a process: `/dev/stderr`, `/dev/fd/5`.
fn is_descriptor(path: &Path) -> bool {
    path.starts_with("/proc") && path.parent().is_some_and(|folder| folder.ends_with("fd"))
}

pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use std::os::{fd::AsRawFd, unix::fs::symlink};

    use super::*;

    fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
        Delivery::default().write(path, bytes)
    }

    #[test]
    fn a_result_is_written_into_a_new_folder_or_a_device() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/a.txt");
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
        write(Path::new("/dev/null"), b"gone").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
        assert!(write(folder.path(), b"no").is_err());
    }

    #[test]
    fn a_link_stays_and_its_target_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("far")).unwrap();
        fs::write(at("far/old.txt"), b"old").unwrap();
        symlink("far/old.txt", at("link.txt")).unwrap();
        symlink("../link.txt", at("far/chain.txt")).unwrap();
        symlink("far/new.txt", at("dangling.txt")).unwrap();
        symlink("round.txt", at("round.txt")).unwrap();
        write(&at("far/chain.txt"), b"new").unwrap();
        write(&at("dangling.txt"), b"new").unwrap();
        for name in ["far/old.txt", "far/new.txt"] {
            assert_eq!(fs::read(at(name)).unwrap(), b"new");
        }
        for name in ["link.txt", "far/chain.txt", "dangling.txt"] {
            assert!(fs::symlink_metadata(at(name)).unwrap().is_symlink(), "{name}");
        }
    }

    #[test]
    fn an_open_file_is_written_to_and_not_replaced() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), b"before ").unwrap();
        write(Path::new(&format!("/dev/fd/{}", file.as_file().as_raw_fd())), b"after").unwrap();
        assert_eq!(fs::read(file.path()).unwrap(), b"before after");
        assert!(is_stdout(Path::new("/dev/stdout")) && is_stdout(Path::new("/proc/self/fd/1")));
        assert!(!is_stdout(Path::new("/dev/stderr")) && !is_stdout(Path::new("1")));
    }
}
