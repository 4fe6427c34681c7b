//! Measures sealing and opening on one core; `bench/crypto` puts it beside others. Prints `name value` in the units that
//! stand in the names, medians of the rounds.
#![expect(clippy::print_stdout, reason = "its output is what it is for")]
#![expect(clippy::expect_used, reason = "a benchmark that can't go on ends with its reason")]

use std::{hint::black_box, sync::Arc, time::Instant};

use untxt_core::{
    crypto::{DocumentKey, KeyRing, Kms, LocalKms, OwnerKey},
    domain::{DocumentId, OwnerId, PageContent, PageNumber, TaskId},
    storage::ObjectKey,
};

const ROUNDS: usize = 7;
/// Of a file, for each round.
const FILE_BYTES: usize = 512 << 20;
/// What a network gives at once.
const PIECE_BYTES: usize = 64 << 10;
/// Of values and keys, for each round.
const TIMES: u32 = 2000;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("root.key");
    LocalKms::create(&root).expect("a root key");
    let kms: Arc<dyn Kms> = Arc::new(LocalKms::open(&root).expect("the root key"));
    let ring = KeyRing::new([kms]);
    let owner = OwnerId::generate();
    let stored = ring.create_owner_key(owner).await.expect("made");
    let owner_key = ring.open_owner_key(&stored).await.expect("opened");
    let (key, _) = owner_key.create_document_key(DocumentId::generate()).expect("made");

    measure_files(&key, owner);
    for kibibytes in [1, 16, 256] {
        measure_values(&key, owner, kibibytes);
    }
    measure_keys(&owner_key);
    let begin = Instant::now();
    for _ in 0..TIMES {
        black_box(ring.create_owner_key(OwnerId::generate()).await.expect("made"));
    }
    println!("owner_key_us {:.2}", begin.elapsed().as_secs_f64() * 1e6 / f64::from(TIMES));
}

fn measure_files(key: &DocumentKey, owner: OwnerId) {
    let object = ObjectKey::Original(DocumentId::generate());
    let piece = vec![7; PIECE_BYTES];
    let before = peak_kib();
    let seal = || {
        let mut sealer = key.sealer_for(owner, &object).expect("a sealer");
        for _ in 0..FILE_BYTES / PIECE_BYTES {
            black_box(sealer.update(&piece).expect("sealed"));
        }
        black_box(sealer.finish().expect("sealed"));
    };
    report("seal_gb_per_s", FILE_BYTES, seal);
    println!("seal_kib {}", peak_kib() - before);

    // A whole file in memory would hide what opening takes, so a short one is opened many times.
    let mut sealer = key.sealer_for(owner, &object).expect("a sealer");
    let clear = vec![7; 16 << 20];
    let mut sealed = sealer.update(&clear).expect("sealed").to_vec();
    sealed.extend_from_slice(&sealer.finish().expect("sealed"));
    let before = peak_kib();
    let open = || {
        for _ in 0..FILE_BYTES / clear.len() {
            let mut opener = key.opener_for(owner, &object);
            for piece in sealed.chunks(PIECE_BYTES) {
                black_box(opener.update(piece).expect("opened"));
            }
            black_box(opener.finish().expect("opened"));
        }
    };
    report("open_gb_per_s", FILE_BYTES, open);
    println!("open_kib {}", peak_kib() - before);
}

fn report(name: &str, bytes: usize, work: impl Fn()) {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    let gigabytes = bytes as f64 / 1e9;
    println!("{name} {:.2}", gigabytes / median(work));
}

/// Seals and opens what was read from a page as it is stored: a JSON value of some KiB.
fn measure_values(key: &DocumentKey, owner: OwnerId, kibibytes: u32) {
    let text = "Patient 12345. ".repeat(kibibytes as usize * 1024 / 15);
    let content = PageContent { text, ..PageContent::default() };
    let (task, page) = (TaskId::generate(), PageNumber::from_index(0));
    let sealed = key.seal_page(owner, task, page, &content).expect("sealed");
    let per_kib = |seconds: f64| seconds * 1e6 / f64::from(TIMES) / f64::from(kibibytes);
    let seal = median(|| {
        for _ in 0..TIMES {
            black_box(key.seal_page(owner, task, page, &content).expect("sealed"));
        }
    });
    println!("seal_value_of_{kibibytes}_kib_us_per_kib {:.2}", per_kib(seal));
    let open = median(|| {
        for _ in 0..TIMES {
            black_box(key.open_page(owner, task, page, &sealed).expect("opened"));
        }
    });
    println!("open_value_of_{kibibytes}_kib_us_per_kib {:.2}", per_kib(open));
}

fn measure_keys(owner_key: &OwnerKey) {
    let document = DocumentId::generate();
    let made = median(|| {
        for _ in 0..TIMES {
            black_box(owner_key.create_document_key(document).expect("made"));
        }
    });
    println!("document_key_us {:.2}", made * 1e6 / f64::from(TIMES));
    let (_, wrapped) = owner_key.create_document_key(document).expect("made");
    let opened = median(|| {
        for _ in 0..TIMES {
            black_box(owner_key.open_document_key(document, &wrapped).expect("opened"));
        }
    });
    println!("open_document_key_us {:.2}", opened * 1e6 / f64::from(TIMES));
}

/// Gives the median seconds of the rounds.
fn median(work: impl Fn()) -> f64 {
    let mut seconds: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let begin = Instant::now();
            work();
            begin.elapsed().as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    seconds[ROUNDS / 2]
}

/// Gives the most memory that this process has had, in KiB.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("a Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    line.trim().trim_end_matches(" kB").trim().parse().expect("a number")
}
