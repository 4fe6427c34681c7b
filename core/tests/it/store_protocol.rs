//! What the store answers to requests that our own client never makes.

use std::time::Duration;

use aws_sdk_s3::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::create_multipart_upload::CreateMultipartUploadOutput,
    presigning::PresigningConfig,
    primitives::ByteStream,
    types::{CompletedMultipartUpload, CompletedPart},
};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use untxt_core::{
    domain::DocumentId,
    storage::{Listing, ObjectKey, ObjectStore},
};

use crate::{
    raw,
    site::{BUCKET, Site, StoreProcess, client as client_of, section},
};

fn start() -> (Site, StoreProcess, Client) {
    let site = Site::new();
    let process = StoreProcess::start(&site);
    let client = raw::s3(&section(&site, process.address), site.client_tls());
    (site, process, client)
}

fn code<T, E: ProvideErrorMetadata, R>(answer: Result<T, SdkError<E, R>>) -> String {
    match answer {
        Ok(_) => "no error".to_owned(),
        Err(SdkError::ServiceError(error)) => error.err().code().unwrap_or("no code").to_owned(),
        Err(SdkError::DispatchFailure(error)) => format!("no answer: {error:?}"),
        Err(_) => "no good answer".to_owned(),
    }
}

async fn put(client: &Client, key: &str, bytes: &'static [u8]) {
    client.put_object().bucket(BUCKET).key(key).body(ByteStream::from_static(bytes)).send().await.expect("stored");
}

async fn keys(client: &Client, prefix: &str) -> Vec<String> {
    let pages = client.list_objects_v2().bucket(BUCKET).prefix(prefix).max_keys(2).into_paginator().send();
    let pages = pages.try_collect().await.expect("listed");
    pages.iter().flat_map(|page| page.contents()).filter_map(|object| object.key().map(str::to_owned)).collect()
}

#[tokio::test]
async fn listings_are_paged_in_order_and_follow_changes() {
    let (site, process, client) = start();
    assert!(keys(&client, "").await.is_empty());
    for key in ["a/1", "a/2", "a/3", "a/4", "a/5", "b/1"] {
        put(&client, key, b"x").await;
    }
    assert_eq!(keys(&client, "a/").await, ["a/1", "a/2", "a/3", "a/4", "a/5"]);
    client.delete_object().bucket(BUCKET).key("a/2").send().await.expect("deleted");
    client.delete_object().bucket(BUCKET).key("a/2").send().await.expect("gone counts as deleted");
    put(&client, "a/0", b"x").await;
    assert_eq!(keys(&client, "").await, ["a/0", "a/1", "a/3", "a/4", "a/5", "b/1"]);
    assert!(keys(&client, "c").await.is_empty());

    process.kill();
    let process = StoreProcess::start(&site);
    let client = raw::s3(&section(&site, process.address), site.client_tls());
    assert_eq!(keys(&client, "").await, ["a/0", "a/1", "a/3", "a/4", "a/5", "b/1"], "after a restart");
}

#[tokio::test]
async fn keys_that_look_like_paths_and_other_buckets_are_refused() {
    let (site, _process, client) = start();
    for key in ["../x", "x/../../etc/p", "a/./b", "a//b", "/a", "a/", "..", "a\u{1}b", &"k".repeat(1025)] {
        let answer = client.put_object().bucket(BUCKET).key(key).body(ByteStream::from_static(b"x")).send().await;
        assert!(["InvalidArgument", "KeyTooLongError"].contains(&code(answer).as_str()), "{key:?}");
    }
    let names = std::fs::read_dir(site.path(".")).expect("a folder").count();
    assert_eq!(names, 3, "certificates, settings and the store's folder");
    let other = client.put_object().bucket("another").key("k").body(ByteStream::from_static(b"x")).send().await;
    assert_eq!(code(other), "NoSuchBucket");
    assert_eq!(code(client.list_objects_v2().bucket("another").send().await), "NoSuchBucket");
    assert_eq!(code(client.list_buckets().send().await), "NotImplemented");
    assert_eq!(code(client.delete_bucket().bucket(BUCKET).send().await), "NotImplemented");
    let copy = client.copy_object().bucket(BUCKET).key("k").copy_source(format!("{BUCKET}/../k")).send().await;
    assert!(["NotImplemented", "InvalidArgument", "InvalidRequest"].contains(&code(copy).as_str()));
}

