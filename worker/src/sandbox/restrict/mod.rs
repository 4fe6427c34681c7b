//! What a child binds itself with before it sees a byte of a document: its parent's life, resources, files, system
//! calls. Nothing of it can be undone later in this process, by whoever has taken it over.
//!
//! It promises to say which walls stand. It refuses to judge whether they are enough: the parent does.

mod call_filter;
mod file_rules;
mod limits;

use std::{io, num::NonZero, path::Path};

use rustix::{
    process::{DumpableBehavior, Pid, Signal, getppid, set_dumpable_behavior, set_parent_process_death_signal},
    thread::{CapabilitySet, CapabilitySets, set_capabilities, set_no_new_privs},
};

use super::{protocol::Hello, walls::Walls};

/// Binds this process, which has one thread: it dies with its parent, leaves no core, gains no right, opens nothing
/// but language data for reading, and makes only the calls that reading a page needs.
pub(super) fn restrict(hello: &Hello, language_data: Option<&Path>) -> io::Result<Walls> {
    die_with_parent(hello.parent_pid)?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    set_no_new_privs(true)?;
    limits::limit_resources(hello)?;
    let landlock_abi = file_rules::allow_reading(language_data)?;
    let none = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })?;
    // Comes last: it refuses the calls above.
    let has_call_filter = call_filter::filter_calls()?;
    Ok(Walls { landlock_abi, has_call_filter })
}

fn die_with_parent(parent: u32) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // The parent may have died before the line above; the signal would never come.
    if getppid().map(Pid::as_raw_nonzero).map(NonZero::get) != i32::try_from(parent).ok() {
        return Err(io::Error::other("the parent is gone"));
    }
    Ok(())
}

/// Closes every descriptor but the three pipes: whoever started our parent may have left some open to all.
#[expect(unsafe_code, reason = "no crate at hand closes a range of descriptors")]
pub(super) fn close_inherited() -> io::Result<()> {
    // SAFETY: a child calls this first of all, so nothing in this process has a descriptor above 2 yet.
    let closed = unsafe { libc::close_range(3, u32::MAX, 0) };
    if closed == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
