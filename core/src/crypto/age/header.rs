//! The header: the key of the file, wrapped once for each recipient, and a MAC with that key.

use std::io::{BufRead, Read, Write};

use aws_lc_rs::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    agreement::{self, UnparsedPublicKey},
    constant_time, hkdf, hmac, rand,
};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use zeroize::Zeroizing;

use super::{AgeError, Identity, Recipient, keys::KEY_LEN};

const INTRO: &str = "age-encryption.org/v1";
const X25519: &str = "X25519";
const X25519_INFO: &[u8] = b"age-encryption.org/v1/X25519";
const FILE_KEY_LEN: usize = 16;
const TAG_LEN: usize = 16;
/// A line of a body that has so many characters is followed by another.
const COLUMNS: usize = 64;
/// More than a header for a thousand recipients has.
const MAX_LEN: u64 = 256 << 10;

/// The key of one file.
pub(super) struct FileKey(Zeroizing<[u8; FILE_KEY_LEN]>);

impl FileKey {
    /// Makes a new key and writes the header that gives it to the recipients.
    pub(super) fn write_header(recipients: &[Recipient], output: &mut impl Write) -> Result<Self, AgeError> {
        if recipients.is_empty() {
            return Err(AgeError::Key("nobody to seal for"));
        }
        let mut key = Self(Zeroizing::new([0; FILE_KEY_LEN]));
        fill(key.0.as_mut_slice())?;
        let mut text = format!("{INTRO}\n");
        for recipient in recipients {
            let (share, body) = key.wrap(recipient)?;
            text += &format!("-> {X25519} {}\n{}\n", STANDARD_NO_PAD.encode(share), STANDARD_NO_PAD.encode(body));
        }
        text += "---";
        let mac = STANDARD_NO_PAD.encode(hmac::sign(&key.mac_key()?, text.as_bytes()));
        output.write_all(format!("{text} {mac}\n").as_bytes())?;
        Ok(key)
    }

    /// Reads a header and opens its key with the first identity that can.
    pub(super) fn read_header(identities: &[Identity], input: &mut impl BufRead) -> Result<Self, AgeError> {
        let header = Header::read(input)?;
        let mut stanzas = header.stanzas.iter();
        let key = stanzas.find_map(|stanza| identities.iter().find_map(|identity| stanza.open(identity)));
        let key = key.ok_or(AgeError::NotForUs)?;
        hmac::verify(&key.mac_key()?, header.text.as_bytes(), &header.mac).map_err(|_| AgeError::Corrupt)?;
        Ok(key)
    }

    /// Derives the key of what follows the header.
    pub(super) fn payload_cipher(&self, nonce: &[u8]) -> Result<LessSafeKey, AgeError> {
        cipher(&*derive(self.0.as_slice(), nonce, b"payload")?)
    }

    fn mac_key(&self) -> Result<hmac::Key, AgeError> {
        Ok(hmac::Key::new(hmac::HMAC_SHA256, derive(self.0.as_slice(), &[], b"header")?.as_slice()))
    }

    /// Wraps the key for one recipient; gives the ephemeral share and the body.
    fn wrap(&self, recipient: &Recipient) -> Result<([u8; KEY_LEN], Vec<u8>), AgeError> {
        let ephemeral = Identity::generate()?;
        let key = shared_key(&ephemeral, &recipient.0, &ephemeral.public, &recipient.0)?;
        let mut body = self.0.to_vec();
        cipher(&key)?
            .seal_in_place_append_tag(Nonce::assume_unique_for_key([0; NONCE_LEN]), Aad::empty(), &mut body)
            .map_err(|_| AgeError::Corrupt)?;
        Ok((ephemeral.public, body))
    }
}

/// A parsed header.
struct Header {
    /// Everything that the MAC covers.
    text: String,
    stanzas: Vec<Stanza>,
    mac: Vec<u8>,
}

/// A wrapped key.
struct Stanza {
    share: [u8; KEY_LEN],
    body: [u8; FILE_KEY_LEN + TAG_LEN],
}

impl Header {
    fn read(input: &mut impl BufRead) -> Result<Self, AgeError> {
        let mut input = input.take(MAX_LEN);
        let mut header = Self { text: String::new(), stanzas: Vec::new(), mac: Vec::new() };
        if header.line(&mut input)? != INTRO {
            return Err(AgeError::Corrupt);
        }
        let mut line = header.line(&mut input)?;
        while let Some(arguments) = line.strip_prefix("-> ").map(str::to_owned) {
            let mut body = String::new();
            loop {
                let part = header.line(&mut input)?;
                body += &part;
                if part.len() != COLUMNS {
                    break;
                }
            }
            // Other kinds of recipients are none of our business, whatever their names begin with.
            let (kind, share) = arguments.split_once(' ').unwrap_or((&arguments, ""));
            if kind == X25519 {
                header.stanzas.push(Stanza::parse(share, &body)?);
            }
            line = header.line(&mut input)?;
        }
        header.mac = decode(line.strip_prefix("--- ").ok_or(AgeError::Corrupt)?)?;
        let covered = header.text.len() - line.len() - 1 + "---".len();
        header.text.truncate(covered);
        Ok(header)
    }

