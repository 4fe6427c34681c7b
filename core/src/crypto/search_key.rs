use std::sync::Arc;

use aws_lc_rs::hmac;

use untxt_page::search::{IndexWords, Lookup};

use super::{CryptoError, aead::SecretKey};

/// What a token of the search index stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A word, or a part of one.
    Exact,
    /// The beginning of longer words.
    Prefix,
}

/// The owner's key for tokens of the search index, in clear, in memory only.
#[derive(Clone, Debug)]
pub struct SearchKey(Arc<SecretKey>);

impl SearchKey {
    /// Derives it from an index key (HKDF-SHA-256), so that no token is ever a tag of something else.
    pub(super) fn derive(index_key: &SecretKey) -> Result<Self, CryptoError> {
        index_key.derive(b"", b"untxt search tokens").map(|key| Self(Arc::new(key)))
    }

    /// Makes the token of a folded word: the first 64 bits of HMAC-SHA-256 of kind, segment (big endian) and word. In
    /// another segment the same word has another token, which nobody without the key can bring together.
    #[must_use]
    pub fn token(&self, segment: i32, kind: TokenKind, word: &str) -> i64 {
        token(&self.schedule(), segment, kind, word)
    }

    /// Makes what HMAC takes; for the time of one call, since it doesn't lie in locked memory.
    fn schedule(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, self.0.as_bytes())
    }

    /// Makes the token of what is looked for.
    #[must_use]
    pub fn lookup(&self, segment: i32, lookup: &Lookup) -> i64 {
        match lookup {
            Lookup::Exact(word) => self.token(segment, TokenKind::Exact, word),
            Lookup::Prefix(prefix) => self.token(segment, TokenKind::Prefix, prefix),
        }
    }

    /// Makes the tokens of folded words, in an order that tells nothing of them.
    #[must_use]
    pub fn words(&self, segment: i32, words: &[String]) -> Vec<i64> {
        let key = self.schedule();
        let mut tokens: Vec<_> = words.iter().map(|word| token(&key, segment, TokenKind::Exact, word)).collect();
        tokens.sort_unstable();
        tokens
    }

    /// Makes the tokens of a page, each once, in an order that tells nothing of the page: some 600 for a full one, which
    /// takes half a millisecond.
    #[must_use]
    pub fn tokens(&self, segment: i32, words: &IndexWords) -> Vec<i64> {
        let key = self.schedule();
        let exact = words.exact.iter().map(|word| token(&key, segment, TokenKind::Exact, word));
        let prefixes = words.prefixes.iter().map(|prefix| token(&key, segment, TokenKind::Prefix, prefix));
        let mut tokens: Vec<_> = exact.chain(prefixes).collect();
        tokens.sort_unstable();
        tokens.dedup();
        tokens
    }
}

fn token(key: &hmac::Key, segment: i32, kind: TokenKind, word: &str) -> i64 {
    let kind = match kind {
        TokenKind::Exact => 0_u8,
        TokenKind::Prefix => 1,
    };
    let mut context = hmac::Context::with_key(key);
    let [a, b, c, d] = segment.to_be_bytes();
    // Both fields before the word have one length each, so no two triples give the same bytes.
    context.update(&[kind, a, b, c, d]);
    context.update(word.as_bytes());
    let tag = context.sign();
    let mut token = [0; 8];
    token.copy_from_slice(&tag.as_ref()[..8]);
    i64::from_be_bytes(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_key(byte: u8) -> SearchKey {
        SearchKey::derive(&SecretKey::from_bytes(&[byte; 32]).expect("a key")).expect("derived")
    }

    /// Computed once with Python's `hmac` and RFC 5869; tokens are on disk, a change makes them useless.
    #[test]
    fn tokens_never_change() {
        assert_eq!(a_key(7).token(3, TokenKind::Exact, "rechnung"), 6_975_970_468_332_477_346);
    }

    #[test]
    fn tokens_differ_by_key_segment_kind_and_word() {
        let token = a_key(1).token(1, TokenKind::Exact, "word");
        assert_eq!(token, a_key(1).token(1, TokenKind::Exact, "word"));
        assert_ne!(token, a_key(2).token(1, TokenKind::Exact, "word"));
        assert_ne!(token, a_key(1).token(2, TokenKind::Exact, "word"));
        assert_ne!(token, a_key(1).token(1, TokenKind::Prefix, "word"));
        assert_ne!(token, a_key(1).token(1, TokenKind::Exact, "words"));
    }

    #[test]
    fn a_search_key_is_never_printed() {
        assert_eq!(format!("{:?}", a_key(65)), "SearchKey(SecretKey(..))");
    }
}
