#![no_main]

use libfuzzer_sys::fuzz_target;
use untxt_fuzz::decode_as;

const MAGICS: [&[u8]; 4] = [b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM", b"RIFF"];

fuzz_target!(|data: (u8, &[u8])| decode_as(MAGICS[usize::from(data.0) % MAGICS.len()], data.1));
