use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use secrecy::SecretString;
use untxt_core::{
    domain::{DocumentId, PageNumber, TaskId},
    lifecycle::Lifecycle,
    storage::{ByteStream, Listing, ObjectKey, ObjectStore, StorageError, server},
};

use crate::{
    raw,
    site::{Site, StoreProcess, client, client_with, free_port, load, section, serve_here, write_settings},
};

/// Not a test: the store's own process, started by [`StoreProcess::start`].
#[tokio::test(flavor = "multi_thread")]
#[ignore = "the body of the store's process"]
async fn run_store() {
    serve_here().await;
}

fn an_object() -> ObjectKey {
    ObjectKey::Original(DocumentId::generate())
}

fn some_bytes(length: usize) -> Vec<u8> {
    (0..length).map(|i| u8::try_from((i * 7 + i / 251) % 256).expect("a byte")).collect()
}

fn body(bytes: &[u8], piece: usize) -> ByteStream {
    let pieces: Vec<_> = bytes.chunks(piece).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    stream::iter(pieces).boxed()
}

async fn read(store: &impl ObjectStore, key: &ObjectKey, range: Option<std::ops::Range<u64>>) -> Vec<u8> {
    let pieces: Vec<Bytes> = store.get(key, range).await.expect("found").try_collect().await.expect("read");
    pieces.concat()
}

