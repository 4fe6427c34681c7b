//! What somebody put into the queue: known and the same when written again, or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use untxt_core::queue::QueueEntry;

fuzz_target!(|data: &[u8]| {
    let Ok(entry) = serde_json::from_slice::<QueueEntry>(data) else { return };
    let written = serde_json::to_vec(&entry).expect("an entry can be written");
    assert_eq!(serde_json::from_slice::<QueueEntry>(&written).ok(), Some(entry));
});
