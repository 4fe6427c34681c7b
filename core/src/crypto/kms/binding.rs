use super::KeyContext;
use crate::crypto::context::length_prefixed;

/// Gives what a wrapped key is bound to: the root key that wraps it, what it is and whose.
pub(super) fn bind(key_id: &str, context: &KeyContext) -> Vec<u8> {
    length_prefixed(&[b"untxt root wrap", key_id.as_bytes(), &context.associated_data()])
}
