use super::{dictionary::Kind, unicharset::UnicharId};

/// No node.
pub(super) const NOWHERE: u32 = u32::MAX;

/// The outputs of a network, and the one among them that says nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Codes {
    pub(super) outputs: usize,
    pub(super) null: u16,
}

/// What may follow a node. A node may add up the probabilities of a character and of the null beside it; that the
/// readings stay distinct, it must stand next to one that does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Anything,
    OnlyDuplicate,
    NoDuplicate,
}

pub(super) const NEXTS: [Next; 3] = [Next::Anything, Next::OnlyDuplicate, Next::NoDuplicate];

#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub(super) code: u16,
    pub(super) unichar: Option<UnicharId>,
    pub(super) kind: Kind,
    pub(super) starts_dictionary: bool,
    pub(super) starts_word: bool,
    pub(super) ends_word: bool,
    pub(super) is_duplicate: bool,
    pub(super) certainty: f32,
    /// sum of the certainties up to here
    pub(super) score: f32,
    pub(super) previous: u32,
    /// the last node that said a character of its own, maybe this one
    pub(super) last_said: u32,
    /// where the word stands in the dictionary: a range of positions
    pub(super) positions: Option<(u32, u32)>,
    /// of all codes up to here
    pub(super) hash: u64,
}

/// A code that is tried after a node.
#[derive(Clone, Copy)]
pub(super) struct Said {
    pub(super) id: Option<u32>,
    pub(super) previous: Option<Node>,
    pub(super) code: u16,
    pub(super) unichar: Option<UnicharId>,
    pub(super) certainty: f32,
    pub(super) next: Next,
}

impl Said {
    /// Makes the node of a code that is said anew.
    pub(super) fn node(&self, kind: Kind, codes: Codes) -> Node {
        let before = self.previous.map_or(0, |node| node.hash);
        Node {
            code: self.code,
            unichar: self.unichar,
            kind,
            starts_dictionary: false,
            starts_word: false,
            ends_word: false,
            is_duplicate: false,
            certainty: self.certainty,
            score: self.certainty + self.previous.map_or(0.0, |node| node.score),
            previous: self.id.unwrap_or(NOWHERE),
            last_said: self.previous.map_or(NOWHERE, |node| node.last_said),
            positions: None,
            hash: if self.code == codes.null { before } else { codes.hash(before, self.code) },
        }
    }
}

impl Codes {
    /// Adds a code to those before.
    fn hash(self, before: u64, code: u16) -> u64 {
        let outputs = self.outputs as u64;
        let carry = ((before >> 32) * outputs) >> 32;
        before.wrapping_mul(outputs).wrapping_add(carry).wrapping_add(u64::from(code))
    }
}
