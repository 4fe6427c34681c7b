use std::io;

use rustix::process::{Resource, Rlimit, setrlimit};

use crate::sandbox::protocol::Hello;

/// Descriptors a child may have: its pipes, and the language data while it is read.
const MAX_FILES: u64 = 16;

/// Sets what the kernel counts: memory and CPU time as asked, a few open files, and none of the rest.
pub(super) fn limit_resources(hello: &Hello) -> io::Result<()> {
    limit(Resource::As, hello.memory_bytes)?;
    limit(Resource::Cpu, hello.cpu_seconds)?;
    limit(Resource::Nofile, MAX_FILES)?;
    for nothing in [Resource::Core, Resource::Fsize, Resource::Nproc, Resource::Memlock, Resource::Msgqueue] {
        limit(nothing, 0)?;
    }
    Ok(())
}

/// Sets a limit, or keeps the stricter one that is there.
fn limit(resource: Resource, most: u64) -> io::Result<()> {
    let most = rustix::process::getrlimit(resource).maximum.map_or(most, |now| now.min(most));
    setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
    Ok(())
}
