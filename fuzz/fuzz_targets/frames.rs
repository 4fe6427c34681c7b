//! What a hostile reader says to the worker, and what a mad worker would say to its reader.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| untxt_worker::sandbox::hear(data));
