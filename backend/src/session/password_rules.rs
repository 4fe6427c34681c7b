//! What a new password has to be: long, and not what somebody would guess. How guessable one is, zxcvbn says, which knows the
//! 30,000 most used passwords, names, words of English, keyboard rows, dates, repeats and the usual changes of letters.

use secrecy::{ExposeSecret, SecretString};
use zxcvbn::{Score, zxcvbn};

use super::password::{MAX_PASSWORD_BYTES, normalise};

/// NIST SP 800-63B §5.1.1.2 asks for 8; UNTXT has always asked for 12.
const MIN_CHARS: usize = 12;

/// What zxcvbn looks at: its time grows with the square, and nothing that long is guessed.
const LOOKED_AT_CHARS: usize = 72;

/// Why a password can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// Fewer than 12 characters.
    #[error("a password has at least 12 characters")]
    TooShort,
    /// More than 1,024 bytes.
    #[error("a password has at most 1024 bytes")]
    TooLong,
    /// In a list, or a pattern, or the login.
    #[error(
        "the password is easy to guess: it is a common one, a pattern, or much like the login; take four random words"
    )]
    Guessable,
}

/// Checks a new password of this login.
///
/// # Errors
/// What is wrong with it.
pub fn check_new_password(login: &str, password: &SecretString) -> Result<(), WeakPassword> {
    if password.expose_secret().len() > MAX_PASSWORD_BYTES {
        return Err(WeakPassword::TooLong);
    }
    let password = normalise(password);
    let password = password.expose_secret();
    if password.len() > MAX_PASSWORD_BYTES {
        return Err(WeakPassword::TooLong);
    }
    if password.chars().count() < MIN_CHARS {
        return Err(WeakPassword::TooShort);
    }
    let looked_at: String = password.chars().take(LOOKED_AT_CHARS).collect();
    let name = login.split('@').next().unwrap_or_default();
    let known = [login, name, "untxt", "password", "passwort"].map(str::to_lowercase);
    let known: Vec<_> = known.iter().map(String::as_str).collect();
    let is_bare = known.iter().filter(|word| word.len() >= 3).any(|word| is_little_more_than(&looked_at, word));
    // Three of four: ten thousand guesses a second need a day or more, and each costs an attacker argon2id.
    if is_bare || zxcvbn(&looked_at, &known).score() < Score::Three {
        return Err(WeakPassword::Guessable);
    }
    Ok(())
}

/// Says whether a password is this word, as often as you like, with three other characters at most.
fn is_little_more_than(password: &str, word: &str) -> bool {
    let lower = password.to_lowercase();
    let others = lower.replace(word, "");
    others.len() < lower.len() && others.chars().count() <= 3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(password: &str) -> Result<(), WeakPassword> {
        check_new_password("ada.lovelace@example.org", &password.to_owned().into())
    }

    #[test]
    fn short_and_endless_ones_are_refused() {
        assert_eq!(check("x7#kQ9!mZ2v"), Err(WeakPassword::TooShort));
        // Twelve code points as typed, eleven characters in the form that counts.
        assert_eq!(check("u\u{308}x7#kQ9!mZ2"), Err(WeakPassword::TooShort));
        assert_eq!(check(&"correct horse ".repeat(80)), Err(WeakPassword::TooLong));
    }

    #[test]
    fn what_people_would_guess_is_refused() {
        for bad in [
            "aaaaaaaaaaaaaaaa",
            "abcabcabcabcabcabc",
            "123456789012",
            "qwertyuiop12",
            "Password1234!",
            "passwortpasswort",
            "1qaz2wsx3edc",
            "iloveyou1234",
            "ada.lovelace@example.org",
            "Ada.Lovelace12",
            "untxtuntxtuntxt",
        ] {
            assert_eq!(check(bad), Err(WeakPassword::Guessable), "{bad}");
        }
    }

    #[test]
    fn random_words_letters_and_other_scripts_are_fine() {
        for good in [
            "correct horse battery staple",
            "kqj3-8fwm-2xbt-vz7c",
            "Herbstlaub raschelt leise",
            "\u{43c}\u{43e}\u{439} \u{43a}\u{43e}\u{442} \u{43b}\u{44e}\u{431}\u{438}\u{442} \u{440}\u{44b}\u{431}\u{443}",
            &"many words without any end ".repeat(30),
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
    }
}
