//! Files in Tink's streaming format `AES256_GCM_HKDF_1MB`, sealed and opened piece by piece, whole or a part.
//!
//! `header | segment 0 | segment 1 | …`; header = `length (40) | salt (32) | nonce prefix (7)`; the key of the file is
//! HKDF-SHA-256(key, salt, info = associated data); a segment is 1 MiB of ciphertext with its tag (the first is
//! shorter by the header), nonce = `prefix | segment number (u32, big endian) | 1 for the last, else 0`.
//! It promises that nothing is given before its segment is verified, and at most two segments (2 MiB) in memory.

mod open;
mod part;
mod seal;
mod segments;
#[cfg(test)]
mod tests;

pub use open::StreamOpener;
pub use part::SealedFile;
pub use seal::StreamSealer;