fn parts_left(site: &Site) -> usize {
    let count = |name: &str| std::fs::read_dir(site.path("objects").join(name)).expect("a folder").count();
    count("uploads") + count("temporary")
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !is_so() {
        assert!(Instant::now() < deadline, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn streams_that_must_not_be_asked_after_their_end_are_stored() {
    let site = Site::new();
    let process = StoreProcess::start(&site);
    let store = client(&site, process.address);
    const PART: usize = 8 << 20;
    for length in [PART - 1, PART, PART + 1, 2 * PART, 2 * PART + 1] {
        let (key, bytes) = (an_object(), Bytes::from(some_bytes(length)));
        // Unlike an iterator, this one panics when it is asked again.
        let pieces = stream::unfold(bytes.clone(), |mut rest| async {
            let piece = rest.split_to(rest.len().min(1 << 20));
            (!piece.is_empty()).then_some((Ok(piece), rest))
        });
        assert_eq!(store.put(&key, pieces.boxed()).await.expect("stored"), length as u64);
        assert!(read(&store, &key, None).await == bytes, "{length}");
    }
    assert_eq!(parts_left(&site), 0);
}

#[tokio::test]
async fn objects_of_every_size_come_back_whole_and_in_ranges() {
    let site = Site::new();
    let process = StoreProcess::start(&site);
    let store = client(&site, process.address);
    store.probe().await.expect("answers");
    const PART: usize = 8 << 20;
    for (length, piece) in [(0, 1), (1, 1), (100_000, 777), (PART, 1 << 20), (PART + 1, 999_983), (20 << 20, 17 << 20)]
    {
        let (key, bytes) = (an_object(), some_bytes(length));
        assert_eq!(store.put(&key, body(&bytes, piece)).await.expect("stored"), length as u64);
        assert!(read(&store, &key, None).await == bytes, "{length}");
        assert_eq!(store.length(&key).await.expect("there"), length as u64);
        if length > 1 {
            let (from, to) = (length / 3, length / 3 + length / 2);
            assert!(read(&store, &key, Some(from as u64..to as u64)).await == bytes[from..to], "{length}");
            assert!(read(&store, &key, Some(5..5)).await.is_empty());
            let end = length as u64;
            assert!(read(&store, &key, Some(end - 1..end + 9)).await == bytes[length - 1..], "as far as it goes");
            assert!(read(&store, &key, Some(end..end + 9)).await.is_empty(), "behind the end");
        }
    }
    assert_eq!(parts_left(&site), 0);
    assert!(matches!(store.length(&an_object()).await, Err(StorageError::NotFound)));
}

#[tokio::test]
async fn the_last_put_wins_and_deleted_objects_are_gone() {
    let site = Site::new();
    let process = StoreProcess::start(&site);
    let store = client(&site, process.address);
    let (document, task) = (DocumentId::generate(), TaskId::generate());
    let keys: Vec<_> =
        (0..1100).map(|index| ObjectKey::PageImage(document, task, PageNumber::from_index(index), 1)).collect();
    for key in &keys[..3] {
        store.put(key, body(b"first", 5)).await.expect("stored");
        store.put(key, body(b"second one", 3)).await.expect("stored");
        assert_eq!(read(&store, key, None).await, b"second one");
    }
    store.delete(&keys).await.expect("deleted, though most were never there");
    for key in &keys[..3] {
        assert!(matches!(store.get(key, None).await.err(), Some(StorageError::NotFound)));
    }
    store.delete(&[]).await.expect("nothing to do");
}

#[tokio::test]
async fn every_object_is_listed_once_with_its_age() {
    let site = Site::new();
    let process = StoreProcess::start(&site);
    let store = client(&site, process.address);
    assert_eq!(store.list(None).await.expect("listed"), Listing::default());
    let (document, task) = (DocumentId::generate(), TaskId::generate());
    let mut keys: Vec<_> =
        (0..1001).map(|index| ObjectKey::PageImage(document, task, PageNumber::from_index(index), 1)).collect();
    let stored: Vec<_> = stream::iter(&keys).map(|key| store.put(key, body(b"x", 1))).buffered(16).collect().await;
    assert!(stored.iter().all(Result::is_ok));
    let first = store.list(None).await.expect("listed");
    let rest = store.list(first.next.clone()).await.expect("listed");
    assert_eq!((first.objects.len(), rest.objects.len(), &rest.next), (1000, 1, &None));
    let objects = [first.objects, rest.objects].concat();
    let mut found: Vec<_> = objects.iter().map(|object| object.key).collect();
    keys.sort_by_key(ToString::to_string);
    found.sort_by_key(ToString::to_string);
    assert_eq!(found, keys);
    let now = untxt_core::clock::now().unix_timestamp();
    assert!(objects.iter().all(|object| object.stored_at.abs_diff(now) < 60));
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let site = Site::new();
    let process = StoreProcess::start(&site);
    let store = client(&site, process.address);
    for length in [1000, 20 << 20] {
        let key = an_object();
        let broken =
            body(&some_bytes(length), 1 << 20).chain(stream::once(async { Err(std::io::Error::other("gone")) }));
        assert!(matches!(store.put(&key, broken.boxed()).await, Err(StorageError::Interrupted(_))));
        assert!(matches!(store.get(&key, None).await.err(), Some(StorageError::NotFound)));
    }
    assert_eq!(parts_left(&site), 0);
}

#[tokio::test]
async fn an_upload_whose_caller_leaves_is_aborted() {
    let site = Site::new();
    let process = StoreProcess::start(&site);
    let store = client(&site, process.address);
    let key = an_object();
    let endless = body(&some_bytes(17 << 20), 1 << 20).chain(stream::pending());
    let left = tokio::time::timeout(Duration::from_secs(3), store.put(&key, endless.boxed())).await;
    assert!(left.is_err(), "the stream never ends");
    until("the parts are removed", || parts_left(&site) == 0).await;
}

#[tokio::test]
async fn a_killed_store_shows_no_half_object_and_goes_on() {
    let site = Site::new();
    let process = StoreProcess::start(&site);
    let store = client(&site, process.address);
    let whole = an_object();
    store.put(&whole, body(&some_bytes(9 << 20), 1 << 20)).await.expect("stored");

    let (small, large) = (an_object(), an_object());
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = |sent: &Arc<AtomicUsize>| {
        let sent = Arc::clone(sent);
        let pieces = body(&some_bytes(40 << 20), 1 << 20);
        pieces
            .inspect(move |_| {
                sent.fetch_add(1, Ordering::Relaxed);
            })
            .boxed()
    };
    let uploads = futures::future::join(store.put(&large, counted(&sent)), async {
        until("three parts are on their way", || sent.load(Ordering::Relaxed) >= 24).await;
        process.kill();
        store.put(&small, body(b"nobody listens", 5)).await
    });
    let (large_put, small_put) = uploads.await;
    assert!(matches!(large_put, Err(StorageError::Unavailable(_))), "{large_put:?}");
    assert!(matches!(small_put, Err(StorageError::Unavailable(_))), "{small_put:?}");

    let process = StoreProcess::start(&site);
    let store = client(&site, process.address);
    assert!(read(&store, &whole, None).await == some_bytes(9 << 20));
    for key in [&small, &large] {
        assert!(matches!(store.get(key, None).await.err(), Some(StorageError::NotFound)));
    }
    assert_eq!(std::fs::read_dir(site.path("objects/temporary")).expect("a folder").count(), 0);
}

#[tokio::test]
async fn whoever_has_no_certificate_or_secret_stays_outside() {
    let site = Site::new();
    let process = StoreProcess::start(&site);
    let mut without_certificate = section(&site, process.address);
    (without_certificate.cert_path, without_certificate.key_path) = (None, None);
    assert!(matches!(client_with(&without_certificate).probe().await, Err(StorageError::Unavailable(_))));

    let mut wrong = section(&site, process.address);
    wrong.secret_access_key = SecretString::from("a guess");
    let store = client_with(&wrong);
    assert!(matches!(store.probe().await, Err(StorageError::Refused(_))));
    let put = store.put(&an_object(), body(b"x", 1)).await;
    assert!(matches!(&put, Err(StorageError::Refused(code)) if code == "SignatureDoesNotMatch"), "{put:?}");
    wrong.access_key_id = SecretString::from("nobody");
    let put = client_with(&wrong).put(&an_object(), body(b"x", 1)).await;
    assert!(matches!(&put, Err(StorageError::Refused(code)) if code == "InvalidAccessKeyId"), "{put:?}");

    let mut elsewhere = section(&site, process.address);
    elsewhere.bucket = "another".to_owned();
    let put = client_with(&elsewhere).put(&an_object(), body(b"x", 1)).await;
    assert!(matches!(&put, Err(StorageError::Refused(code)) if code == "NoSuchBucket"), "{put:?}");

    let answer = raw::plain_http(process.address);
    assert!(!answer.starts_with(b"HTTP"), "no answer in clear");
    let stranger = Site::new();
    let store = client_with(&section(&stranger, process.address));
    assert!(matches!(store.probe().await, Err(StorageError::Unavailable(_))), "another root");
}

#[tokio::test]
async fn plain_addresses_are_never_used() {
    let site = Site::new();
    let process = StoreProcess::start(&site);
    let mut plain = section(&site, process.address);
    plain.endpoint = Some(format!("http://localhost:{}", process.address.port()));
    let refused = client_with(&plain).probe().await;
    assert!(matches!(refused, Err(StorageError::Unavailable(_))), "{refused:?}");
}

#[tokio::test]
async fn a_store_that_is_down_is_said_so_within_seconds() {
    let site = Site::new();
    let store = client(&site, SocketAddr::from(([127, 0, 0, 1], free_port())));
    let begin = Instant::now();
    assert!(matches!(store.put(&an_object(), body(b"x", 1)).await, Err(StorageError::Unavailable(_))));
    assert!(matches!(store.get(&an_object(), None).await.err(), Some(StorageError::Unavailable(_))));
    assert!(matches!(store.probe().await, Err(StorageError::Unavailable(_))));
    assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn trouble_at_start_is_one_sentence() {
    let site = Site::new();
    let process = StoreProcess::start(&site);
    let settings = load(&site.path("untxt.toml"));
    let refusal = server::serve(&settings, &Lifecycle::default()).await.expect_err("the folder is taken").to_string();
    assert!(refusal.contains("another store is running"), "{refusal}");

    let other = Site::new();
    let settings = load(&write_settings(&other, process.address));
    let refusal = server::serve(&settings, &Lifecycle::default()).await.expect_err("the port is taken").to_string();
    assert!(refusal.contains("another program uses it"), "{refusal}");

    std::fs::write(other.path("objects/format"), "untxt store, version 9\n").expect("written");
    let refusal = server::serve(&settings, &Lifecycle::default()).await.expect_err("too new").to_string();
    assert!(refusal.contains("another version"), "{refusal}");
    std::fs::remove_dir_all(other.path("objects")).expect("removed");
    std::fs::write(other.path("objects"), "a file").expect("written");
    let refusal = server::serve(&settings, &Lifecycle::default()).await.expect_err("no folder").to_string();
    assert!(refusal.contains("can't use its folder"), "{refusal}");
}

#[tokio::test]
async fn a_store_stops_when_its_lifecycle_does() {
    let site = Site::new();
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let settings = load(&write_settings(&site, address));
    let lifecycle = Lifecycle::default();
    let (runner, store) = (lifecycle.clone(), client(&site, address));
    let served = lifecycle.spawn(async move { server::serve(&settings, &runner).await });
    while store.probe().await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (key, bytes) = (an_object(), some_bytes(7 << 20));
    store.put(&key, body(&bytes, 1 << 20)).await.expect("stored");
    let mut reading = store.get(&key, None).await.expect("found");
    let first = reading.try_next().await.expect("read").expect("a piece");
    lifecycle.stop();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let rest: Vec<Bytes> = reading.try_collect().await.expect("what runs is finished");
    assert!([&[first], &*rest].concat().concat() == bytes);
    served.await.expect("no panic").expect("served");
    assert!(lifecycle.wait(Duration::from_secs(3)).await);
    assert!(store.probe().await.is_err());
}

#[tokio::test]
async fn connections_that_say_nothing_hold_up_nobody() {
    let site = Site::new();
    let process = StoreProcess::start(&site);
    let silent: Vec<_> = (0..50).map(|_| std::net::TcpStream::connect(process.address).expect("connected")).collect();
    let store = client(&site, process.address);
    let begin = Instant::now();
    store.put(&an_object(), body(b"x", 1)).await.expect("stored");
    assert!(begin.elapsed() < Duration::from_secs(10), "before they are shown the door");
    tokio::time::sleep(Duration::from_secs(11)).await;
    for mut stream in silent {
        stream.set_read_timeout(Some(Duration::from_secs(1))).expect("set");
        assert_eq!(std::io::Read::read(&mut stream, &mut [0; 1]).expect("closed, not silent"), 0);
    }
}
