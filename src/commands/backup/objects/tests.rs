use std::{
    fs,
    ops::Range,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use untxt_core::{domain::DocumentId, storage::Listing};

use super::*;

#[derive(Debug, Default)]
struct MemoryStore {
    objects: Mutex<HashMap<ObjectKey, Vec<u8>>>,
    puts: AtomicUsize,
}

#[async_trait]
impl ObjectStore for MemoryStore {
    async fn put(&self, key: &ObjectKey, body: ByteStream) -> Result<u64, StorageError> {
        let pieces: Vec<_> = body.try_collect().await.map_err(StorageError::Interrupted)?;
        let bytes = pieces.concat();
        let length = bytes.len() as u64;
        self.puts.fetch_add(1, Ordering::SeqCst);
        self.objects.lock().expect("objects").insert(*key, bytes);
        Ok(length)
    }

    async fn get(&self, key: &ObjectKey, _: Option<Range<u64>>) -> Result<ByteStream, StorageError> {
        let bytes = self.objects.lock().expect("objects").get(key).cloned().ok_or(StorageError::NotFound)?;
        Ok(stream::iter(bytes.chunks(100_003).map(|piece| Ok(piece.to_vec().into())).collect::<Vec<_>>()).boxed())
    }

    async fn length(&self, key: &ObjectKey) -> Result<u64, StorageError> {
        self.objects.lock().expect("objects").get(key).map(|bytes| bytes.len() as u64).ok_or(StorageError::NotFound)
    }

    async fn delete(&self, keys: &[ObjectKey]) -> Result<(), StorageError> {
        self.objects.lock().expect("objects").retain(|key, _| !keys.contains(key));
        Ok(())
    }

    async fn list(&self, _: Option<String>) -> Result<Listing, StorageError> {
        Ok(Listing::default())
    }

    async fn list_document(&self, _: DocumentId, _: Option<String>) -> Result<Listing, StorageError> {
        Ok(Listing::default())
    }

    async fn probe(&self) -> Result<(), StorageError> {
        Ok(())
    }
}

#[tokio::test]
async fn an_object_that_was_damaged_in_the_folder_is_copied_again() {
    let at = tempfile::tempdir().expect("a folder");
    let folder = BackupFolder::open_for_writing(at.path()).expect("opened");
    let (store, key) = (MemoryStore::default(), ObjectKey::Original(DocumentId::generate()));
    store.objects.lock().expect("objects").insert(key, b"sealed".to_vec());
    let progress = Progress::new("objects", 1);
    let mut there = HashMap::new();
    copy_out(&store, &folder, &[key], &mut there, &progress).await.expect("copied");
    let path = folder.object_path(key_hash(&key), Hash::of(b"sealed"));
    for damage in [&b"sealec"[..], b"seal", b""] {
        fs::write(&path, damage).expect("damaged");
        // as the next export finds it
        let mut there = folder.objects().expect("listed");
        assert!(copy_out(&store, &folder, &[key], &mut there, &progress).await.expect("copied").is_empty());
        assert_eq!(fs::read(&path).expect("there"), b"sealed");
        assert_eq!(there[&key_hash(&key)].size_bytes, 6);
    }
    fs::write(&path, b"damaged").expect("damaged");
    store.delete(&[key]).await.expect("deleted");
    let mut there = folder.objects().expect("listed");
    let missing = copy_out(&store, &folder, &[key], &mut there, &progress).await.expect("looked for");
    assert_eq!(missing, [key], "neither here nor there");
}

#[tokio::test]
async fn objects_go_over_once_and_come_back_but_for_the_damaged() {
    let at = tempfile::tempdir().expect("a folder");
    let folder = BackupFolder::open_for_writing(at.path()).expect("opened");
    let store = MemoryStore::default();
    let keys: Vec<_> = (0..20).map(|_| ObjectKey::Original(DocumentId::generate())).collect();
    for (key, number) in keys.iter().zip(0_u8..) {
        let bytes = vec![number; 1 + usize::from(number) * 40_000];
        store.objects.lock().expect("objects").insert(*key, bytes);
    }
    let before = store.objects.lock().expect("objects").clone();
    let lost = ObjectKey::Original(DocumentId::generate());
    let (asked, progress) = ([&keys[..], &[lost]].concat(), Progress::new("objects", 21));
    let mut there = HashMap::new();
    let missing = copy_out(&store, &folder, &asked, &mut there, &progress).await.expect("copied");
    assert_eq!(missing, [lost]);
    assert_eq!(folder.objects().expect("listed").len(), 20);
    store.delete(&keys).await.expect("deleted");
    let missing = copy_out(&store, &folder, &keys, &mut there, &progress).await.expect("nothing to do");
    assert!(missing.is_empty(), "what is there is not asked for again");

    let listed: Vec<_> = keys
        .iter()
        .map(|key| {
            let StoredObject { hash, size_bytes, .. } = there[&key_hash(key)];
            Listed { key: *key, hash, size_bytes }
        })
        .collect();
    let damaged = folder.object_path(key_hash(&listed[7].key), listed[7].hash);
    fs::write(&damaged, b"something else").expect("written");
    let error = copy_in(&store, &folder, &listed, false, &progress).await.expect_err("damaged").to_string();
    assert!(error.contains(&damaged.display().to_string()), "{error}");
    let found = copy_in(&store, &folder, &listed, true, &progress).await.expect("accepted");
    assert_eq!(found.len(), 1);
    let mut wanted = before;
    wanted.remove(&listed[7].key);
    assert!(*store.objects.lock().expect("objects") == wanted, "all others came back as they were");
    assert_eq!(store.puts.load(Ordering::SeqCst), 19, "each was stored once");
}
