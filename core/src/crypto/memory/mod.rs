//! Memory that holds keys: locked, in no core file, empty in a forked child, and wiped when a key is dropped.
//!
//! Keys share pages, since a process may lock little (8 MiB as a rule, 64 KiB in old containers): 512 keys take 16 KiB.
//! It promises that no key lies elsewhere for longer than one operation takes. Key schedules are no keys here: the
//! cryptographic library keeps them in its own memory, which it wipes when it frees them.

mod pages;
#[cfg(test)]
mod tests;

use std::{
    io, mem,
    sync::{Mutex, PoisonError},
};

use metrics::gauge;
use zeroize::Zeroize;

use super::{CryptoError, aead::KEY_LEN};
use pages::{CHUNK_BYTES, map_chunk};

/// Bytes that must be locked at start, unless it is accepted that they aren't: 1,024 keys, those of some 340 owners.
const AT_START: usize = 2 * CHUNK_BYTES;

// One for the process, as its limit of locked memory is: what would be handed around is an allocator.
static ARENA: Mutex<Arena> = Mutex::new(Arena { free: Vec::new(), locked_bytes: 0, unlocked_bytes: 0 });

#[derive(Debug)]
struct Arena {
    /// Each has [`KEY_LEN`] bytes and is all zero.
    free: Vec<&'static mut [u8]>,
    locked_bytes: usize,
    unlocked_bytes: usize,
}

/// Room for one key, of [`KEY_LEN`] bytes; wiped when dropped.
pub(super) struct KeyMemory(&'static mut [u8]);

impl KeyMemory {
    /// Takes room that is all zero.
    ///
    /// # Errors
    /// [`CryptoError::Memory`] when the system has none.
    pub(super) fn take() -> Result<Self, CryptoError> {
        let mut arena = ARENA.lock().unwrap_or_else(PoisonError::into_inner);
        if arena.free.is_empty() {
            arena.grow()?;
        }
        arena.free.pop().map(Self).ok_or_else(|| CryptoError::Memory(io::ErrorKind::OutOfMemory.into()))
    }

    pub(super) const fn bytes(&self) -> &[u8] {
        self.0
    }

    pub(super) const fn bytes_mut(&mut self) -> &mut [u8] {
        self.0
    }
}

impl Drop for KeyMemory {
    fn drop(&mut self) {
        self.0.zeroize();
        ARENA.lock().unwrap_or_else(PoisonError::into_inner).free.push(mem::take(&mut self.0));
    }
}

impl Arena {
    /// Takes one more chunk. One that can't be locked is used all the same, since a process that has started must not
    /// refuse its owners; the metric and the log tell.
    fn grow(&mut self) -> Result<(), CryptoError> {
        let chunk = map_chunk().map_err(CryptoError::Memory)?;
        if let Some(error) = chunk.not_locked {
            if self.unlocked_bytes == 0 {
                tracing::warn!(%error, locked_bytes = self.locked_bytes, "memory for more keys can't be locked: raise RLIMIT_MEMLOCK");
            }
            self.unlocked_bytes += CHUNK_BYTES;
        } else {
            self.locked_bytes += CHUNK_BYTES;
        }
        // Dropping a key must not need memory.
        self.free.reserve((self.locked_bytes + self.unlocked_bytes) / KEY_LEN);
        self.free.extend(chunk.bytes.chunks_exact_mut(KEY_LEN));
        Ok(())
    }
}

/// Tells the metrics how much memory there is for keys.
#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
pub(super) fn tell() {
    let arena = ARENA.lock().unwrap_or_else(PoisonError::into_inner);
    for (is_locked, bytes) in [("yes", arena.locked_bytes), ("no", arena.unlocked_bytes)] {
        gauge!("untxt_key_memory_bytes", "locked" => is_locked).set(bytes as f64);
    }
}

/// Takes the memory for keys that a process begins with, and says whether it is locked.
///
/// # Errors
/// [`CryptoError::Memory`] when the system has no memory that can be left out of core files.
pub fn prepare_key_memory() -> Result<bool, CryptoError> {
    pages::raise_limit();
    let mut arena = ARENA.lock().unwrap_or_else(PoisonError::into_inner);
    while arena.locked_bytes + arena.unlocked_bytes < AT_START {
        arena.grow()?;
    }
    Ok(arena.unlocked_bytes == 0)
}