    /// Reads a line, whole, and adds it to the text.
    fn line(&mut self, input: &mut impl BufRead) -> Result<String, AgeError> {
        let mut line = Vec::new();
        input.read_until(b'\n', &mut line)?;
        let text = std::str::from_utf8(&line).map_err(|_| AgeError::Corrupt)?;
        let line = text.strip_suffix('\n').filter(|line| line.is_ascii()).ok_or(AgeError::Corrupt)?;
        self.text.push_str(text);
        Ok(line.to_owned())
    }
}

impl Stanza {
    fn parse(share: &str, body: &str) -> Result<Self, AgeError> {
        let fixed = |text: &str| decode(text)?.try_into().map_err(|_| AgeError::Corrupt);
        let share = decode(share)?.try_into().map_err(|_| AgeError::Corrupt)?;
        Ok(Self { share, body: fixed(body)? })
    }

    fn open(&self, identity: &Identity) -> Option<FileKey> {
        let key = shared_key(identity, &self.share, &self.share, &identity.public).ok()?;
        let mut body = Zeroizing::new(self.body);
        let nonce = Nonce::assume_unique_for_key([0; NONCE_LEN]);
        let opened = cipher(&key).ok()?.open_in_place(nonce, Aad::empty(), body.as_mut_slice()).ok()?;
        Some(FileKey(Zeroizing::new((&*opened).try_into().ok()?)))
    }
}

/// Derives the key that wraps a file key from what both sides share (RFC 7748); nothing shared is refused.
fn shared_key(
    mine: &Identity,
    theirs: &[u8; KEY_LEN],
    share: &[u8; KEY_LEN],
    recipient: &[u8; KEY_LEN],
) -> Result<Zeroizing<[u8; KEY_LEN]>, AgeError> {
    let theirs = UnparsedPublicKey::new(&agreement::X25519, theirs);
    agreement::agree(&mine.secret, theirs, AgeError::Corrupt, |secret| {
        if constant_time::verify_slices_are_equal(secret, &[0; KEY_LEN]).is_ok() {
            return Err(AgeError::Corrupt);
        }
        derive(secret, &[*share, *recipient].concat(), X25519_INFO)
    })
}

/// HKDF-SHA-256 (RFC 5869).
fn derive(secret: &[u8], salt: &[u8], info: &[u8]) -> Result<Zeroizing<[u8; KEY_LEN]>, AgeError> {
    let mut derived = Zeroizing::new([0; KEY_LEN]);
    hkdf::Salt::new(hkdf::HKDF_SHA256, salt)
        .extract(secret)
        .expand(&[info], hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(derived.as_mut_slice()))
        .map_err(|_| AgeError::Corrupt)?;
    Ok(derived)
}

fn cipher(key: &[u8; KEY_LEN]) -> Result<LessSafeKey, AgeError> {
    UnboundKey::new(&CHACHA20_POLY1305, key).map(LessSafeKey::new).map_err(|_| AgeError::Corrupt)
}

fn decode(text: &str) -> Result<Vec<u8>, AgeError> {
    STANDARD_NO_PAD.decode(text).map_err(|_| AgeError::Corrupt)
}

/// Fills with randomness.
pub(super) fn fill(bytes: &mut [u8]) -> Result<(), AgeError> {
    rand::fill(bytes).map_err(|_| AgeError::Key("no randomness to be had"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_that_only_begins_like_ours_is_passed_over() {
        let (share, body) = (STANDARD_NO_PAD.encode([1; 32]), STANDARD_NO_PAD.encode([2; 32]));
        let header = |kind: &str| format!("{INTRO}\n-> {kind} {share}\n{body}\n--- AAAA\n");
        let stanzas = |kind| Header::read(&mut header(kind).as_bytes()).map(|header| header.stanzas.len());
        assert_eq!(stanzas("X25519").expect("read"), 1);
        for other in ["X25519Kyber768", "X25519-", "X255", "scrypt"] {
            assert_eq!(stanzas(other).expect("read"), 0, "{other}");
        }
        assert!(stanzas("X25519 AAAA").is_err(), "two shares");
        assert!(Header::read(&mut format!("{INTRO}\n-> X25519\n{body}\n--- AAAA\n").as_bytes()).is_err());
    }
}
