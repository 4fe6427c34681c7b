//! Mail to people: one connection to the server that the settings name, one letter, and what became of it.
//!
//! It promises that nothing is said before TLS stands and the server is the right one, that nobody waits for a letter longer
//! than half a minute, and that no address and no word of a letter is logged. It refuses to keep letters or to send one twice:
//! whoever waits in vain asks again.

mod letter;
mod mailer;

use lettre::Address;

pub(crate) use letter::Letter;
pub(crate) use mailer::{Mailer, Undelivered};

/// The longest address there is (RFC 5321 §4.5.3.1.3, without the brackets).
const MAX_ADDRESS_BYTES: usize = 254;

/// Says whether somebody can have this address: one that every server takes, so neither quoted nor beyond ASCII.
pub(crate) fn can_be_address(text: &str) -> bool {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"(),:;<>[\\]".contains(&byte));
    is_plain && text.len() <= MAX_ADDRESS_BYTES && text.parse::<Address>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_that_every_server_takes() {
        for good in ["ada@clinic.example", "A.B+c@x.org", "o'brien@mail.internal"] {
            assert!(can_be_address(good), "{good}");
        }
        let long = format!("{}@x.org", "a".repeat(254));
        for bad in [
            "",
            "ada",
            "ada@",
            "@x.org",
            "a@b@c",
            "a b@x.org",
            "a@x.org\r\nBcc: b@x.org",
            "\"a b\"@x.org",
            "<a@x.org>",
            "Ada <a@x.org>",
            "a@x.org,b@x.org",
            "ü@x.org",
            "a@[127.0.0.1]",
            &long,
        ] {
            assert!(!can_be_address(bad), "{bad}");
        }
    }
}
