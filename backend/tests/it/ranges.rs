//! Parts of stored files, as a client with an interrupted download or a PDF viewer asks for them.

use std::sync::atomic::Ordering;

use axum::body::Body;
use http::Method;
use untxt_core::{
    domain::{DocumentId, PageNumber, TaskId},
    storage::ObjectKey,
};

use crate::{
    app::{Answer, TestApp},
    people::{Person, pdf},
    worker::{Worker, seal_object},
};

/// Of the sealed file; the first one is shorter by the header.
const SEGMENT: usize = 1 << 20;

async fn get(app: &TestApp, person: &Person, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = person.request(Method::GET, path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    app.send(request.body(Body::empty()).expect("good")).await
}

#[tokio::test]
async fn a_part_is_what_the_whole_has_there() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let bytes = pdf((3 << 20) + 17);
    let answer = ada.upload(&app, "a.pdf", &bytes).await;
    let path = format!("{}/original", answer.header("location"));
    let whole = ada.get(&app, &path).await;
    assert_eq!((whole.header("accept-ranges"), whole.header("content-range")), ("bytes", ""));
    let (length, tag) = (bytes.len(), whole.header("etag"));
    assert!(tag.starts_with('"') && tag.ends_with('"'), "a strong one: {tag}");
    let edge = SEGMENT - 40 - 16;
    for (range, (from, to)) in [
        ("bytes=0-0".to_owned(), (0, 1)),
        ("bytes=10-99".to_owned(), (10, 100)),
        (format!("bytes={}-{}", edge - 1, edge), (edge - 1, edge + 1)),
        (format!("bytes={}-{}", edge - 3, edge + SEGMENT), (edge - 3, edge + SEGMENT + 1)),
        ("bytes=2000000-".to_owned(), (2_000_000, length)),
        ("bytes=-5".to_owned(), (length - 5, length)),
        ("bytes=-99999999".to_owned(), (0, length)),
        (format!("bytes={}-{}", length - 1, u64::MAX), (length - 1, length)),
    ] {
        let part = get(&app, &ada, &path, &[("range", &range)]).await;
        assert_eq!(part.status, 206, "{range}");
        assert!(part.body == bytes[from..to], "{range}");
        assert_eq!(part.header("content-range"), format!("bytes {from}-{}/{length}", to - 1));
        assert_eq!(part.header("content-length"), (to - from).to_string());
        assert_eq!((part.header("etag"), part.header("content-type")), (tag, "application/pdf"));
        assert_eq!(part.header("cache-control"), "no-store");
    }
    let before = app.objects.bytes_read.load(Ordering::SeqCst);
    get(&app, &ada, &path, &[("range", "bytes=2000000-2000009")]).await;
    let read = app.objects.bytes_read.load(Ordering::SeqCst) - before;
    assert!(read <= SEGMENT + 40, "its segment and the header are read, not {read} bytes");
}

#[tokio::test]
async fn what_is_no_part_is_refused_or_answered_whole() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.person("ada").await, app.person("eve").await);
    let bytes = pdf(3000);
    let answer = ada.upload(&app, "a.pdf", &bytes).await;
    let path = format!("{}/original", answer.header("location"));
    for range in ["bytes=3000-", "bytes=9999-10000", "bytes=-0"] {
        let refused = get(&app, &ada, &path, &[("range", range)]).await;
        refused.is_problem(416, "range_not_there");
        assert_eq!(refused.header("content-range"), "bytes */3000", "{range}");
    }
    for range in ["bytes=0-1,5-6", "bytes=2-1", "pages=1-2", "bytes=x-", "bytes"] {
        let whole = get(&app, &ada, &path, &[("range", range)]).await;
        assert_eq!((whole.status.as_u16(), whole.body == bytes), (200, true), "{range}");
        assert_eq!(whole.header("content-length"), "3000");
    }
    let tag = ada.get(&app, &path).await.header("etag").to_owned();
    let same = get(&app, &ada, &path, &[("range", "bytes=0-9"), ("if-range", &tag)]).await;
    assert_eq!((same.status.as_u16(), same.body.len()), (206, 10));
    for other in ["\"another\"", &format!("W/{tag}"), "Sun, 06 Nov 1994 08:49:37 GMT"] {
        let whole = get(&app, &ada, &path, &[("range", "bytes=0-9"), ("if-range", other)]).await;
        assert_eq!((whole.status.as_u16(), whole.body == bytes), (200, true), "{other}");
    }
    get(&app, &eve, &path, &[("range", "bytes=0-9")]).await.is_problem(404, "document_not_found");
    app.objects.is_down.store(true, Ordering::SeqCst);
    get(&app, &ada, &path, &[("range", "bytes=0-9")]).await.is_problem(503, "storage_unavailable");
}

