//! Time-based codes of RFC 6238, as every authenticator app makes them: HMAC-SHA-1, six digits, a new one every 30 seconds.

use std::fmt;

use aws_lc_rs::{constant_time::verify_slices_are_equal, error::Unspecified, hmac, rand};
use zeroize::Zeroizing;

/// The step of RFC 6238 §4; other lengths are ignored by most apps.
const STEP_SECONDS: u64 = 30;

/// Six digits.
const MODULUS: u32 = 1_000_000;

/// 160 bits, as long as the hash (RFC 4226 §4).
const SECRET_BYTES: usize = 20;

/// The secret that the app of a person and this server share.
pub(crate) struct TotpSecret(Zeroizing<Vec<u8>>);

impl TotpSecret {
    pub(crate) fn generate() -> Result<Self, Unspecified> {
        let mut bytes = Zeroizing::new(vec![0; SECRET_BYTES]);
        rand::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Gives the secret as people type it.
    pub(crate) fn text(&self) -> String {
        base32(&self.0)
    }

    /// Gives what the app reads from the picture; `login` is what it shows.
    pub(crate) fn address(&self, login: &str) -> String {
        let label: String = login.bytes().map(escape).collect();
        format!("otpauth://totp/UNTXT:{label}?secret={}&issuer=UNTXT&algorithm=SHA1&digits=6&period=30", self.text())
    }

    /// Finds the step that this code is of: the one of now, the one before (a slow person), or the next (a fast clock). All are
    /// compared, in the same time.
    pub(crate) fn find_step(&self, code: &str, now_seconds: u64) -> Option<u64> {
        let now = now_seconds / STEP_SECONDS;
        let steps = [now.saturating_sub(1), now, now + 1];
        let matches = steps.map(|step| verify_slices_are_equal(self.code(step).as_bytes(), code.as_bytes()).is_ok());
        steps.into_iter().zip(matches).find_map(|(step, matches)| matches.then_some(step))
    }

    /// Makes the code of a step (RFC 4226 §5.3).
    fn code(&self, step: u64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let tag = tag.as_ref();
        let offset = usize::from(tag.last().copied().unwrap_or_default() & 0x0f);
        let mut four = [0; 4];
        four.copy_from_slice(&tag[offset..offset + 4]);
        format!("{:06}", (u32::from_be_bytes(four) & 0x7fff_ffff) % MODULUS)
    }
}

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret(..)")
    }
}

/// RFC 4648 §6, without padding.
pub(super) fn base32(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = String::new();
    for group in bytes.chunks(5) {
        let mut five = [0; 8];
        five[3..3 + group.len()].copy_from_slice(group);
        let bits = u64::from_be_bytes(five);
        for letter in 0..(group.len() * 8).div_ceil(5) {
            let index = (bits >> (35 - 5 * letter)) & 31;
            text.push(char::from(LETTERS[usize::try_from(index).unwrap_or_default()]));
        }
    }
    text
}

fn escape(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, the last six of eight digits.
    #[test]
    fn the_vectors_of_the_standard_hold() {
        let secret = TotpSecret::from_bytes(b"12345678901234567890");
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(secret.code(seconds / 30), code);
            assert_eq!(secret.find_step(code, seconds), Some(seconds / 30));
        }
    }

    #[test]
    fn one_step_before_and_after_are_taken_and_no_more() {
        let secret = TotpSecret::generate().expect("random");
        let code = secret.code(1000);
        for (now, found) in [(998, false), (999, true), (1000, true), (1001, true), (1002, false)] {
            assert_eq!(secret.find_step(&code, now * 30 + 7), found.then_some(1000), "{now}");
        }
        for bad in ["", "12345", "1234567", " 123456", "abcdef"] {
            assert_eq!(secret.find_step(bad, 30_000), None);
        }
    }

    #[test]
    fn apps_are_told_the_secret_and_whose_it_is() {
        for (bytes, text) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
        let secret = TotpSecret::from_bytes(b"12345678901234567890");
        assert_eq!(
            secret.address("a b@c?&d"),
            "otpauth://totp/UNTXT:a%20b%40c%3F%26d?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=UNTXT\
             &algorithm=SHA1&digits=6&period=30"
        );
        assert_eq!(format!("{secret:?}"), "TotpSecret(..)");
    }
}
