//! Bech32 (BIP 173) without its limit of 90 characters, which age doesn't keep either.

use zeroize::Zeroizing;

const LETTERS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
/// Letters of the checksum.
const CHECKSUM_LEN: usize = 6;

/// Spells bytes in lower case, after their prefix.
pub(super) fn encode(prefix: &str, bytes: &[u8]) -> Zeroizing<String> {
    let mut groups = Zeroizing::new(Vec::with_capacity(bytes.len() * 2 + CHECKSUM_LEN));
    let (mut rest, mut bits) = (0_u32, 0);
    for byte in bytes {
        rest = (rest << 8 | u32::from(*byte)) & 0xfff;
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            groups.push(low_five(rest >> bits));
        }
    }
    if bits > 0 {
        groups.push(low_five(rest << (5 - bits)));
    }
    let sum = checksum(prefix, &groups, &[0; CHECKSUM_LEN]) ^ 1;
    groups.extend((0..CHECKSUM_LEN).map(|index| low_five(sum >> (5 * (CHECKSUM_LEN - 1 - index)))));
    let mut text = Zeroizing::new(String::with_capacity(prefix.len() + 1 + groups.len()));
    text.push_str(prefix);
    text.push('1');
    text.extend(groups.iter().map(|group| char::from(LETTERS[usize::from(*group)])));
    text
}

/// Reads bytes back, `None` when anything is wrong with them. Upper case is taken too, a mixture is not.
pub(super) fn decode(prefix: &str, text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let lower = Zeroizing::new(text.to_ascii_lowercase());
    if lower.as_str() != text && text.to_ascii_uppercase() != text {
        return None;
    }
    let letters = lower.strip_prefix(prefix)?.strip_prefix('1')?;
    let position = |letter| LETTERS.iter().position(|known| *known == letter).and_then(|at| u8::try_from(at).ok());
    let groups = Zeroizing::new(letters.bytes().map(position).collect::<Option<Vec<u8>>>()?);
    let data = groups.len().checked_sub(CHECKSUM_LEN)?;
    if checksum(prefix, &groups, &[]) != 1 {
        return None;
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(data * 5 / 8));
    let (mut rest, mut bits) = (0_u32, 0);
    for group in &groups[..data] {
        rest = (rest << 5 | u32::from(*group)) & 0xfff;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.extend((rest >> bits).to_le_bytes().first());
        }
    }
    // What doesn't fill a byte is filling: less than a group, and nothing in it.
    let is_padding = bits < 5 && rest & ((1 << bits) - 1) == 0;
    is_padding.then_some(bytes)
}

fn low_five(value: u32) -> u8 {
    value.to_le_bytes()[0] & 31
}

/// The polynomial of BIP 173 over the prefix and all groups.
fn checksum(prefix: &str, groups: &[u8], end: &[u8]) -> u32 {
    let high = prefix.bytes().map(|byte| byte >> 5);
    let low = prefix.bytes().map(|byte| byte & 31);
    let all = high.chain([0]).chain(low).chain(groups.iter().copied()).chain(end.iter().copied());
    all.fold(1, |sum: u32, group| {
        let top = sum >> 25;
        let next = (sum & 0x01ff_ffff) << 5 ^ u32::from(group);
        [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3]
            .iter()
            .enumerate()
            .filter(|(bit, _)| top >> bit & 1 == 1)
            .fold(next, |next, (_, generator)| next ^ generator)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spelled_is_read_back_and_a_slip_is_noticed() {
        for length in [1, 20, 32, 33] {
            let bytes: Vec<u8> = (0..length).map(|i: u8| i.wrapping_mul(37)).collect();
            let text = encode("age", &bytes);
            assert_eq!(*decode("age", &text).expect("decoded"), bytes);
            assert_eq!(*decode("age", &text.to_ascii_uppercase()).expect("decoded"), bytes);
            for index in 4..text.len() {
                let mut slip = text.as_bytes().to_vec();
                slip[index] = if slip[index] == b'q' { b'p' } else { b'q' };
                assert!(decode("age", std::str::from_utf8(&slip).expect("text")).is_none(), "{index}");
            }
        }
    }

    #[test]
    fn a_vector_of_the_standard() {
        // BIP 173: the program of a segwit address after its version (0) and without it is not a whole number of bytes.
        assert_eq!(checksum("a", &[], &[10, 12, 14, 16, 18, 20]), checksum("a", &[10, 12, 14, 16, 18, 20], &[]));
        assert!(decode("a", "A12UEL5L").expect("valid").is_empty());
        assert!(decode("a", "a12uel5L").is_none(), "mixed case");
        assert!(decode("split", "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w").is_some());
        assert!(decode("split", "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3x").is_none());
    }
}
