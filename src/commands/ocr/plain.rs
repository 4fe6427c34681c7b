use std::{io, path::Path};

/// Makes a name harmless for a terminal: what would move the cursor, break the line or turn the reading direction is
/// spelled out.
pub(super) fn plain(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for letter in name.chars() {
        match is_steering(letter) {
            true => plain.extend(letter.escape_default()),
            false => plain.push(letter),
        }
    }
    plain
}

/// The same for a path.
pub(super) fn plain_path(path: &Path) -> String {
    plain(&path.to_string_lossy())
}

/// Gives what the system says of a failure, without its number.
pub(super) fn plain_error(error: &io::Error) -> String {
    let said = error.to_string();
    let said = said.split_once(" (os error ").map_or(said.as_str(), |(said, _)| said);
    let mut letters = said.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

fn is_steering(letter: char) -> bool {
    let is_break = matches!(letter, '\u{2028}' | '\u{2029}');
    // Bidi_Control of Unicode
    let is_direction =
        matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    letter.is_control() || is_break || is_direction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_the_system_is_a_sentence() {
        let error = std::fs::read("/nowhere/at all").unwrap_err();
        assert_eq!(plain_error(&error), "no such file or directory");
        assert_eq!(plain_error(&io::Error::other("Gone")), "gone");
    }

    #[test]
    fn a_name_steers_no_terminal() {
        assert_eq!(plain("Übung שלום 日本.pdf"), "Übung שלום 日本.pdf");
        assert_eq!(plain("a\u{1b}[2J\nb\u{202e}fdp.exe\u{2028}"), r"a\u{1b}[2J\nb\u{202e}fdp.exe\u{2028}");
        assert_eq!(plain("\u{9b}1m\u{7f}\r"), r"\u{9b}1m\u{7f}\r");
    }
}
