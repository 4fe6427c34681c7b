use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::process::Command;

/// How a child is started.
#[derive(Clone, Debug)]
pub struct ChildCommand {
    program: PathBuf,
    arguments: Vec<OsString>,
}

impl ChildCommand {
    /// Makes the command for children of this very executable: `untxt ocr-child`.
    ///
    /// # Errors
    /// When the system doesn't tell what this executable is.
    pub fn of_this_executable() -> io::Result<Self> {
        Ok(Self::new(std::env::current_exe()?, ["ocr-child"]))
    }

    /// Makes the command for another program that calls [`super::serve`].
    pub fn new(program: impl AsRef<Path>, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        Self { program: program.as_ref().to_owned(), arguments: arguments.into_iter().map(Into::into).collect() }
    }

    /// Prepares a child that inherits nothing: no environment, no descriptor of ours but three pipes, no folder, and a
    /// process group of its own.
    pub(super) fn prepare(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .env_clear()
            // More threads inside one page only burn CPU; the library reads this before main begins.
            .env("OMP_THREAD_LIMIT", "1")
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        command
    }
}
