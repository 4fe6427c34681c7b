//! Receipts of documents that were shredded, and the key that signs them (Ed25519, RFC 8032).
//!
//! It promises that what is signed is exactly the bytes that are kept, so that any Ed25519 tool checks a receipt, and that a
//! receipt holds ids, times and numbers only. It refuses to know where receipts are stored and how objects are removed.

mod key;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use time::{OffsetDateTime, serde::rfc3339};
use uuid::Uuid;

pub use key::{PublicKey, SigningKey, SigningKeyError};

use crate::domain::{DocumentId, OwnerId, ShredReason, UserId};

/// The form of [`Receipt`].
const VERSION: u32 = 1;

/// What is known of a document that was shredded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shred {
    /// Which.
    pub document: DocumentId,
    /// Whose it was.
    pub owner: OwnerId,
    /// Why.
    pub reason: ShredReason,
    /// Who wished it; `None`: a rule.
    pub requested_by: Option<UserId>,
    /// When it was wished, or put into the trash.
    #[serde(with = "rfc3339")]
    pub requested_at: OffsetDateTime,
    /// When its key and its rows were deleted.
    #[serde(with = "rfc3339")]
    pub shredded_at: OffsetDateTime,
    /// How many objects were found in the store and removed; `None`: nobody has looked yet.
    pub objects: Option<u64>,
    /// When the store was seen to have none of them any more.
    #[serde(with = "rfc3339::option")]
    pub objects_removed_at: Option<OffsetDateTime>,
    /// The receipt.
    pub signed: Option<Signed>,
}

/// A receipt with its signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// The bytes that are signed: a [`Receipt`].
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    pub receipt: Vec<u8>,
    /// Ed25519, 64 bytes.
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    pub signature: Vec<u8>,
    /// [`PublicKey::id`] of the key.
    pub signing_key: String,
}

/// What is signed, as JSON without spaces, its keys in the order of the alphabet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    // In the order of the alphabet, because this is the order in which they are written.
    document: DocumentId,
    installation: Uuid,
    objects: u64,
    #[serde(with = "rfc3339")]
    objects_removed_at: OffsetDateTime,
    owner: OwnerId,
    reason: ShredReason,
    #[serde(with = "rfc3339")]
    requested_at: OffsetDateTime,
    requested_by: Option<UserId>,
    #[serde(with = "rfc3339")]
    shredded_at: OffsetDateTime,
    version: u32,
}

/// Why a receipt is worth nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// The bytes or the signature were changed, or another key made it.
    #[error("the signature is wrong")]
    WrongSignature,
    /// Its key is not among those that are trusted.
    #[error("it is signed by the key {0}, which is not known here")]
    UnknownKey(String),
    /// The signature is good, and the bytes are no receipt of this version.
    #[error("it is no receipt that this version knows")]
    Unknown,
}

impl Signed {
    /// Signs that a document was shredded in this installation; `None` as long as its objects are not removed.
    #[must_use]
    pub fn make(shred: &Shred, installation: Uuid, key: &SigningKey) -> Option<Self> {
        let receipt = Receipt {
            document: shred.document,
            installation,
            objects: shred.objects?,
            objects_removed_at: shred.objects_removed_at?,
            owner: shred.owner,
            reason: shred.reason,
            requested_at: shred.requested_at,
            requested_by: shred.requested_by,
            shredded_at: shred.shredded_at,
            version: VERSION,
        };
        let receipt = serde_json::to_vec(&receipt).ok()?;
        let signature = key.sign(&receipt);
        Some(Self { receipt, signature, signing_key: key.public().id() })
    }

    /// Writes it as a line of JSON, as it stands in the bucket and in exports; `None` never happens.
    #[must_use]
    pub fn to_line(&self) -> Option<String> {
        serde_json::to_string(self).ok().map(|line| line + "\n")
    }

    /// Checks the signature with the key that it names, and reads what was signed.
    ///
    /// # Errors
    /// [`ReceiptError`].
    pub fn verify(&self, keys: &[PublicKey]) -> Result<Shred, ReceiptError> {
        let key = keys.iter().find(|key| key.id() == self.signing_key);
        let key = key.ok_or_else(|| ReceiptError::UnknownKey(self.signing_key.clone()))?;
        if !key.verifies(&self.receipt, &self.signature) {
            return Err(ReceiptError::WrongSignature);
        }
        self.read()
    }

