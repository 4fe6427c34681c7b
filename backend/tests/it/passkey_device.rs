//! A device with passkeys, written once more from W3C Web Authentication, Level 3: it answers what browsers pass on to it, and
//! lies when it is told to.

use aws_lc_rs::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use serde_json::{Value, json};

/// Present, verified, and with a key: W3C Web Authentication §6.1.
const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const HAS_KEY: u8 = 0x40;

/// What is wrong with the device, its browser, or the page that it is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lie {
    /// Nobody showed a finger.
    NotVerified,
    /// A page that looks like ours.
    Origin,
    /// A page of ours within another one.
    Framed,
    /// It was asked by another server.
    Server,
    /// It answers something else.
    Challenge,
    /// Another key signs.
    Key,
    /// It answers as if it made a passkey, and as if it had one.
    Type,
    /// It says to be another person's.
    Person,
}

/// One passkey.
pub(crate) struct Device {
    key: EcdsaKeyPair,
    id: [u8; 32],
    user: String,
    /// Of its signatures.
    pub(crate) counter: u32,
}

impl Device {
    /// Makes a passkey for whom the server asks; gives it with what the browser sends.
    pub(crate) fn make(asked: &Value, lie: Option<Lie>) -> (Self, Value) {
        let options = &asked["options"];
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key");
        let mut id = [0; 32];
        aws_lc_rs::rand::fill(&mut id).expect("random");
        let device = Self { key, id, user: text(&options["user"]["id"]), counter: 0 };
        let mut data = device.data(&text(&options["rp"]["id"]), HAS_KEY, lie);
        data.extend([0; 16]);
        data.extend([0, 32]);
        data.extend(device.id);
        data.extend(device.cose_key());
        // {"fmt": "none", "attStmt": {}, "authData": data}
        let length = u8::try_from(data.len()).expect("short");
        let attestation = [b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58", &[length][..], &data].concat();
        let client = client_data("webauthn.create", &text(&options["challenge"]), lie);
        let said = json!({
            "id": BASE64.encode(device.id), "rawId": BASE64.encode(device.id), "type": "public-key",
            "clientExtensionResults": {}, "authenticatorAttachment": "platform",
            "response": {
                "clientDataJSON": BASE64.encode(client), "attestationObject": BASE64.encode(attestation),
                "transports": ["internal"], "authenticatorData": BASE64.encode(&data), "publicKeyAlgorithm": -7,
            },
        });
        (device, said)
    }

    /// Answers who is asked for.
    pub(crate) fn answer(&mut self, asked: &Value, lie: Option<Lie>) -> Value {
        let options = &asked["options"];
        self.counter += 1;
        let data = self.data(&text(&options["rpId"]), 0, lie);
        let client = client_data("webauthn.get", &text(&options["challenge"]), lie);
        let signed = [&data, digest(&SHA256, client.as_bytes()).as_ref()].concat();
        let other = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key");
        let key = if lie == Some(Lie::Key) { &other } else { &self.key };
        let signature = key.sign(&SystemRandom::new(), &signed).expect("signed");
        let user = if lie == Some(Lie::Person) { BASE64.encode([7; 16]) } else { self.user.clone() };
        json!({
            "id": BASE64.encode(self.id), "rawId": BASE64.encode(self.id), "type": "public-key",
            "clientExtensionResults": {}, "authenticatorAttachment": "platform",
            "response": {
                "clientDataJSON": BASE64.encode(client), "authenticatorData": BASE64.encode(data),
                "signature": BASE64.encode(signature.as_ref()), "userHandle": user,
            },
        })
    }

    fn data(&self, server: &str, flags: u8, lie: Option<Lie>) -> Vec<u8> {
        let server = if lie == Some(Lie::Server) { "localhost.example" } else { server };
        let verified = if lie == Some(Lie::NotVerified) { 0 } else { VERIFIED };
        let mut data = digest(&SHA256, server.as_bytes()).as_ref().to_vec();
        data.push(PRESENT | verified | flags);
        data.extend(self.counter.to_be_bytes());
        data
    }

    /// RFC 9053 §7.1.1: {1: 2, 3: -7, -1: 1, -2: x, -3: y}.
    fn cose_key(&self) -> Vec<u8> {
        let point = self.key.public_key().as_ref();
        [
            &[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20],
            &point[1..33],
            &[0x22, 0x58, 0x20],
            &point[33..],
        ]
        .concat()
    }
}

fn client_data(kind: &str, challenge: &str, lie: Option<Lie>) -> String {
    let kind = match (lie, kind) {
        (Some(Lie::Type), "webauthn.get") => "webauthn.create",
        (Some(Lie::Type), _) => "webauthn.get",
        _ => kind,
    };
    let other = BASE64.encode([9; 16]);
    let challenge = if lie == Some(Lie::Challenge) { &other } else { challenge };
    let origin = if lie == Some(Lie::Origin) { "https://localhost:8444" } else { "https://localhost:8443" };
    let is_framed = lie == Some(Lie::Framed);
    json!({ "type": kind, "challenge": challenge, "origin": origin, "crossOrigin": is_framed }).to_string()
}

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}
