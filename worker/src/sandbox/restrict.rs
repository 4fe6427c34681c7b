//! The limits that a child puts on itself before it sees a byte of a document.

use std::io;

use rustix::process::{
    DumpableBehavior, Pid, Resource, Rlimit, Signal, getppid, set_dumpable_behavior, set_parent_process_death_signal,
    setrlimit,
};

use super::protocol::Hello;

/// Descriptors a child may have: three pipes, and the language data while it is read.
const MAX_FILES: u64 = 32;

/// Binds this process: it dies with its parent, leaves no core, writes no file, and has only so much memory and CPU
/// time. Nothing of it can be undone later in this process.
pub(super) fn restrict(hello: &Hello) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // The parent may have died before the line above; the signal would never come.
    if getppid().map(Pid::as_raw_nonzero).map(std::num::NonZero::get) != i32::try_from(hello.parent_pid).ok() {
        return Err(io::Error::other("the parent is gone"));
    }
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    rustix::thread::set_no_new_privs(true)?;
    limit(Resource::Core, 0)?;
    limit(Resource::Fsize, 0)?;
    limit(Resource::Nofile, MAX_FILES)?;
    limit(Resource::Cpu, hello.cpu_seconds)?;
    limit(Resource::As, hello.memory_bytes)?;
    Ok(())
}

/// Sets a limit, or keeps the stricter one that is there.
fn limit(resource: Resource, most: u64) -> io::Result<()> {
    let most = rustix::process::getrlimit(resource).maximum.map_or(most, |now| now.min(most));
    setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
    Ok(())
}