#[tokio::test]
async fn bytes_that_are_not_what_was_promised_are_refused() {
    let (site, _process, client) = start();
    let request = || client.put_object().bucket(BUCKET).key("k").body(ByteStream::from_static(b"bytes"));
    assert_eq!(code(request().checksum_crc32("AAAAAA==").send().await), "BadDigest");
    assert_eq!(code(request().content_md5("AAAAAAAAAAAAAAAAAAAAAA==").send().await), "BadDigest");
    assert_eq!(code(client.head_object().bucket(BUCKET).key("k").send().await), "NotFound");
    request().content_md5("SzpiGLs+OnMD6KFxpg/Pkg==").send().await.expect("the right digest");
    for algorithm in ["CRC32", "CRC32C", "SHA1", "SHA256", "CRC64NVME"] {
        request().checksum_algorithm(algorithm.into()).send().await.expect(algorithm);
    }
    // From a file: sent in chunks, with the checksum behind the bytes.
    let file = site.path("streamed");
    std::fs::write(&file, vec![7; 3_000_000]).expect("written");
    let body = ByteStream::read_from().path(&file).build().await.expect("a body");
    client.put_object().bucket(BUCKET).key("streamed").body(body).send().await.expect("stored");
    let head = client.head_object().bucket(BUCKET).key("streamed").send().await.expect("there");
    assert_eq!(head.content_length(), Some(3_000_000));
}

#[tokio::test]
async fn what_the_store_cannot_do_is_said_and_not_ignored() {
    let (_site, _process, client) = start();
    let request = || client.put_object().bucket(BUCKET).key("k").body(ByteStream::from_static(b"bytes"));
    request().if_none_match("*").send().await.expect("not there yet");
    assert_eq!(code(request().if_none_match("*").send().await), "PreconditionFailed");
    assert_eq!(code(request().if_match("\"x\"").send().await), "NotImplemented");
    let encrypted = request().server_side_encryption(aws_sdk_s3::types::ServerSideEncryption::Aes256);
    assert_eq!(code(encrypted.send().await), "NotImplemented");
    let beyond = client.get_object().bucket(BUCKET).key("k").range("bytes=5-9").send().await;
    assert_eq!(code(beyond), "InvalidRange");
    let tail = client.get_object().bucket(BUCKET).key("k").range("bytes=-2").send().await.expect("found");
    assert_eq!(tail.content_range(), Some("bytes 3-4/5"));
    assert_eq!(tail.body.collect().await.expect("read").into_bytes().as_ref(), b"es");
}

#[tokio::test]
async fn only_signed_headers_open_the_store() {
    let (site, process, client) = start();
    put(&client, "k", b"secret").await;
    let valid = PresigningConfig::expires_in(Duration::from_secs(60)).expect("valid");
    let presigned = client.get_object().bucket(BUCKET).key("k").presigned(valid).await.expect("signed");
    let plain = format!("https://localhost:{}/{BUCKET}/k", process.address.port());
    let https = raw::https::<Full<Bytes>>(site.client_tls());
    for uri in [presigned.uri(), &plain] {
        let answer = https.get(uri.parse().expect("an address")).await.expect("an answer");
        assert_eq!(answer.status(), 403);
        let body = answer.into_body().collect().await.expect("a body").to_bytes();
        assert!(!body.windows(6).any(|window| window == b"secret"));
    }
}

#[tokio::test]
async fn parts_are_joined_as_asked_or_not_at_all() {
    const LARGE: usize = 5 << 20;
    let (_site, _process, client) = start();
    let begun = client.create_multipart_upload().bucket(BUCKET).key("k").send().await.expect("begun");
    let id = begun.upload_id().expect("an id").to_owned();
    let mut parts = Vec::new();
    for (number, byte, length) in [(1, 1_u8, LARGE), (2, 2, 100), (7, 3, 50)] {
        let request = client.upload_part().bucket(BUCKET).key("k").upload_id(&id).part_number(number);
        let sent = request.body(vec![byte; length].into()).send().await.expect("sent");
        parts.push(CompletedPart::builder().part_number(number).e_tag(sent.e_tag().expect("a tag")).build());
    }
    let listed = client.list_parts().bucket(BUCKET).key("k").upload_id(&id).send().await.expect("listed");
    assert_eq!(listed.parts().iter().filter_map(aws_sdk_s3::types::Part::part_number).collect::<Vec<_>>(), [1, 2, 7]);
    let uploads = client.list_multipart_uploads().bucket(BUCKET).send().await.expect("listed");
    assert_eq!(uploads.uploads().len(), 1);

    let complete = |parts: Vec<CompletedPart>| {
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        client.complete_multipart_upload().bucket(BUCKET).key("k").upload_id(&id).multipart_upload(parts).send()
    };
    let changed = CompletedPart::builder().part_number(1).e_tag("\"00\"").build();
    let missing = CompletedPart::builder().part_number(3).e_tag("\"00\"").build();
    assert_eq!(code(complete(vec![parts[1].clone(), parts[0].clone()]).await), "InvalidPartOrder");
    assert_eq!(code(complete(vec![changed]).await), "InvalidPart");
    assert_eq!(code(complete(vec![parts[0].clone(), missing]).await), "InvalidPart");
    assert_eq!(code(complete(parts.clone()).await), "EntityTooSmall");
    assert_eq!(code(client.head_object().bucket(BUCKET).key("k").send().await), "NotFound");

    let wanted = vec![parts[0].clone(), parts[2].clone()];
    let first = complete(wanted.clone()).await.expect("completed");
    let again = complete(wanted).await.expect("a lost answer is given again");
    assert_eq!(first.e_tag(), again.e_tag());
    let found = client.get_object().bucket(BUCKET).key("k").send().await.expect("found");
    let bytes = found.body.collect().await.expect("read").into_bytes();
    assert!(bytes[..LARGE].iter().all(|byte| *byte == 1) && bytes[LARGE..] == [3; 50]);
    let abort = client.abort_multipart_upload().bucket(BUCKET).key("k").upload_id(&id).send().await;
    assert_eq!(code(abort), "NoSuchUpload");
    let elsewhere = client.upload_part().bucket(BUCKET).key("k").upload_id("../../objects").part_number(1);
    assert_eq!(code(elsewhere.body(vec![1].into()).send().await), "NoSuchUpload");
}

