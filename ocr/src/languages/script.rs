use unicode_script::{Script, UnicodeScript};

/// Languages that share letters: one of them can read the others well enough to tell which one it is.
pub(super) struct Family {
    script: Script,
    /// The codes; the first that is installed reads for all.
    codes: &'static [&'static str],
}

/// Codes of Tesseract's languages that are not written in Latin letters. Chinese and Japanese share signs, but none of
/// their models reads the others.
const FAMILIES: [Family; 30] = [
    family(Script::Cyrillic, &["rus", "ukr", "bul", "srp", "bel", "mkd", "kaz", "kir", "mon", "tat", "tgk"]),
    family(Script::Cyrillic, &["uzb_cyrl", "aze_cyrl"]),
    family(Script::Greek, &["ell"]),
    family(Script::Hebrew, &["heb", "yid"]),
    family(Script::Arabic, &["ara", "fas", "urd", "pus", "snd", "uig"]),
    family(Script::Devanagari, &["hin", "mar", "nep", "san"]),
    family(Script::Bengali, &["ben", "asm"]),
    family(Script::Han, &["chi_sim"]),
    family(Script::Han, &["chi_tra"]),
    family(Script::Hiragana, &["jpn"]),
    family(Script::Hangul, &["kor"]),
    family(Script::Thai, &["tha"]),
    family(Script::Lao, &["lao"]),
    family(Script::Khmer, &["khm"]),
    family(Script::Myanmar, &["mya"]),
    family(Script::Georgian, &["kat"]),
    family(Script::Armenian, &["hye"]),
    family(Script::Ethiopic, &["amh", "tir"]),
    family(Script::Gujarati, &["guj"]),
    family(Script::Gurmukhi, &["pan"]),
    family(Script::Kannada, &["kan"]),
    family(Script::Malayalam, &["mal"]),
    family(Script::Tamil, &["tam"]),
    family(Script::Telugu, &["tel"]),
    family(Script::Sinhala, &["sin"]),
    family(Script::Oriya, &["ori"]),
    family(Script::Tibetan, &["bod", "dzo"]),
    family(Script::Syriac, &["syr"]),
    family(Script::Thaana, &["div"]),
    family(Script::Cherokee, &["chr"]),
];

/// Reads for the others that are written in Latin letters, the first that is installed.
const LATIN: Family = family(Script::Latin, &["eng", "deu", "fra", "spa", "ita", "por", "nld", "pol"]);

const fn family(script: Script, codes: &'static [&'static str]) -> Family {
    Family { script, codes }
}

/// Says whether a language is one of today, written in lines from side to side: others are only read when asked for.
pub(super) fn is_modern(code: &str) -> bool {
    const HISTORIC: [&str; 6] = ["enm", "frm", "frk", "grc", "deu_frak", "lat"];
    !code.ends_with("_vert") && !code.ends_with("_old") && !HISTORIC.contains(&code)
}

/// Sorts languages by what they are written in, Latin letters first; in each group the one that reads for all is first.
pub(super) fn group(codes: &[String]) -> Vec<(Script, Vec<String>)> {
    let is_listed = |code: &String| FAMILIES.iter().any(|family| family.codes.contains(&code.as_str()));
    let mut latin: Vec<_> = codes.iter().filter(|code| !is_listed(code)).cloned().collect();
    let rank = |code: &String| LATIN.codes.iter().position(|known| known == code).unwrap_or(LATIN.codes.len());
    latin.sort_by_key(rank);
    let others = FAMILIES.iter().map(|family| {
        let installed = family.codes.iter().filter(|code| codes.iter().any(|c| c == *code));
        (family.script, installed.map(|code| (*code).to_owned()).collect())
    });
    std::iter::once((LATIN.script, latin)).chain(others).filter(|(_, codes): &(_, Vec<_>)| !codes.is_empty()).collect()
}

/// Counts the letters of a text, and those among them that are written in `script`; Japanese counts as one.
pub(super) fn count_letters(text: &str, script: Script) -> (usize, usize) {
    let is_of = |letter: char| match (script, letter.script()) {
        (Script::Hiragana, Script::Katakana | Script::Han) => true,
        (wanted, found) => wanted == found,
    };
    let letters = || text.chars().filter(|letter| letter.is_alphabetic());
    (letters().count(), letters().filter(|&letter| is_of(letter)).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_has_its_reader_first() {
        let codes = ["spa", "deu", "ukr", "rus", "chi_tra", "jpn", "afr"].map(str::to_owned);
        let groups: Vec<_> = group(&codes).into_iter().map(|(_, codes)| codes.join(" ")).collect();
        assert_eq!(groups, ["deu spa afr", "rus ukr", "chi_tra", "jpn"]);
    }

    #[test]
    fn letters_belong_to_a_script() {
        assert_eq!(count_letters("Ελλάς 12 ab", Script::Greek), (7, 5));
        assert_eq!(count_letters("日本のテスト", Script::Hiragana), (6, 6));
    }
}
