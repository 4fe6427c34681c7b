use std::{
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
};

use aws_lc_rs::{
    digest::{SHA256, digest},
    signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use rustls::pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer, pem::PemObject};
use zeroize::Zeroizing;

use crate::crypto::read_private_file;

/// How the public key of every Ed25519 key begins in DER (RFC 8410 §4): the rest are its 32 bytes.
const DER_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Why a key that signs can't be used.
#[derive(Debug, thiserror::Error)]
#[error("the signing key {path} {reason}", path = path.display())]
pub struct SigningKeyError {
    path: PathBuf,
    reason: String,
}

/// A private key that signs.
pub struct SigningKey {
    pair: Ed25519KeyPair,
}

/// A public key that checks what one private key signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

impl SigningKey {
    /// Makes a new key.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn generate() -> Result<Self, SigningKeyError> {
        let pair =
            Ed25519KeyPair::generate().map_err(|_| refuse(Path::new("(new)"), "can't be made: no randomness"))?;
        Ok(Self { pair })
    }

    /// Makes a new key in a new file, PKCS #8 as PEM (RFC 8410), readable by its owner only. After a power cut the file is
    /// there whole or not at all.
    ///
    /// # Errors
    /// When the file exists or can't be written.
    pub fn create(path: &Path) -> Result<Self, SigningKeyError> {
        let key = Self::generate()?;
        let der = key.pair.to_pkcs8v1().map_err(|_| refuse(path, "can't be encoded"))?;
        let text = Zeroizing::new(to_pem("PRIVATE KEY", der.as_ref()));
        write_new(path, text.as_bytes()).map_err(|error| refuse(path, &format!("can't be written: {error}")))?;
        Ok(key)
    }

    /// Reads a key from a file that only its owner can reach.
    ///
    /// # Errors
    /// When it can't be read, others can reach it, or it holds no such key.
    pub fn open(path: &Path) -> Result<Self, SigningKeyError> {
        let text = read_private_file(path).map_err(|error| refuse(path, &format!("can't be read: {error}")))?;
        let der = PrivatePkcs8KeyDer::from_pem_slice(text.as_bytes());
        let der = der.map_err(|_| refuse(path, "is no private key in PEM"))?;
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.secret_pkcs8_der());
        Ok(Self { pair: pair.map_err(|_| refuse(path, "is no Ed25519 key in PKCS #8"))? })
    }

    /// Signs bytes; the signature has 64.
    #[must_use]
    pub fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        self.pair.sign(bytes).as_ref().to_vec()
    }

    /// Gives the public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        let mut key = [0; 32];
        key.copy_from_slice(self.pair.public_key().as_ref());
        PublicKey(key)
    }
}

impl PublicKey {
    /// Reads a public key (PEM) from a file.
    ///
    /// # Errors
    /// When it can't be read or holds no such key.
    pub fn open(path: &Path) -> Result<Self, SigningKeyError> {
        let text = std::fs::read(path).map_err(|error| refuse(path, &format!("can't be read: {error}")))?;
        Self::from_pem(&text).ok_or_else(|| refuse(path, "is no public Ed25519 key in PEM"))
    }

    /// Reads a public key from PEM.
    #[must_use]
    pub fn from_pem(text: &[u8]) -> Option<Self> {
        let der = SubjectPublicKeyInfoDer::from_pem_slice(text).ok()?;
        der.as_ref().strip_prefix(&DER_PREFIX)?.try_into().ok().map(Self)
    }

    /// Writes it as PEM.
    #[must_use]
    pub fn to_pem(&self) -> String {
        to_pem("PUBLIC KEY", &self.to_der())
    }

    /// Names it: the first half of the SHA-256 of its DER, in hexadecimal.
    #[must_use]
    pub fn id(&self) -> String {
        hex::encode(&digest(&SHA256, &self.to_der()).as_ref()[..16])
    }

    /// Says whether these bytes were signed by its private half.
    #[must_use]
    pub fn verifies(&self, bytes: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0).verify(bytes, signature).is_ok()
    }

    fn to_der(self) -> Vec<u8> {
        [&DER_PREFIX[..], &self.0].concat()
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("SigningKey").field(&self.public().id()).finish()
    }
}

/// Writes PEM (RFC 7468); both kinds of key fit one line.
fn to_pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", BASE64_STANDARD.encode(der))
}

/// Writes a file that only its owner can reach, under another name first, and replaces none.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Made with mode 0600.
    let mut draft = tempfile::Builder::new().prefix(".signing-").tempfile_in(folder)?;
    draft.write_all(bytes)?;
    draft.as_file().sync_all()?;
    draft.persist_noclobber(path)?;
    File::open(folder)?.sync_all()
}

fn refuse(path: &Path, reason: &str) -> SigningKeyError {
    SigningKeyError { path: path.to_owned(), reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt, process::Command};

    use super::*;

    #[test]
    fn a_key_file_is_made_once_and_read_by_its_owner_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("signing.key");
        let made = SigningKey::create(&path).expect("made");
        SigningKey::create(&path).expect_err("there is one already");
        let public = SigningKey::open(&path).expect("opened").public();
        assert_eq!(public, made.public());
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "no draft is left");
        assert_eq!(PublicKey::from_pem(public.to_pem().as_bytes()), Some(public));
        for mode in [0o640, 0o604, 0o666] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("set");
            let error = SigningKey::open(&path).expect_err("others can read it").to_string();
            assert!(error.contains("chmod 600"), "{error}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("set");
        fs::write(&path, public.to_pem()).expect("written");
        SigningKey::open(&path).expect_err("a public key");
    }

    #[test]
    fn openssl_checks_what_we_sign_and_we_what_it_makes() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name).display().to_string();
        let openssl = |arguments: &[&str]| Command::new("openssl").args(arguments).output().expect("openssl").status;
        let ours = SigningKey::create(Path::new(&at("ours.key"))).expect("made");
        fs::write(at("ours.pem"), ours.public().to_pem()).expect("written");
        fs::write(at("bytes"), "a receipt").expect("written");
        fs::write(at("signature"), ours.sign(b"a receipt")).expect("written");
        let (key, bytes, signature) = (at("ours.pem"), at("bytes"), at("signature"));
        let verify = ["pkeyutl", "-verify", "-pubin", "-inkey", &key, "-rawin", "-in", &bytes, "-sigfile", &signature];
        assert!(openssl(&verify).success());
        fs::write(at("bytes"), "a receipz").expect("written");
        assert!(!openssl(&verify).success());
        assert!(openssl(&["genpkey", "-algorithm", "ed25519", "-out", &at("theirs.key")]).success());
        fs::set_permissions(at("theirs.key"), fs::Permissions::from_mode(0o600)).expect("set");
        let theirs = SigningKey::open(Path::new(&at("theirs.key"))).expect("opened");
        assert!(
            theirs.public().verifies(b"-", &theirs.sign(b"-")) && !ours.public().verifies(b"-", &theirs.sign(b"-"))
        );
    }
}
