use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use untxt_page::is_right_to_left;

/// Letters beyond ASCII that fit into one byte: the upper half, and what controls a terminal but for the ends of lines.
const SPARE: usize = 128 + 29;

/// How the letters of a document are coded.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Alphabet {
    /// One byte a letter: ASCII is itself, and these are the codes of the others.
    Narrow(BTreeMap<char, u8>),
    /// UTF-16, with the upper halves of the codes that occur: for documents with more letters than a byte has room for.
    Wide(BTreeSet<u8>),
}

impl Alphabet {
    /// Makes the alphabet of these words.
    pub(super) fn of<'w>(words: impl Iterator<Item = &'w str> + Clone) -> Self {
        let others: BTreeSet<char> = words.clone().flat_map(str::chars).filter(|letter| !is_plain(*letter)).collect();
        if others.len() <= SPARE {
            let spare = (0x80..=0xff).chain(1..0x20).filter(|code| !matches!(code, b'\n' | b'\r'));
            return Self::Narrow(others.into_iter().zip(spare).collect());
        }
        let codes = words.flat_map(str::encode_utf16).chain([u16::from(b' ')]);
        Self::Wide(codes.map(|code| code.to_be_bytes()[0]).collect())
    }

    /// Codes a word from left to right, as all PDFs have them: viewers turn what is read from right to left round again.
    /// Also says how many codes there are.
    pub(super) fn encode(&self, text: &str, has_space: bool) -> (Vec<u8>, usize) {
        let mut letters: Vec<char> = text.chars().collect();
        if is_right_to_left(text) {
            letters.reverse();
        }
        letters.extend(has_space.then_some(' '));
        match self {
            Self::Narrow(others) => {
                let code = |letter: &char| others.get(letter).copied().or_else(|| u8::try_from(*letter).ok());
                (letters.iter().filter_map(code).collect(), letters.len())
            }
            Self::Wide(_) => {
                let units: Vec<u16> = letters.iter().flat_map(|letter| encode_utf16(*letter)).collect();
                (units.iter().flat_map(|unit| unit.to_be_bytes()).collect(), units.len())
            }
        }
    }

    /// Writes which code is which letter, as PDF has it (ISO 32000-1, 9.10.3).
    pub(super) fn unicode_map(&self) -> String {
        let mut map = String::from(
            "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n\
             /CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n\
             /CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n1 begincodespacerange\n",
        );
        match self {
            Self::Narrow(others) => write_narrow(&mut map, others),
            Self::Wide(rows) => write_wide(&mut map, rows),
        }
        map.push_str("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n");
        map
    }
}

/// A section of the map has at most so many lines.
const SECTION: usize = 100;

fn write_narrow(map: &mut String, others: &BTreeMap<char, u8>) {
    map.push_str("<00> <FF>\nendcodespacerange\n1 beginbfrange\n<20> <7E> <0020>\nendbfrange\n");
    for section in others.iter().collect::<Vec<_>>().chunks(SECTION) {
        let _ = writeln!(map, "{} beginbfchar", section.len());
        for (letter, code) in section {
            let units: String = encode_utf16(**letter).map(|unit| format!("{unit:04X}")).collect();
            let _ = writeln!(map, "<{code:02X}> <{units}>");
        }
        map.push_str("endbfchar\n");
    }
}

/// Maps codes to themselves; a range must not cross a border of 256.
fn write_wide(map: &mut String, rows: &BTreeSet<u8>) {
    map.push_str("<0000> <FFFF>\nendcodespacerange\n");
    for section in rows.iter().collect::<Vec<_>>().chunks(SECTION) {
        let _ = writeln!(map, "{} beginbfrange", section.len());
        for row in section {
            let _ = writeln!(map, "<{row:02X}00> <{row:02X}FF> <{row:02X}00>");
        }
        map.push_str("endbfrange\n");
    }
}

fn encode_utf16(letter: char) -> impl Iterator<Item = u16> {
    let mut buffer = [0; 2];
    let length = letter.encode_utf16(&mut buffer).len();
    buffer.into_iter().take(length)
}

const fn is_plain(letter: char) -> bool {
    matches!(letter, ' '..='~')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_letters_take_a_byte_each() {
        let alphabet = Alphabet::of(["Größe", "\u{1f600}~"].into_iter());
        assert_eq!(alphabet.encode("Größe", true), (b"Gr\x81\x80e ".to_vec(), 6));
        assert_eq!(alphabet.encode("\u{1f600}~", false), (vec![0x82, b'~'], 2));
        let map = alphabet.unicode_map();
        assert!(map.contains("<20> <7E> <0020>") && map.contains("3 beginbfchar\n<80> <00DF>\n<81> <00F6>"), "{map}");
        assert!(map.contains("<82> <D83DDE00>"), "{map}");
    }

    #[test]
    fn many_letters_take_two() {
        let all: String = ('\u{4e00}'..'\u{4f00}').collect();
        let alphabet = Alphabet::of([all.as_str(), "a"].into_iter());
        assert_eq!(alphabet, Alphabet::Wide([0, 0x4e].into()));
        assert_eq!(alphabet.encode("\u{4e2d}a", true), (vec![0x4e, 0x2d, 0, b'a', 0, b' '], 3));
        assert!(alphabet.unicode_map().contains("<4E00> <4EFF> <4E00>"));
    }

    #[test]
    fn every_letter_has_a_code_of_its_own() {
        let all: String = ('\u{100}'..).take(SPARE).collect();
        let Alphabet::Narrow(codes) = Alphabet::of([all.as_str()].into_iter()) else { panic!("it fits") };
        assert_eq!(codes.values().collect::<BTreeSet<_>>().len(), SPARE);
        assert!(codes.values().all(|code| !(b' '..=b'~').contains(code) && !matches!(code, b'\n' | b'\r' | 0)));
    }

    #[test]
    fn what_is_read_from_right_to_left_is_turned_round() {
        let alphabet = Alphabet::of(["אב"].into_iter());
        assert_eq!(alphabet.encode("אב", true).0, [0x81, 0x80, b' ']);
    }
}
