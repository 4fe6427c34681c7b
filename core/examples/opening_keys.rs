//! What it costs to open an owner key: from the cache, and by the key file. Run with --release.
#![expect(clippy::expect_used, clippy::print_stdout, reason = "a measurement, run by hand")]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use untxt_core::{
    crypto::{KeyRing, Kms, LocalKms},
    domain::OwnerId,
};

const KEYS: usize = 1_000;
const ROUNDS: usize = 20;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("root.key");
    LocalKms::create(&path).expect("made");
    let kms: Arc<dyn Kms> = Arc::new(LocalKms::open(&path).expect("opened"));
    let ring = KeyRing::new([Arc::clone(&kms)]);
    let mut stored = Vec::new();
    for _ in 0..KEYS {
        stored.push(ring.create_owner_key(OwnerId::generate()).await.expect("made"));
    }
    let (mut cold, mut warm) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let ring = KeyRing::new([Arc::clone(&kms)]);
        for times in [&mut cold, &mut warm] {
            for key in &stored {
                let begun = Instant::now();
                ring.open_owner_key(key).await.expect("opened");
                times.push(begun.elapsed());
            }
        }
    }
    println!(
        "opened by the key file: {:?}; from the cache: {:?} (medians of {})",
        median(cold),
        median(warm),
        KEYS * ROUNDS
    );
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
