//! Documents that come to their end: objects go, late ones too, and only then a receipt says so.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use bytes::Bytes;
use untxt_core::{
    domain::{DocumentId, ShredReason},
    receipts::{Shred, Signed, SigningKey},
    storage::ObjectKey,
};

use crate::{
    house::{House, Upload},
    pages::tiff_of,
};

async fn wait_for(house: &House, sql: &str) {
    let begin = Instant::now();
    while house.postgres.superuser_psql(&format!("select {sql}")) != "t" {
        assert!(begin.elapsed() < Duration::from_secs(180), "still waiting for {sql}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Waits until the line of a document has a receipt, and gives what that says.
async fn receipt(house: &House, document: DocumentId) -> Shred {
    wait_for(house, &format!("count(receipt) = 1 from shreds where document_id = '{document}'")).await;
    let key = house.signing_key.as_ref().expect("a key").public();
    let signed = house.find_shred(document).await.expect("the line").signed.expect("the receipt");
    signed.verify(&[key]).expect("a good signature")
}

/// Reads a document of one page, without a worker at the end.
async fn read(house: &House) -> Upload {
    let upload = house.upload(tiff_of(&[40])).await;
    let worker = house.worker().await;
    house.end_of(upload.task).await;
    worker.stop().await;
    upload
}

fn key() -> Option<Arc<SigningKey>> {
    Some(Arc::new(SigningKey::generate().expect("a key")))
}

#[tokio::test]
async fn what_a_deletion_left_in_the_store_goes_although_everything_broke_off_between() {
    let mut house = House::build().await;
    let (upload, other) = (read(&house).await, read(&house).await);
    house.signing_key = key();
    let before = house.objects.count();
    // Whoever deleted it is gone before any object is.
    house.shred(upload.document).await;
    house.objects.is_away.store(true, Ordering::SeqCst);
    let worker = house.worker().await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(house.find_shred(upload.document).await.expect("the line").signed, None, "nobody has seen the store");
    house.objects.is_away.store(false, Ordering::SeqCst);
    let said = receipt(&house, upload.document).await;
    worker.stop().await;
    assert_eq!((said.document, said.reason, said.objects), (upload.document, ShredReason::Person, Some(3)));
    assert_eq!(house.objects.count(), before - 3, "the other document keeps its own");
    assert!(house.objects.sealed(&ObjectKey::Original(other.document)).is_some());
}

#[tokio::test]
async fn a_receipt_is_in_the_bucket_before_the_database_says_so_and_the_clean_up_leaves_it() {
    let mut house = House::build().await;
    house.signing_key = key();
    let upload = read(&house).await;
    assert_ne!(house.postgres.superuser_psql("select count(*) from search_tokens"), "0");
    house.shred(upload.document).await;
    let worker = house.worker().await;
    let said = receipt(&house, upload.document).await;
    let tokens = house
        .postgres
        .superuser_psql("select (select count(*) from search_tokens) + (select count(*) from search_tokens_left)");
    assert_eq!(tokens, "0", "the list of tokens keeps none");
    let at = ObjectKey::Receipt(upload.document);
    let line = house.objects.sealed(&at).expect("the receipt in the bucket");
    let signed = said.signed.as_ref().and_then(Signed::to_line).expect("a line");
    assert_eq!(line, signed, "the same one");
    // One that is not there is put again, as after an import or of an earlier version.
    house.objects.change(&at, None);
    let _ = house.postgres.superuser_psql("update shreds set receipt_stored_at = null");
    wait_for(&house, "receipt_stored_at is not null from shreds").await;
    assert_eq!(house.objects.sealed(&at), Some(line));
    worker.stop().await;
}

#[tokio::test]
async fn while_the_bucket_takes_no_receipt_none_is_signed() {
    let mut house = House::build().await;
    let upload = read(&house).await;
    house.shred(upload.document).await;
    let worker = house.worker().await;
    wait_for(&house, "objects_removed_at is not null from shreds").await;
    worker.stop().await;
    house.signing_key = key();
    house.objects.takes_no_receipt.store(true, Ordering::SeqCst);
    let worker = house.worker().await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(house.find_shred(upload.document).await.expect("the line").signed, None);
    house.objects.takes_no_receipt.store(false, Ordering::SeqCst);
    receipt(&house, upload.document).await;
    worker.stop().await;
    assert!(house.objects.sealed(&ObjectKey::Receipt(upload.document)).is_some());
}

#[tokio::test]
async fn uploads_in_parts_that_were_left_open_end_before_the_receipt_is_signed() {
    let mut house = House::build().await;
    house.signing_key = key();
    let (upload, other) = (read(&house).await, read(&house).await);
    house.objects.uploads.lock().expect("the uploads").extend([upload.document, upload.document, other.document]);
    house.shred(upload.document).await;
    let worker = house.worker().await;
    wait_for(&house, "objects = 3 and next_look_at > now() + interval '3 seconds' from shreds").await;
    assert_eq!(*house.objects.uploads.lock().expect("the uploads"), [other.document]);
    assert_eq!(house.find_shred(upload.document).await.expect("the line").signed, None, "it is looked at once more");
    assert_eq!(receipt(&house, upload.document).await.objects, Some(3));
    worker.stop().await;
}

#[tokio::test]
async fn an_object_that_comes_late_goes_before_the_receipt_is_signed() {
    let mut house = House::build().await;
    house.signing_key = key();
    // Nobody has read it, so somebody may be about to.
    let upload = house.upload(tiff_of(&[40])).await;
    house.shred(upload.document).await;
    let worker = house.worker().await;
    wait_for(&house, "objects = 1 and objects_removed_at is not null from shreds").await;
    let late = ObjectKey::SearchablePdf(upload.document, upload.task, 1);
    house.objects.change(&late, Some(Bytes::from_static(b"sealed")));
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(house.find_shred(upload.document).await.expect("the line").signed, None, "it is not quiet yet");
    let _ = house.postgres.superuser_psql("update shreds set quiet_at = now()");
    let said = receipt(&house, upload.document).await;
    worker.stop().await;
    assert_eq!((said.objects, house.objects.sealed(&late)), (Some(2), None));
    assert!(said.objects_removed_at > Some(said.shredded_at));
}

#[tokio::test]
async fn in_a_bucket_of_somebody_else_nothing_is_removed_and_nothing_signed() {
    let mut house = House::build().await;
    let (upload, first) = (read(&house).await, read(&house).await);
    house.signing_key = key();
    house.shred(first.document).await;
    let worker = house.worker().await;
    let _ = receipt(&house, first.document).await;
    let ours = house.objects.sealed(&ObjectKey::Installation).expect("claimed");
    house.objects.change(&ObjectKey::Installation, Some(Bytes::from_static(b"another one")));
    let before = house.objects.count();
    house.shred(upload.document).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let line = house.find_shred(upload.document).await.expect("the line");
    assert_eq!((line.objects, line.signed, house.objects.count()), (None, None, before));
    house.objects.change(&ObjectKey::Installation, Some(ours));
    assert_eq!(receipt(&house, upload.document).await.objects, Some(3));
    worker.stop().await;
}

#[tokio::test]
async fn what_was_never_found_is_not_signed_for_unless_somebody_explains_it() {
    let mut house = House::build().await;
    let upload = read(&house).await;
    house.signing_key = key();
    // As a bucket is that was made anew under the same name.
    house.objects.forget(upload.document);
    house.shred(upload.document).await;
    let worker = house.worker().await;
    wait_for(&house, "next_look_at > now() + interval '5 minutes' from shreds").await;
    let line = house.find_shred(upload.document).await.expect("the line");
    assert_eq!((line.objects, line.objects_removed_at, line.signed), (None, None, None));
    let _ = house.postgres.superuser_psql("update shreds set objects = 0, next_look_at = now()");
    assert_eq!(receipt(&house, upload.document).await.objects, Some(0));
    worker.stop().await;
}

#[tokio::test]
async fn without_a_key_documents_go_all_the_same_and_receipts_wait_for_one() {
    let mut house = House::build().await;
    let upload = read(&house).await;
    house.shred(upload.document).await;
    let worker = house.worker().await;
    wait_for(&house, "objects_removed_at is not null and receipt is null from shreds").await;
    worker.stop().await;
    assert_eq!(house.objects.count(), 0);
    house.signing_key = key();
    let worker = house.worker().await;
    assert_eq!(receipt(&house, upload.document).await.objects, Some(3));
    worker.stop().await;
}

#[tokio::test]
async fn what_is_there_keeps_its_objects_whatever_a_line_says() {
    let mut house = House::build().await;
    house.signing_key = key();
    let (there, gone) = (read(&house).await, read(&house).await);
    let before = house.objects.count();
    let _ = house.postgres.superuser_psql(
        "set session_replication_role = replica;
        insert into shreds (document_id, owner_id, reason, requested_at, quiet_at)
        select id, owner_id, 'person', now(), now() from documents order by id limit 1",
    );
    house.shred(gone.document).await;
    let worker = house.worker().await;
    receipt(&house, gone.document).await;
    worker.stop().await;
    assert_eq!(house.objects.count(), before - 3, "those of the other one alone are gone");
    assert_eq!(house.find_shred(there.document).await.expect("the line").signed, None);
}

#[tokio::test]
async fn documents_that_cannot_go_do_not_keep_younger_ones_from_the_trash() {
    let house = House::build().await;
    let upload = read(&house).await;
    let folder = uuid::Uuid::now_v7();
    // Older ones without a task, which nothing can be done with: more than are listed at once.
    let _ = house.postgres.superuser_psql(&format!(
        "insert into folders (id, owner_id, name_sealed, colour, delete_days)
        select '{folder}', owner_id, '', '#000000', 30 from documents;
        update documents set folder_id = '{folder}', created_at = now() - interval '31 days';
        insert into documents
        select (jsonb_populate_record(d, jsonb_build_object(
            'id', gen_random_uuid(), 'created_at', now() - interval '40 days', 'idempotency_tag', null
        ))).*
        from documents d cross join generate_series(1, 120)"
    ));
    let worker = house.worker().await;
    let trashed = format!("trashed_at is not null from documents where id = '{}'", upload.document);
    wait_for(&house, &trashed).await;
    worker.stop().await;
    assert_eq!(house.postgres.superuser_psql("select count(*) from documents where trashed_at is null"), "120");
}

#[tokio::test]
async fn what_a_rule_lets_go_lies_in_the_trash_and_then_is_shredded() {
    let mut house = House::build().await;
    house.signing_key = key();
    let (old, young, elsewhere) = (read(&house).await, read(&house).await, read(&house).await);
    let folder = uuid::Uuid::now_v7();
    let _ = house.postgres.superuser_psql(&format!(
        "insert into folders (id, owner_id, name_sealed, colour, delete_days)
        select '{folder}', owner_id, '', '#000000', 30 from documents limit 1;
        update documents set folder_id = '{folder}' where id <> '{}';
        update documents set created_at = now() - interval '31 days' where id <> '{}'",
        elsewhere.document, young.document
    ));
    let worker = house.worker().await;
    let trashed = format!(
        "string_agg(id::text, ' ') = '{}' and min(trash_reason) = 'retention' from documents where trashed_at is not null",
        old.document
    );
    wait_for(&house, &trashed).await;
    let _ = house.postgres.superuser_psql(
        "update documents set trashed_at = now() - interval '2 days', shred_at = now() where trashed_at is not null",
    );
    let said = receipt(&house, old.document).await;
    worker.stop().await;
    assert_eq!((said.reason, said.requested_by), (ShredReason::Retention, None));
    assert_eq!(house.postgres.superuser_psql("select count(*) from documents"), "2");
}
