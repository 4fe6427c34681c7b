use std::{io, ptr, slice};

use rustix::{
    mm::{Advice, MapFlags, ProtFlags, madvise, mlock, mmap_anonymous},
    process::{Resource, Rlimit, getrlimit, setrlimit},
};

/// Memory is taken and locked in pieces of this many bytes: whole pages, of 4 or 16 KiB.
pub(super) const CHUNK_BYTES: usize = 16 << 10;

/// Memory for keys that is never given back.
pub(super) struct Chunk {
    pub(super) bytes: &'static mut [u8],
    /// Why it may be written to swap; none: it is locked.
    pub(super) not_locked: Option<io::Error>,
}

/// Takes memory that is in no core file and zero in a forked child, and locks it where the system lets it.
///
/// # Errors
/// When there is no memory, or a kernel can't leave it out of core files and children (Linux before 4.14).
pub(super) fn map_chunk() -> io::Result<Chunk> {
    #[expect(unsafe_code, reason = "mmap, madvise and mlock take addresses; see docs/decisions/0018-locked-keys.md")]
    // SAFETY: The kernel chooses where, so no other memory is replaced; madvise and mlock get exactly what it gave, and
    // change no byte of it. It is page-aligned, zero, readable and writable, nobody else has it, and it is never
    // unmapped: so it is a slice of bytes for ever, of which this is the only reference.
    unsafe {
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        let address = mmap_anonymous(ptr::null_mut(), CHUNK_BYTES, protection, MapFlags::PRIVATE)?;
        madvise(address, CHUNK_BYTES, Advice::LinuxDontDump)?;
        madvise(address, CHUNK_BYTES, Advice::LinuxWipeOnFork)?;
        let not_locked = mlock(address, CHUNK_BYTES).err().map(io::Error::from);
        let bytes = slice::from_raw_parts_mut(address.cast(), CHUNK_BYTES);
        Ok(Chunk { bytes, not_locked })
    }
}

/// Lets the process lock as much as it may allow itself.
pub(super) fn raise_limit() {
    let limit = getrlimit(Resource::Memlock);
    if limit.current != limit.maximum {
        // Whether it is enough shows when memory is locked.
        let _ = setrlimit(Resource::Memlock, Rlimit { current: limit.maximum, ..limit });
    }
}