#[tokio::test]
async fn a_part_is_verified_and_damage_elsewhere_does_not_touch_it() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let bytes = pdf(3 << 20);
    let answer = ada.upload(&app, "a.pdf", &bytes).await;
    let path = format!("{}/original", answer.header("location"));
    let id: DocumentId = answer.json()["id"].as_str().expect("an id").parse().expect("an id");
    let whole = app.objects.bytes(ObjectKey::Original(id));
    let damage = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut changed = whole.clone();
        change(&mut changed);
        app.objects.insert(ObjectKey::Original(id), changed);
    };
    let (second, end) = ([("range", "bytes=1500000-1500099")], [("range", "bytes=-100")]);
    damage(&|bytes| bytes[SEGMENT + 5] ^= 1);
    get(&app, &ada, &path, &second).await.is_problem(500, "damaged");
    let untouched = get(&app, &ada, &path, &end).await;
    assert!(
        (untouched.status, &untouched.body[..]) == (206.try_into().expect("a status"), &bytes[bytes.len() - 100..])
    );
    // The header belongs to every part.
    damage(&|bytes| bytes[20] ^= 1);
    for range in [&second, &end] {
        get(&app, &ada, &path, range).await.is_problem(500, "damaged");
    }
    // Cut off at a segment: what is now the end is no end.
    damage(&|bytes| bytes.truncate(2 * SEGMENT));
    get(&app, &ada, &path, &end).await.is_problem(500, "damaged");
    // Further on in a long part: it breaks off.
    damage(&|bytes| bytes[2 * SEGMENT + 5] ^= 1);
    let broken = get(&app, &ada, &path, &[("range", "bytes=1500000-2500000")]).await;
    assert_eq!((broken.status.as_u16(), broken.text()), (206, "(broken off)"));
    damage(&|bytes| bytes.truncate(30));
    get(&app, &ada, &path, &second).await.is_problem(500, "damaged");
}

#[tokio::test]
async fn pdfs_and_pictures_come_in_parts_too() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let answer = ada.upload(&app, "scan.pdf", &pdf(100)).await;
    let at = |path: &str| format!("{}/{path}", answer.header("location"));
    let task: TaskId = answer.json()["task"]["id"].as_str().expect("an id").parse().expect("an id");
    Worker::start(&app).await.read(&app, task, 2, &[]).await;
    let mut tags = Vec::new();
    for path in ["searchable.pdf", "pages/1/image", "pages/2/image"] {
        let whole = ada.get(&app, &at(path)).await;
        assert_eq!(whole.status, 200, "{path}");
        let part = get(&app, &ada, &at(path), &[("range", "bytes=2-4"), ("if-range", whole.header("etag"))]).await;
        assert_eq!((part.status.as_u16(), &part.body), (206, &whole.body.slice(2..5)), "{path}");
        tags.push(whole.header("etag").to_owned());
    }
    tags.dedup();
    assert_eq!(tags.len(), 3, "each has a tag of its own");
}

#[tokio::test]
async fn no_answer_repeats_what_the_store_says_of_a_length() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let bytes = pdf((2 << 20) + 17);
    let answer = ada.upload(&app, "scan.pdf", &bytes).await;
    let (id, at) = (answer.json()["id"].as_str().expect("an id").to_owned(), answer.header("location").to_owned());
    let (id, task): (DocumentId, TaskId) =
        (id.parse().expect("an id"), answer.json()["task"]["id"].as_str().expect("an id").parse().expect("an id"));
    let worker = Worker::start(&app).await;
    worker.read(&app, task, 1, &[]).await;
    // Longer than the simulated one.
    let (key, number) = (worker.document_key(ada.id.as_owner(), id).await, PageNumber::from_index(0));
    seal_object(&app, &key, ada.id.as_owner(), ObjectKey::PageImage(id, task, number, 1), &bytes);
    let sealed = app.objects.bytes(ObjectKey::Original(id)).len() as u64;
    let segment = SEGMENT as u64;
    for path in ["original", "pages/1/image"] {
        let path = format!("{at}/{path}");
        for lie in [sealed - 10, sealed + 10, sealed + segment, 2 * segment, 2 * segment + 16, 56, 10, 0] {
            *app.objects.claimed_bytes.lock().expect("a length") = Some(lie);
            for range in ["bytes=0-9", "bytes=-9", "bytes=1500000-", "bytes=2097165-", "bytes=99999999-"] {
                let refused = get(&app, &ada, &path, &[("range", range)]).await;
                refused.is_problem(500, "damaged");
                assert_eq!(refused.header("content-range"), "", "{path} {lie} {range}");
            }
        }
        *app.objects.claimed_bytes.lock().expect("a length") = None;
        let part = get(&app, &ada, &path, &[("range", "bytes=0-9")]).await;
        assert_eq!((part.status.as_u16(), &part.body[..]), (206, &bytes[..10]));
        assert_eq!(part.header("content-range"), format!("bytes 0-9/{}", bytes.len()));
        let refused = get(&app, &ada, &path, &[("range", "bytes=99999999-")]).await;
        assert_eq!(refused.header("content-range"), format!("bytes */{}", bytes.len()));
    }
}

#[tokio::test]
async fn a_store_that_gives_everything_is_not_read_to_its_end() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let answer = ada.upload(&app, "a.pdf", &pdf(3 << 20)).await;
    let path = format!("{}/original", answer.header("location"));
    app.objects.ignores_ranges.store(true, Ordering::SeqCst);
    let before = app.objects.bytes_read.load(Ordering::SeqCst);
    get(&app, &ada, &path, &[("range", "bytes=0-9")]).await.is_problem(500, "damaged");
    let read = app.objects.bytes_read.load(Ordering::SeqCst) - before;
    assert!(read <= 100_003, "one piece, and not {read} bytes");
}

#[tokio::test]
async fn whoever_asks_what_a_file_is_like_hears_of_all_of_it() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let answer = ada.upload(&app, "a.pdf", &pdf(3000)).await;
    let path = format!("{}/original", answer.header("location"));
    for range in ["bytes=0-9", "bytes=9999-"] {
        let request = ada.request(Method::HEAD, &path).header("range", range);
        let head = app.send(request.body(Body::empty()).expect("good")).await;
        assert_eq!((head.status.as_u16(), head.header("content-range"), head.body.len()), (200, "", 0), "{range}");
        assert_eq!((head.header("content-length"), head.header("accept-ranges")), ("3000", "bytes"));
    }
}
