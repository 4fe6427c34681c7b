#![no_main]

use libfuzzer_sys::fuzz_target;
use untxt_fuzz::decode;

fuzz_target!(|data: &[u8]| decode(data));
