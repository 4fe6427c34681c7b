use super::{Unsupported, cursor::Cursor, unicharset::UnicharId};

/// An edge of a [`Dawg`]: its place in the list of edges.
pub(super) type Edge = u32;

/// A word graph as Tesseract stores it (`SquishedDawg` of dawg.cpp): a list of edges; a node is the place of its
/// first edge, and its last edge is marked. Node 0 is the root, its edges are sorted by letter.
#[derive(Debug)]
pub(super) struct Dawg {
    edges: Vec<u64>,
    root_edges: usize,
    /// bits of an edge that hold the letter; above them three flags, above those the next node
    letter_bits: u32,
}

const MAGIC: i16 = 42;
const IS_LAST: u64 = 1;
const IS_BACKWARD: u64 = 2;
const ENDS_WORD: u64 = 4;
const FLAG_BITS: u32 = 3;

impl Dawg {
    pub(super) fn new(bytes: &[u8]) -> Result<Self, Unsupported> {
        let mut cursor = Cursor::new(bytes);
        if cursor.i16()? != MAGIC {
            return Err(Unsupported("a word list of it is unreadable"));
        }
        let letters = cursor.size()?;
        let count = cursor.size()?;
        if letters == 0 || letters > usize::from(UnicharId::MAX) || count == 0 {
            return Err(Unsupported("a word list of it has a bad size"));
        }
        // ceil(log2(letters + 1))
        let letter_bits = letters.next_power_of_two().ilog2() + u32::from(letters.is_power_of_two());
        let edges = (0..count).map(|_| cursor.u64()).collect::<Result<Vec<_>, _>>()?;
        let mut dawg = Self { edges, root_edges: 0, letter_bits };
        if dawg.edges.iter().any(|&edge| dawg.next_of(edge) >= count as u64 && edge != dawg.empty_edge()) {
            return Err(Unsupported("a word list of it is broken"));
        }
        let is_forward = |edge: u64| edge != dawg.empty_edge() && !dawg.has(edge, IS_BACKWARD);
        let last = dawg.edges.iter().position(|&edge| !is_forward(edge) || dawg.has(edge, IS_LAST));
        dawg.root_edges = last.map_or(count, |last| last + usize::from(is_forward(dawg.edges[last])));
        Ok(dawg)
    }

    /// Finds the edge of a letter out of the root.
    pub(super) fn first(&self, letter: UnicharId) -> Option<Edge> {
        let root = self.edges.get(..self.root_edges)?;
        let (mut start, mut end) = (0, root.len());
        while start < end {
            let middle = usize::midpoint(start, end);
            match self.letter_of(root[middle]).cmp(&u64::from(letter)) {
                std::cmp::Ordering::Equal => return Edge::try_from(middle).ok(),
                std::cmp::Ordering::Less => start = middle + 1,
                std::cmp::Ordering::Greater => end = middle,
            }
        }
        None
    }

    /// Finds the edge of a letter out of the node that an edge leads to.
    pub(super) fn after(&self, edge: Edge, letter: UnicharId) -> Option<Edge> {
        let node = usize::try_from(self.next_of(*self.edges.get(edge as usize)?)).ok()?;
        if node == 0 {
            return None; // no word goes on
        }
        for (place, &edge) in self.edges.iter().enumerate().skip(node) {
            if edge == self.empty_edge() {
                return None;
            }
            if self.letter_of(edge) == u64::from(letter) {
                return Edge::try_from(place).ok();
            }
            if self.has(edge, IS_LAST) {
                return None;
            }
        }
        None
    }

    pub(super) fn ends_word(&self, edge: Edge) -> bool {
        self.edges.get(edge as usize).is_some_and(|&edge| self.has(edge, ENDS_WORD))
    }

    fn letter_of(&self, edge: u64) -> u64 {
        edge & ((1 << self.letter_bits) - 1)
    }

    fn next_of(&self, edge: u64) -> u64 {
        edge >> (self.letter_bits + FLAG_BITS)
    }

    fn has(&self, edge: u64, flag: u64) -> bool {
        edge & (flag << self.letter_bits) != 0
    }

    fn empty_edge(&self) -> u64 {
        !0 << (self.letter_bits + FLAG_BITS)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Edges as (letter, flags, next node) with four bits a letter.
    pub(in super::super) fn bytes_of(edges: &[(u64, u64, u64)]) -> Vec<u8> {
        let mut bytes = 42_i16.to_le_bytes().to_vec();
        bytes.extend(15_i32.to_le_bytes());
        bytes.extend(i32::try_from(edges.len()).unwrap().to_le_bytes());
        for (letter, flags, next) in edges {
            bytes.extend((letter | flags << 4 | next << 7).to_le_bytes());
        }
        bytes
    }

    #[test]
    fn finds_the_words_that_it_holds() {
        // "3", "34", "5"
        let dawg = Dawg::new(&bytes_of(&[(3, ENDS_WORD, 2), (5, IS_LAST | ENDS_WORD, 0), (4, IS_LAST | ENDS_WORD, 0)]));
        let dawg = dawg.unwrap();
        let (three, five) = (dawg.first(3).unwrap(), dawg.first(5).unwrap());
        assert!(dawg.ends_word(three) && dawg.ends_word(five));
        assert_eq!(dawg.after(three, 4), Some(2));
        assert_eq!(dawg.after(three, 5), None);
        assert_eq!(dawg.after(five, 4), None);
        assert_eq!(dawg.first(4), None);
    }

    #[test]
    fn refuses_a_graph_that_leads_nowhere() {
        assert!(Dawg::new(&bytes_of(&[(3, IS_LAST, 9)])).is_err());
        assert!(Dawg::new(&bytes_of(&[])).is_err());
        assert!(Dawg::new(b"nonsense").is_err());
    }
}
