use std::path::{Path, PathBuf};

use super::script::is_modern;
use crate::OcrError;

/// Where Debian and the usual builds keep language data.
const TESSDATA_FOLDERS: [&str; 4] = [
    "/usr/share/tesseract-ocr/5/tessdata",
    "/usr/share/tessdata",
    "/usr/local/share/tessdata",
    "/usr/share/tesseract-ocr/4.00/tessdata",
];

/// Data that is no language: page orientation, equations.
const NO_LANGUAGES: [&str; 2] = ["osd", "equ"];

/// A folder of Tesseract's language data, one `.traineddata` file a language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LanguageData {
    folder: PathBuf,
}

impl LanguageData {
    /// Takes a folder; without one, where distributions keep it.
    ///
    /// # Errors
    /// [`OcrError::Engine`] when there is no such folder.
    pub fn find(folder: Option<&Path>) -> Result<Self, OcrError> {
        let usual = || TESSDATA_FOLDERS.map(Path::new).into_iter().find(|folder| folder.is_dir());
        let folder = folder.or_else(usual).filter(|folder| folder.is_dir());
        let folder =
            folder.ok_or(OcrError::engine("there is no folder with language data; install tesseract-ocr-eng"))?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// Gives the folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Lists the codes of the installed languages, sorted.
    #[must_use]
    pub fn installed(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let codes = names.filter_map(|name| name.strip_suffix(".traineddata").map(str::to_owned));
        let mut codes: Vec<_> = codes.filter(|code| !NO_LANGUAGES.contains(&code.as_str())).collect();
        codes.sort();
        codes
    }

    /// Lists the installed languages that may be found by themselves: not the historic and vertical ones.
    pub(crate) fn candidates(&self) -> Vec<String> {
        let mut codes = self.installed();
        codes.retain(|code| is_modern(code));
        codes
    }

    /// Says whether every language is there.
    ///
    /// # Errors
    /// [`OcrError::LanguageMissing`] names the first that is not.
    pub(crate) fn check<'a>(&self, codes: impl IntoIterator<Item = &'a str>) -> Result<(), OcrError> {
        for code in codes {
            // a name, never a path
            let is_name = !code.is_empty() && code.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if !is_name || !self.folder.join(format!("{code}.traineddata")).is_file() {
                return Err(OcrError::LanguageMissing { language: code.to_owned() });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_languages_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["fra.traineddata", "deu.traineddata", "deu_frak.traineddata", "osd.traineddata", "pdf.ttf"] {
            std::fs::write(folder.path().join(name), b"").unwrap();
        }
        let data = LanguageData::find(Some(folder.path())).unwrap();
        assert_eq!(data.installed(), ["deu", "deu_frak", "fra"]);
        assert_eq!(data.candidates(), ["deu", "fra"]);
        assert_eq!(data.check(["fra", "deu"]), Ok(()));
        for missing in ["eng", "../deu", ""] {
            assert_eq!(data.check([missing]), Err(OcrError::LanguageMissing { language: missing.into() }));
        }
        assert!(LanguageData::find(Some(&folder.path().join("none"))).is_err());
    }
}
