#![no_main]

use libfuzzer_sys::fuzz_target;
use untxt_fuzz::decode_as;

/// Both orders of bytes, and the same of big files.
const MAGICS: [&[u8]; 4] = [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"];

fuzz_target!(|data: (u8, &[u8])| decode_as(MAGICS[usize::from(data.0) % MAGICS.len()], data.1));
