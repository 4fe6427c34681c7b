use super::{Unsupported, cursor::Cursor};

/// The id of a character in the character set.
pub(super) type UnicharId = u16;

/// The character set: id 0 is the space, ids 1 and 2 are placeholders that never stand in a text.
pub(super) const SPACE: UnicharId = 0;

/// What the outputs of the network mean: Tesseract's character set (unicharset.cpp) and the code of each character
/// (unicharcompress.cpp). Only sets where one output is one character, and words stand between spaces.
#[derive(Debug)]
pub(super) struct Unicharset {
    texts: Vec<String>,
    is_digit: Vec<bool>,
    /// the character of each output of the network
    by_code: Vec<Option<UnicharId>>,
}

/// Scripts that write words without spaces between them, or from right to left: their lines need what only
/// Tesseract's own reader does.
const OTHER_SCRIPTS: [&str; 12] = [
    "Han", "Hiragana", "Katakana", "Hangul", "Thai", "Lao", "Khmer", "Myanmar", "Tibetan", "Arabic", "Hebrew", "Syriac",
];
const DIGIT: u32 = 8;
/// Ids below this are the space and placeholders.
const SPECIAL: usize = 3;

impl Unicharset {
    /// Reads the character set (text, a line each: character, properties in hexadecimal, measures, script, ...) and
    /// its codes, for a network of so many outputs whose null is `null`.
    pub(super) fn new(set: &[u8], codes: &[u8], outputs: usize, null: usize) -> Result<Self, Unsupported> {
        let set = std::str::from_utf8(set).map_err(|_| Unsupported("its character set is not UTF-8"))?;
        let mut lines = set.lines();
        let count = lines.next().and_then(|line| line.trim().parse::<UnicharId>().ok());
        let count = count.ok_or(Unsupported("its character set is unreadable"))?;
        let mut texts = Vec::new();
        let mut is_digit = Vec::new();
        for line in lines.take(usize::from(count)) {
            let mut fields = line.split(' ');
            let (text, properties) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
            if fields.any(|field| OTHER_SCRIPTS.contains(&field)) {
                return Err(Unsupported("its script does not part words by spaces, or runs from right to left"));
            }
            texts.push(if text == "NULL" { " ".to_owned() } else { text.to_owned() });
            is_digit.push(u32::from_str_radix(properties, 16).is_ok_and(|bits| bits & DIGIT != 0));
        }
        if texts.len() != usize::from(count) {
            return Err(Unsupported("its character set is short"));
        }
        let by_code = read_codes(codes, texts.len(), outputs, null)?;
        Ok(Self { texts, is_digit, by_code })
    }

    pub(super) fn text(&self, id: UnicharId) -> &str {
        self.texts.get(usize::from(id)).map_or("", String::as_str)
    }

    pub(super) fn is_digit(&self, id: UnicharId) -> bool {
        self.is_digit.get(usize::from(id)).is_some_and(|&is| is)
    }

    /// The character that an output of the network stands for; none for the null.
    pub(super) fn by_code(&self, code: usize) -> Option<UnicharId> {
        self.by_code.get(code).copied().flatten()
    }
}

fn read_codes(
    codes: &[u8],
    characters: usize,
    outputs: usize,
    null: usize,
) -> Result<Vec<Option<UnicharId>>, Unsupported> {
    let mut cursor = Cursor::new(codes);
    let mut by_code = vec![None; outputs];
    for id in 0..cursor.size()? {
        cursor.u8()?;
        if cursor.size()? != 1 {
            return Err(Unsupported("a character takes several codes"));
        }
        let code = cursor.size()?;
        let is_character = id == usize::from(SPACE) || (SPECIAL..characters).contains(&id);
        if !is_character || code == null {
            continue;
        }
        let place = by_code.get_mut(code).ok_or(Unsupported("a code is beyond the network's outputs"))?;
        *place = Some(UnicharId::try_from(id).map_err(|_| Unsupported("its character set is too large"))?);
    }
    match by_code.first() {
        Some(Some(SPACE)) => Ok(by_code),
        _ => Err(Unsupported("its space has another code")),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const SET: &str = "5\nNULL 0 Common 0\nJoined 7 0 Latin 1\n|Broken|0|1 f 0 Common 2\n\
        a 3 0 Latin 3\n7 8 0 Common 4\n";

    fn codes(of: &[&[i32]]) -> Vec<u8> {
        let mut bytes = i32::try_from(of.len()).unwrap().to_le_bytes().to_vec();
        for code in of {
            bytes.push(1);
            bytes.extend(i32::try_from(code.len()).unwrap().to_le_bytes());
            bytes.extend(code.iter().flat_map(|part| part.to_le_bytes()));
        }
        bytes
    }

    /// Space, "a", "7" and the null, as codes 0 to 3; ids 0, 3 and 4.
    pub(in super::super) fn letters() -> Unicharset {
        Unicharset::new(SET.as_bytes(), &codes(&[&[0], &[3], &[3], &[1], &[2]]), 4, 3).unwrap()
    }

    #[test]
    fn maps_outputs_to_characters() {
        let set = letters();
        let texts: Vec<_> = (0..4).map(|code| set.by_code(code).map(|id| set.text(id))).collect();
        assert_eq!(texts, [Some(" "), Some("a"), Some("7"), None]);
        assert_eq!([3, 4].map(|id| set.is_digit(id)), [false, true]);
    }

    #[test]
    fn refuses_what_it_can_not_read() {
        let short = codes(&[&[0], &[3], &[3], &[1, 2], &[2]]);
        assert!(Unicharset::new(SET.as_bytes(), &short, 4, 3).is_err());
        let thai = SET.replace("0 Latin 3", "0 Thai 3");
        assert!(Unicharset::new(thai.as_bytes(), &codes(&[&[0], &[3], &[3], &[1], &[2]]), 4, 3).is_err());
    }
}
