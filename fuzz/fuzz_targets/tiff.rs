#![no_main]

use libfuzzer_sys::fuzz_target;
use untxt_fuzz::decode_as;

fuzz_target!(|data: &[u8]| decode_as(b"II*\0", data));
