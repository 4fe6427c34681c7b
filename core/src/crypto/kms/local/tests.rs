use super::*;
use crate::domain::OwnerId;

#[tokio::test]
async fn what_is_wrapped_is_unwrapped_with_the_same_context_only() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("root.key");
    LocalKms::create(&path).expect("made");
    let before = fs::read(&path).expect("file");
    LocalKms::create(&path).expect("left alone");
    assert_eq!(fs::read(&path).expect("file"), before);
    assert_eq!(fs::metadata(&path).expect("file").permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(folder.path()).expect("folder").count(), 1);

    let kms = LocalKms::open(&path).expect("opened");
    let owner = OwnerId::generate();
    let (context, other) = (KeyContext::OwnerKey { owner, version: 1 }, KeyContext::OwnerKey { owner, version: 2 });
    let wrapped = kms.wrap(&[9; 32], &context).await.expect("wrapped");
    let again = LocalKms::open(&path).expect("opened");
    assert_eq!(again.key_id(), wrapped.key_id);
    let unwrapped = again.unwrap(&wrapped.key_id, &wrapped.bytes, &context).await.expect("unwrapped");
    assert_eq!(unwrapped.as_slice(), [9; 32]);
    for bad in [again.unwrap(&wrapped.key_id, &wrapped.bytes, &other), again.unwrap("x", &wrapped.bytes, &context)] {
        assert!(matches!(bad.await, Err(KmsError::Refused)));
    }
    again.check().await.expect("it works");
}

#[tokio::test]
async fn a_new_root_key_wraps_in_every_process_and_the_old_one_opens_until_it_is_destroyed() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("root.key");
    LocalKms::create(&path).expect("made");
    let running = LocalKms::open(&path).expect("opened");
    let context = KeyContext::Backup;
    let old = running.wrap(&[1; 32], &context).await.expect("wrapped");
    // file systems tell times apart that are a few milliseconds from each other
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let id = LocalKms::rotate(&path).expect("rotated");
    let new = running.wrap(&[2; 32], &context).await.expect("wrapped");
    assert_eq!((&new.key_id, new.key_id == old.key_id), (&id, false));
    assert!(running.unwrap(&old.key_id, &old.bytes, &context).await.is_ok());
    assert_eq!(LocalKms::destroy(&path, std::slice::from_ref(&id)).expect("kept"), Vec::<String>::new());
    let gone = LocalKms::destroy(&path, std::slice::from_ref(&old.key_id)).expect("destroyed");
    assert_eq!(gone, std::slice::from_ref(&old.key_id));
    assert!(!running.holds(&old.key_id), "nor does it open in a process that has it");
    let after = LocalKms::open(&path).expect("opened");
    assert!(after.holds(&id) && !after.holds(&old.key_id));
    assert!(after.unwrap(&old.key_id, &old.bytes, &context).await.is_err());
    assert_eq!(fs::metadata(&path).expect("file").permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_file_of_the_first_version_still_opens() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("root.key");
    LocalKms::create(&path).expect("made");
    let text = fs::read_to_string(&path).expect("file");
    let id = LocalKms::open(&path).expect("opened").key_id();
    fs::write(&path, text.replace(TITLE, FIRST_TITLE)).expect("written");
    assert_eq!(LocalKms::open(&path).expect("opened").key_id(), id);
}

#[test]
fn files_that_others_can_reach_or_that_changed_are_refused() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("root.key");
    let refusal = |path: &Path| LocalKms::open(path).expect_err("refused").to_string();
    assert!(refusal(&path).contains("can't be read"));
    LocalKms::create(&path).expect("made");
    for mode in [0o640, 0o604, 0o620, 0o601] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("mode");
        assert!(refusal(&path).contains("chmod 600"), "{mode:o}");
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("mode");
    let text = fs::read_to_string(&path).expect("file");
    let key_line = text.find("\nkey ").expect("line");
    let mut changed = text.lines().map(str::to_owned).collect::<Vec<_>>();
    changed[2] = format!("key {}", "0".repeat(64));
    for bad in [changed.join("\n"), String::new(), text[..key_line].to_owned(), text.replace("version 2", "version 3")]
    {
        fs::write(&path, bad).expect("written");
        assert!(refusal(&path).contains("was changed"));
    }
    assert!(refusal(folder.path()).contains("mode"), "a folder is refused");
}

#[test]
fn nothing_of_the_key_is_printed() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("root.key");
    LocalKms::create(&path).expect("made");
    let kms = LocalKms::open(&path).expect("opened");
    let root = kms.active().expect("a key");
    assert!(!format!("{kms:?}").contains(&hex::encode(root.key.as_bytes())));
    assert!(format!("{kms:?}").contains("SecretKey(..)"));
}
