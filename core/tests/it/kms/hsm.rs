//! A hardware security module, played by SoftHSM.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    mechanism::Mechanism,
    object::Attribute,
    session::UserType,
    types::AuthPin,
};
use untxt_core::config::{Encryption, Provider};

use super::{a_context, contract, first, is_denied, is_unavailable, nobody};

const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
const PIN: &str = "271828";

/// SoftHSM takes its folder from the environment, so each test is a process of its own.
fn in_a_process_of_its_own(test: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("tokens")).expect("a folder");
    let tokens = format!("directories.tokendir = {}\n", folder.path().join("tokens").display());
    fs::write(folder.path().join("softhsm2.conf"), tokens).expect("written");
    write_pin(folder.path(), PIN);
    let output = Command::new("/proc/self/exe")
        .args([&format!("kms::hsm::{test}"), "--exact", "--ignored", "--nocapture", "--test-threads=1"])
        .env("SOFTHSM2_CONF", folder.path().join("softhsm2.conf"))
        .current_dir(folder.path())
        .output()
        .expect("a process");
    let said = [output.stdout, output.stderr].map(|stream| String::from_utf8_lossy(&stream).into_owned()).concat();
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

fn write_pin(folder: &Path, pin: &str) {
    let path = folder.join("pin");
    fs::write(&path, format!("{pin}\n")).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("mode");
}

fn make_token() {
    let made = Command::new("softhsm2-util")
        .args(["--init-token", "--free", "--label", "untxt", "--so-pin", "314159", "--pin", PIN])
        .output()
        .expect("softhsm2 is installed");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

fn library() -> Pkcs11 {
    let library = Pkcs11::new(MODULE).expect("softhsm2 is installed");
    let _ = library.clone().finalize();
    let _ = library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK));
    library
}

/// Makes AES keys in the token: label, length in bytes, whether it can be extracted.
fn make_keys(keys: &[(&str, u64, bool)]) {
    let library = library();
    let slot = library.get_slots_with_initialized_token().expect("slots")[0];
    let session = library.open_rw_session(slot).expect("a session");
    session.login(UserType::User, Some(&AuthPin::new(PIN.into()))).expect("logged in");
    for (label, length, can_leave) in keys {
        let template = [
            Attribute::Token(true),
            Attribute::Label(label.as_bytes().to_vec()),
            Attribute::ValueLen((*length).into()),
            Attribute::Encrypt(true),
            Attribute::Decrypt(true),
            Attribute::Sensitive(!can_leave),
            Attribute::Extractable(*can_leave),
        ];
        session.generate_key(&Mechanism::AesKeyGen, &template).expect("a key");
    }
    drop(session);
    library.finalize().expect("ended");
}

fn settings(key: &str) -> Encryption {
    let mut encryption = nobody();
    encryption.current.provider = Some(Provider::Pkcs11);
    let pkcs11 = &mut encryption.current.pkcs11;
    pkcs11.module_path = MODULE.into();
    pkcs11.token_label = "untxt".to_owned();
    pkcs11.key_label = key.to_owned();
    pkcs11.pin_path = "pin".into();
    encryption
}

#[test]
fn a_hardware_module_keeps_the_contract() {
    in_a_process_of_its_own("contract_here");
}

#[test]
fn a_hardware_module_that_was_gone_is_used_again() {
    in_a_process_of_its_own("gone_and_back_here");
}

#[test]
fn a_wrong_pin_is_tried_once_and_no_other_key_is_taken() {
    in_a_process_of_its_own("denials_here");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "runs in a process of its own"]
async fn contract_here() {
    make_token();
    make_keys(&[("root", 32, false), ("another root", 32, false)]);
    let (kms, stranger) = (first(&settings("root")), first(&settings("another root")));
    assert_eq!(stranger.key_id(), "pkcs11:token=untxt;object=another%20root");
    contract::keep(kms, stranger, "pkcs11").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "runs in a process of its own"]
async fn gone_and_back_here() {
    let (kms, context) = (first(&settings("root")), a_context());
    is_unavailable(kms.check().await);
    make_token();
    make_keys(&[("root", 32, false), ("other", 32, false)]);
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let stored = kms.generate(&context).await.expect("the token has come").wrapped;

    let other = first(&settings("other"));
    let others = other.generate(&context).await.expect("made").wrapped;

    library().finalize().expect("the library is ended behind its back");
    kms.unwrap(&stored.key_id, &stored.bytes, &context).await.expect("it goes on");

    fs::rename("tokens", "elsewhere").expect("moved");
    // Without a folder it doesn't even start again.
    let _ = library().finalize();
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    is_unavailable(kms.unwrap(&stored.key_id, &stored.bytes, &context).await);
    let _ = fs::remove_dir_all("tokens");
    fs::rename("elsewhere", "tokens").expect("moved back");
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    kms.unwrap(&stored.key_id, &stored.bytes, &context).await.expect("it is back");
    // Its sessions are of an earlier time, when their handles meant something else.
    let anew = other.generate(&context).await.expect("made").wrapped;
    for stored in [others, anew] {
        other.unwrap(&stored.key_id, &stored.bytes, &context).await.expect("with its own key");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "runs in a process of its own"]
async fn denials_here() {
    make_token();
    make_keys(&[
        ("root", 32, false),
        ("leaves", 32, true),
        ("short", 16, false),
        ("twin", 32, false),
        ("twin", 32, false),
    ]);
    for key in ["leaves", "short", "twin", "missing"] {
        is_denied(first(&settings(key)).check().await);
    }
    // The token locks itself after a few wrong PINs; a provider that tried each time would lock it here.
    library().finalize().expect("ended");
    write_pin(Path::new("."), "000000");
    let kms = first(&settings("root"));
    for _ in 0..20 {
        is_denied(kms.check().await);
    }
    write_pin(Path::new("."), PIN);
    kms.check().await.expect("the right PIN is tried");
    fs::set_permissions("pin", fs::Permissions::from_mode(0o644)).expect("mode");
    is_denied(first(&settings("root")).check().await);
}