    /// Reads what was signed and checks nothing: for who knows already that it is whole.
    ///
    /// # Errors
    /// [`ReceiptError::Unknown`].
    pub fn read(&self) -> Result<Shred, ReceiptError> {
        let receipt: Receipt = serde_json::from_slice(&self.receipt).map_err(|_| ReceiptError::Unknown)?;
        if receipt.version != VERSION {
            return Err(ReceiptError::Unknown);
        }
        Ok(Shred {
            document: receipt.document,
            owner: receipt.owner,
            reason: receipt.reason,
            requested_by: receipt.requested_by,
            requested_at: receipt.requested_at,
            shredded_at: receipt.shredded_at,
            objects: Some(receipt.objects),
            objects_removed_at: Some(receipt.objects_removed_at),
            signed: Some(self.clone()),
        })
    }
}

pub(crate) fn to_base64<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&BASE64_STANDARD.encode(bytes))
}

pub(crate) fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    BASE64_STANDARD.decode(String::deserialize(deserializer)?).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(microseconds: i128) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp_nanos(1_795_341_600_000_000_000 + microseconds * 1000).expect("a time")
    }

    fn a_shred() -> Shred {
        Shred {
            document: DocumentId::generate(),
            owner: OwnerId::generate(),
            reason: ShredReason::Trash,
            requested_by: Some(UserId::generate()),
            requested_at: at(500_000),
            shredded_at: at(1_000_000),
            objects: Some(7),
            objects_removed_at: Some(at(2_000_001)),
            signed: None,
        }
    }

    fn keys() -> [SigningKey; 2] {
        [SigningKey::generate(), SigningKey::generate()].map(|key| key.expect("a key"))
    }

    #[test]
    fn what_is_signed_is_canonical_and_says_no_more_than_it_should() {
        let ([key, _], shred) = (keys(), a_shred());
        let signed = Signed::make(&shred, Uuid::nil(), &key).expect("signed");
        let text = String::from_utf8(signed.receipt.clone()).expect("text");
        let value: std::collections::BTreeMap<String, serde_json::Value> = serde_json::from_str(&text).expect("JSON");
        assert_eq!(serde_json::to_string(&value).expect("JSON"), text, "sorted, without spaces");
        assert_eq!(
            value.keys().map(String::as_str).collect::<Vec<_>>(),
            [
                "document",
                "installation",
                "objects",
                "objects_removed_at",
                "owner",
                "reason",
                "requested_at",
                "requested_by",
                "shredded_at",
                "version"
            ]
        );
        assert_eq!(value["requested_at"], "2026-11-22T10:00:00.5Z");
        assert_eq!(Signed::make(&Shred { objects_removed_at: None, ..shred }, Uuid::nil(), &key), None);
    }

    #[test]
    fn every_changed_byte_and_every_other_key_is_refused() {
        let ([key, other], shred) = (keys(), a_shred());
        let signed = Signed::make(&shred, Uuid::nil(), &key).expect("signed");
        let public = [other.public(), key.public()];
        assert_eq!(signed.verify(&public), Ok(Shred { signed: Some(signed.clone()), ..shred }));
        for at in 0..signed.receipt.len() {
            let mut changed = signed.clone();
            changed.receipt[at] ^= 1;
            assert_eq!(changed.verify(&public), Err(ReceiptError::WrongSignature));
        }
        for at in 0..signed.signature.len() {
            let mut changed = signed.clone();
            changed.signature[at] ^= 1;
            assert_eq!(changed.verify(&public), Err(ReceiptError::WrongSignature));
        }
        let named = Signed { signing_key: other.public().id(), ..signed.clone() };
        assert_eq!(named.verify(&public), Err(ReceiptError::WrongSignature));
        assert_eq!(signed.verify(&public[..1]), Err(ReceiptError::UnknownKey(key.public().id())));
    }

    #[test]
    fn other_things_that_the_key_signed_are_no_receipts() {
        let [key, _] = keys();
        for bytes in [&b"{}"[..], b"a batch of the audit log"] {
            let (receipt, signature) = (bytes.to_vec(), key.sign(bytes));
            let signed = Signed { receipt, signature, signing_key: key.public().id() };
            assert_eq!(signed.verify(&[key.public()]), Err(ReceiptError::Unknown));
        }
    }
}
