use untxt_ocr::{LanguageData, Languages};

use super::plain::{plain, plain_path};

/// What others call the languages of Tesseract, each followed by Tesseract's code: ISO 639-1, and of ISO 639-2 the codes
/// that are made of the English name.
const ALIASES: &str = "\
    af afr am amh ar ara as asm az aze be bel bg bul bn ben bo bod br bre bs bos ca cat co cos cs ces cy cym da dan \
    de deu dv div dz dzo el ell en eng eo epo es spa et est eu eus fa fas fi fin fo fao fr fra fy fry ga gle gd gla \
    gl glg gu guj he heb hi hin hr hrv ht hat hu hun hy hye id ind is isl it ita iu iku ja jpn jv jav ka kat kk kaz \
    km khm kn kan ko kor ku kmr ky kir la lat lb ltz lo lao lt lit lv lav mi mri mk mkd ml mal mn mon mr mar ms msa \
    mt mlt my mya nb nor ne nep nl nld no nor oc oci or ori pa pan pl pol ps pus pt por qu que ro ron ru rus sa san \
    sd snd si sin sk slk sl slv sq sqi sr srp su sun sv swe sw swa ta tam te tel tg tgk th tha ti tir tl fil to ton \
    tr tur tt tat ug uig uk ukr ur urd uz uzb vi vie yi yid yo yor zh chi_sim \
    alb sqi arm hye baq eus bur mya chi chi_sim cze ces dut nld fre fra geo kat ger deu gre ell ice isl mac mkd \
    mao mri may msa per fas rum ron slo slk tib bod wel cym";

/// What Debian has packages of.
const PACKAGED: &str = "\
    afr amh ara asm aze aze_cyrl bel ben bod bos bre bul cat ceb ces chi_sim chi_sim_vert chi_tra chi_tra_vert chr cos \
    cym dan deu div dzo ell eng enm epo est eus fao fas fil fin fra frk frm fry gla gle glg grc guj hat heb hin hrv hun \
    hye iku ind isl ita ita_old jav jpn jpn_vert kan kat kat_old kaz khm kir kmr kor kor_vert lao lat lav lit ltz mal mar \
    mkd mlt mon mri msa mya nep nld nor oci ori pan pol por pus que ron rus san sin slk slv snd spa spa_old sqi srp \
    srp_latn sun swa swe syr tam tat tel tgk tha tir ton tur uig ukr urd uzb uzb_cyrl vie yid yor";

/// Says which of the languages that are asked for are not installed, what to do about each, and which are; `None` when all
/// are there.
pub(super) fn advise(asked: &Languages, data: &LanguageData) -> Option<String> {
    let Languages::These(codes) = asked else { return None };
    let installed = data.installed();
    let missing = codes.iter().map(String::as_str).filter(|code| !installed.iter().any(|there| there == code));
    let (known, unknown): (Vec<&str>, Vec<&str>) = missing.partition(|code| is_packaged(code));
    let mut advice: Vec<String> = unknown.into_iter().map(correct).collect();
    if !known.is_empty() {
        let (are, names) = (if known.len() == 1 { "is" } else { "are" }, known.join(" and "));
        let packages: Vec<String> = known.into_iter().map(package_of).collect();
        advice.push(format!("{names} {are} not installed; on Debian: apt install {}", packages.join(" ")));
    }
    (!advice.is_empty()).then(|| {
        advice.push(format!("installed in {}: {}", plain_path(data.folder()), installed.join(" ")));
        advice.join("\n")
    })
}

/// Says what a code that is none may be meant for: the names of most languages begin as their codes do.
fn correct(code: &str) -> String {
    let begin = code.get(..3).map(|begin| code_of_tesseract(begin.to_lowercase())).filter(|begin| is_packaged(begin));
    let advice = begin
        .map_or_else(|| "write them as deu or de, several as deu+eng".to_owned(), |meant| format!("is {meant} meant?"));
    format!("{} is no language of Tesseract's; {advice}", plain(code))
}

fn is_packaged(code: &str) -> bool {
    PACKAGED.split_ascii_whitespace().any(|known| known == code)
}

fn package_of(code: &str) -> String {
    format!("tesseract-ocr-{}", code.replace('_', "-"))
}

/// Reads `auto` or codes, and takes `de` and `ger` for `deu`.
///
/// # Errors
/// When a code is too short to be one, or `auto` is one of several.
pub(super) fn parse(text: &str) -> Result<Languages, String> {
    let Ok(Languages::These(codes)) = text.parse() else { return Ok(Languages::Auto) };
    let codes: Vec<_> = codes.into_iter().map(code_of_tesseract).collect();
    if codes.iter().any(|code| code.eq_ignore_ascii_case("auto")) {
        return Err("auto finds out the languages and goes with no other; name all of them, or auto alone".into());
    }
    match codes.iter().find(|code| code.len() < 3) {
        Some(code) => Err(format!("`{code}` is no language; write them as deu or de, several as deu+eng")),
        None => Ok(Languages::These(codes)),
    }
}

fn code_of_tesseract(code: String) -> String {
    let mut words = ALIASES.split_ascii_whitespace();
    while let (Some(alias), Some(known)) = (words.next(), words.next()) {
        if code.eq_ignore_ascii_case(alias) {
            return known.to_owned();
        }
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_has_several_codes() {
        let these = |codes: &[&str]| Ok(Languages::These(codes.iter().map(|&code| code.to_owned()).collect()));
        assert_eq!(parse("en+ger,fra"), these(&["eng", "deu", "fra"]));
        assert_eq!(parse("EN+uzb_cyrl+xxx"), these(&["eng", "uzb_cyrl", "xxx"]));
        assert_eq!(parse("auto"), Ok(Languages::Auto));
        assert!(parse("eng+xx").is_err() && parse("eng+").is_err());
        assert!(parse("auto+fra").is_err_and(|advice| advice.starts_with("auto finds out")));
    }

    #[test]
    fn what_is_missing_is_named_with_its_package() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["eng.traineddata", "my_own.traineddata"] {
            std::fs::write(folder.path().join(name), b"").unwrap();
        }
        let data = LanguageData::find(Some(folder.path())).unwrap();
        let advice = |asked: &str| advise(&parse(asked).unwrap(), &data);
        for there in ["auto", "eng", "en+my_own"] {
            assert_eq!(advice(there), None, "{there}");
        }
        let missing = advice("ro+zh+eng").unwrap();
        assert!(missing.contains("apt install tesseract-ocr-ron tesseract-ocr-chi-sim\n"), "{missing}");
        assert!(missing.ends_with(": eng my_own"), "{missing}");
        for (name, meant) in [("German", "is deu meant?"), ("francais", "is fra meant?"), ("qqqq", "deu+eng")] {
            assert!(advice(name).unwrap().contains(meant), "{name}");
        }
    }

    #[test]
    fn all_codes_have_a_package() {
        let words: Vec<_> = ALIASES.split_ascii_whitespace().collect();
        for [_, code] in words.as_chunks::<2>().0 {
            assert!(is_packaged(code), "{code}");
        }
    }

    #[test]
    fn the_codes_come_in_pairs() {
        let words: Vec<_> = ALIASES.split_ascii_whitespace().collect();
        let (pairs, rest) = words.as_chunks::<2>();
        assert!(rest.is_empty());
        for [alias, code] in pairs {
            assert!(alias.len() <= 3 && code.len() >= 3, "{alias} {code}");
            assert_eq!(words.iter().filter(|word| *word == alias).count(), 1, "{alias}");
        }
    }
}