#[tokio::test]
async fn uploads_are_listed_by_prefix_part_by_part() {
    let (_site, _process, client) = start();
    let mut begun = Vec::new();
    for key in ["a/1", "b/1", "b/1", "b/2", "c/1"] {
        let upload = client.create_multipart_upload().bucket(BUCKET).key(key).send().await.expect("begun");
        begun.push((key.to_owned(), upload.upload_id().expect("an id").to_owned()));
    }
    begun.sort();
    let (mut found, mut after) = (Vec::new(), (None, None));
    loop {
        let request = client.list_multipart_uploads().bucket(BUCKET).prefix("b/").max_uploads(1);
        let page = request.set_key_marker(after.0).set_upload_id_marker(after.1).send().await.expect("listed");
        assert_eq!(page.uploads().len(), 1);
        found.extend(
            page.uploads()
                .iter()
                .map(|upload| (upload.key().expect("a key").to_owned(), upload.upload_id().expect("an id").to_owned())),
        );
        if page.is_truncated() != Some(true) {
            break;
        }
        after = (page.next_key_marker, page.next_upload_id_marker);
    }
    assert_eq!(found, begun[1..4]);
    // A key alone skips all that have it.
    let rest = client.list_multipart_uploads().bucket(BUCKET).key_marker("b/1").send().await.expect("listed");
    assert_eq!(rest.uploads().iter().filter_map(|upload| upload.key()).collect::<Vec<_>>(), ["b/2", "c/1"]);
}

#[tokio::test]
async fn uploads_left_open_for_a_document_end_and_no_others() {
    let (site, process, client) = start();
    let store = client_of(&site, process.address);
    let (document, other) = (DocumentId::generate(), DocumentId::generate());
    for key in [ObjectKey::Original(document), ObjectKey::Original(document), ObjectKey::Original(other)] {
        let begin = client.create_multipart_upload().bucket(BUCKET).key(key.to_string()).send().await.expect("begun");
        let (id, part) = (begun_id(&begin), ByteStream::from_static(b"x"));
        let sent = client.upload_part().bucket(BUCKET).key(key.to_string()).upload_id(id).part_number(1).body(part);
        sent.send().await.expect("sent");
    }
    assert_eq!(store.list_document(document, None).await.expect("listed"), Listing::default(), "no object shows them");
    assert_eq!(store.abort_uploads(document).await.expect("ended"), 2);
    assert_eq!(store.abort_uploads(document).await.expect("asked"), 0);
    let left = client.list_multipart_uploads().bucket(BUCKET).send().await.expect("listed");
    let left: Vec<_> = left.uploads().iter().filter_map(|upload| upload.key()).collect();
    assert_eq!(left, [ObjectKey::Original(other).to_string()]);
    let parts = std::fs::read_dir(site.path("objects/uploads")).expect("a folder").count();
    assert_eq!(parts, 1, "their parts are gone from the disk");
}

fn begun_id(begun: &CreateMultipartUploadOutput) -> String {
    begun.upload_id().expect("an id").to_owned()
}

#[tokio::test]
async fn receipts_are_listed_apart_from_documents() {
    let (site, process, _client) = start();
    let store = client_of(&site, process.address);
    let document = DocumentId::generate();
    for key in [ObjectKey::Receipt(document), ObjectKey::Original(document)] {
        let bytes = futures::stream::iter([Ok(Bytes::from_static(b"{}"))]);
        store.put(&key, Box::pin(bytes)).await.expect("stored");
    }
    let keys = |listing: Listing| listing.objects.into_iter().map(|object| object.key).collect::<Vec<_>>();
    assert_eq!(keys(store.list_receipts(None).await.expect("listed")), [ObjectKey::Receipt(document)]);
    assert_eq!(keys(store.list(None).await.expect("listed")), [ObjectKey::Original(document)]);
    assert_eq!(keys(store.list_document(document, None).await.expect("listed")), [ObjectKey::Original(document)]);
}
