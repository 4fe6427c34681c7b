//! Which languages a page is read with: those that were asked for, or those that it is found to be written in.
//!
//! Promises: only installed languages are used, and a missing one is an error that names its package; the same document
//! gives the same languages. Refuses to know: engines. It asks for trial readings and compares them.

mod detect;
mod installed;
mod sample;
mod script;
mod search;

use std::str::FromStr;

pub(crate) use self::{
    detect::{TrialReading, identify_page},
    search::search,
};
pub use installed::LanguageData;

/// Languages of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Languages {
    /// Found out for each document, and checked on each page.
    Auto,
    /// Tesseract codes, such as `deu`, the main language first.
    These(Vec<String>),
}

impl FromStr for Languages {
    type Err = std::convert::Infallible;

    /// Reads `auto`, or codes joined by plus signs or commas. Whether they are installed is seen when they are loaded.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("auto") {
            return Ok(Self::Auto);
        }
        Ok(Self::These(text.split(['+', ',']).map(|code| code.trim().to_owned()).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_read_as_people_write_them() {
        assert_eq!("Auto".parse(), Ok(Languages::Auto));
        let these = Languages::These(vec!["deu".into(), "eng".into()]);
        assert_eq!("deu+eng".parse(), Ok(these.clone()));
        assert_eq!("deu, eng".parse(), Ok(these));
    }
}
