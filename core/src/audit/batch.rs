use aws_lc_rs::digest::{Context, SHA256, digest};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use time::{OffsetDateTime, serde::rfc3339};
use uuid::Uuid;

use super::{AuditRow, row::GONE};
use crate::receipts::{PublicKey, SigningKey, from_base64, to_base64};

/// How the bytes that are signed begin, so that they are nothing else that the same key signs.
const PREFIX: &[u8] = b"untxt audit batch 1\n";

/// What is signed of a batch of lines: [`PREFIX`], and this as JSON without spaces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchHead {
    // In the order of the alphabet, because this is the order in which they are written.
    /// Lines that were sealed before this time may have been removed, because they are older than what is kept.
    #[serde(with = "rfc3339::option")]
    pub expired_before: Option<OffsetDateTime>,
    /// Number of the first line.
    pub first: u64,
    /// Whose record it is.
    pub installation: Uuid,
    /// Hash of [`Leaves`], in hexadecimal.
    pub leaves: String,
    /// 1, 2, 3, … without gaps.
    pub number: u64,
    /// Hash of the signed bytes of the batch before, in hexadecimal; zeros: there is none.
    pub previous: String,
    /// How many lines there are.
    pub rows: u32,
    /// When, by the clock of the database.
    #[serde(with = "rfc3339")]
    pub sealed_at: OffsetDateTime,
}

/// A head with its signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedHead {
    /// The bytes that are signed.
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    pub head: Vec<u8>,
    /// Ed25519, 64 bytes.
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    pub signature: Vec<u8>,
    /// [`PublicKey::id`] of the key.
    pub signing_key: String,
}

/// Where the lines of a batch stand, in the order of their numbers, and the hash of each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaves {
    /// [`AuditRow::position`]s.
    pub positions: Vec<i64>,
    /// [`AuditRow::hash`]es, 32 bytes each.
    #[serde(serialize_with = "hashes_to_base64", deserialize_with = "hashes_from_base64")]
    pub hashes: Vec<[u8; 32]>,
}

/// Why a head is worth nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// The bytes or the signature were changed, or another key made it.
    #[error("its signature is wrong")]
    WrongSignature,
    /// Its key is not among those that are trusted.
    #[error("it is signed by a key that was not given")]
    UnknownKey,
    /// The signature is good, and the bytes are no head of this version.
    #[error("it is no batch that this version knows")]
    Unknown,
}

impl BatchHead {
    /// Begins the batch after another one; its lines are still to come.
    #[must_use]
    pub fn after(previous: Option<(&Self, &SignedHead)>, installation: Uuid, sealed_at: OffsetDateTime) -> Self {
        Self {
            expired_before: previous.and_then(|(head, _)| head.expired_before),
            first: previous.map_or(1, |(head, _)| head.end()),
            installation,
            leaves: Leaves::default().digest(),
            number: previous.map_or(1, |(head, _)| head.number + 1),
            previous: previous.map_or_else(|| hex::encode(GONE), |(_, signed)| signed.hash()),
            rows: 0,
            sealed_at,
        }
    }

    /// Puts lines into the batch, by their positions; `None`: it was gone before it could be sealed.
    #[must_use]
    pub fn fill(mut self, rows: &[(i64, Option<AuditRow>)]) -> (Self, Leaves) {
        let mut leaves = Leaves::default();
        for (number, (position, row)) in (self.first..).zip(rows) {
            leaves.positions.push(*position);
            leaves.hashes.push(row.as_ref().map_or(GONE, |row| row.hash(number)));
        }
        self.rows = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        self.leaves = leaves.digest();
        (self, leaves)
    }

    /// Gives the number of the first line after it.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.first + self.rows as u64
    }

    /// Signs it.
    ///
    /// # Errors
    /// When a time is outside of what can be written, which no clock says.
    pub fn sign(&self, key: &SigningKey) -> Result<SignedHead, serde_json::Error> {
        let head = [PREFIX, &serde_json::to_vec(self)?].concat();
        let signature = key.sign(&head);
        Ok(SignedHead { head, signature, signing_key: key.public().id() })
    }
}

impl SignedHead {
    /// Checks the signature with the key that it names, and reads what was signed.
    ///
    /// # Errors
    /// [`HeadError`].
    pub fn verify(&self, keys: &[PublicKey]) -> Result<BatchHead, HeadError> {
        let key = keys.iter().find(|key| key.id() == self.signing_key).ok_or(HeadError::UnknownKey)?;
        if !key.verifies(&self.head, &self.signature) {
            return Err(HeadError::WrongSignature);
        }
        self.read()
    }

    /// Reads what was signed and checks nothing.
    ///
    /// # Errors
    /// [`HeadError::Unknown`].
    pub fn read(&self) -> Result<BatchHead, HeadError> {
        let json = self.head.strip_prefix(PREFIX).ok_or(HeadError::Unknown)?;
        serde_json::from_slice(json).map_err(|_| HeadError::Unknown)
    }

    /// Reads it from JSON.
    ///
    /// # Errors
    /// [`HeadError::Unknown`].
    pub fn from_json(text: &[u8]) -> Result<Self, HeadError> {
        serde_json::from_slice(text).map_err(|_| HeadError::Unknown)
    }

    /// Writes it as JSON.
    ///
    /// # Errors
    /// None that is known: it holds bytes and a text.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// Gives the hash of what is signed, in hexadecimal.
    #[must_use]
    pub fn hash(&self) -> String {
        hex::encode(digest(&SHA256, &self.head))
    }
}

impl Leaves {
    /// Hashes the list, in hexadecimal.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut context = Context::new(&SHA256);
        context.update(b"untxt audit leaves 1\0");
        for (position, hash) in self.positions.iter().zip(&self.hashes) {
            context.update(&position.to_be_bytes());
            context.update(hash);
        }
        hex::encode(context.finish())
    }

    /// Says whether there are as many hashes as positions, and so many.
    #[must_use]
    pub fn has(&self, rows: u32) -> bool {
        self.positions.len() == self.hashes.len() && self.positions.len() as u64 == u64::from(rows)
    }

    /// Gives the hashes in one piece.
    #[must_use]
    pub fn hash_bytes(&self) -> Vec<u8> {
        self.hashes.concat()
    }

    /// Takes positions, and hashes in one piece; what is left over of them is left out.
    #[must_use]
    pub fn from_parts(positions: Vec<i64>, hashes: &[u8]) -> Self {
        Self { positions, hashes: hashes.as_chunks().0.to_vec() }
    }
}

fn hashes_to_base64<S: Serializer>(hashes: &[[u8; 32]], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&BASE64_STANDARD.encode(hashes.as_flattened()))
}

fn hashes_from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<[u8; 32]>, D::Error> {
    let bytes = BASE64_STANDARD.decode(String::deserialize(deserializer)?).map_err(D::Error::custom)?;
    match bytes.as_chunks() {
        (hashes, []) => Ok(hashes.to_vec()),
        _ => Err(D::Error::custom("a hash has 32 bytes")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receipts::{ReceiptError, Signed};

    #[test]
    fn a_head_is_no_receipt_and_a_receipt_no_head() {
        let key = SigningKey::generate().expect("a key");
        let head = BatchHead::after(None, Uuid::nil(), OffsetDateTime::UNIX_EPOCH);
        let SignedHead { head: bytes, signature, signing_key } = head.sign(&key).expect("signed");
        let as_receipt = Signed { receipt: bytes, signature, signing_key: signing_key.clone() };
        assert_eq!(as_receipt.verify(&[key.public()]), Err(ReceiptError::Unknown));
        let receipt = br#"{"document":"00000000-0000-0000-0000-000000000000"}"#.to_vec();
        let signature = key.sign(&receipt);
        let as_head = SignedHead { head: receipt, signature, signing_key };
        assert_eq!(as_head.verify(&[key.public()]), Err(HeadError::Unknown));
    }

    #[test]
    fn a_head_is_canonical_and_follows_the_one_before() {
        let key = SigningKey::generate().expect("a key");
        let now = OffsetDateTime::from_unix_timestamp(1_795_341_600).expect("a time");
        let row = super::super::row::tests::a_row(5);
        let (first, leaves) = BatchHead::after(None, Uuid::nil(), now).fill(&[(5, Some(row)), (6, None)]);
        let signed = first.sign(&key).expect("signed");
        assert_eq!(signed.verify(&[key.public()]), Ok(first.clone()));
        assert_eq!((first.number, first.first, first.end(), leaves.has(2)), (1, 1, 3, true));
        assert_eq!(leaves.hashes[1], GONE);
        let text = signed.head.strip_prefix(PREFIX).expect("the prefix");
        let sorted: std::collections::BTreeMap<String, serde_json::Value> = serde_json::from_slice(text).expect("JSON");
        assert_eq!(serde_json::to_vec(&sorted).expect("JSON"), text);
        let second = BatchHead::after(Some((&first, &signed)), Uuid::nil(), now);
        assert_eq!((second.number, second.first, &second.previous), (2, 3, &signed.hash()));
        let mut changed = signed.clone();
        changed.head[40] ^= 1;
        assert_eq!(changed.verify(&[key.public()]), Err(HeadError::WrongSignature));
        assert_eq!(signed.verify(&[]), Err(HeadError::UnknownKey));
    }

    #[test]
    fn leaves_survive_their_forms() {
        let leaves = Leaves { positions: vec![3, 9], hashes: vec![[1; 32], [2; 32]] };
        let text = serde_json::to_string(&leaves).expect("JSON");
        assert_eq!(serde_json::from_str::<Leaves>(&text).expect("read"), leaves);
        assert_eq!(Leaves::from_parts(vec![3, 9], &leaves.hash_bytes()), leaves);
        let swapped = Leaves { positions: vec![9, 3], ..leaves.clone() };
        assert_ne!(swapped.digest(), leaves.digest());
    }
}
