//! What people are written, in both languages: who reads it is not known here. No word of a document, ever.

use std::error::Error as StdError;

use lettre::message::header::{Header, HeaderName, HeaderValue};

/// A letter without its envelope.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Letter {
    pub(super) subject: &'static str,
    pub(super) text: String,
}

impl Letter {
    /// The link to a new password.
    pub(crate) fn reset(site: &str, login: &str, link: &str, minutes: u32) -> Self {
        let text = format!(
            "Somebody, probably you, wants a new password for the login {login} at {site}.\n\
             Open this link within {minutes} minutes and choose one. It is good once.\n\
             \n\
             Jemand, vermutlich Sie, möchte ein neues Passwort für die Anmeldung {login} bei {site}.\n\
             Öffnen Sie diesen Link innerhalb von {minutes} Minuten und wählen Sie eines. Er gilt einmal.\n\
             \n\
             {link}\n\
             \n\
             It was not you? Then do nothing: your password stays as it is.\n\
             Sie waren es nicht? Dann tun Sie nichts: Ihr Passwort bleibt, wie es ist.\n"
        );
        Self { subject: "UNTXT: new password / neues Passwort", text }
    }

    /// Afterwards, so that nobody's password changes behind their back.
    pub(crate) fn was_reset(site: &str, login: &str) -> Self {
        let text = format!(
            "The password of the login {login} at {site} was changed with a link that was sent to this address.\n\
             All sessions have ended. Tokens for programs go on: look at them in your account.\n\
             It was not you? Then tell your administrator now.\n\
             \n\
             Das Passwort der Anmeldung {login} bei {site} wurde mit einem Link geändert, der an diese Adresse ging.\n\
             Alle Sitzungen sind beendet. Tokens für Programme gelten weiter: Sie finden sie in Ihrem Konto.\n\
             Sie waren es nicht? Dann sagen Sie es jetzt Ihrer Administration.\n"
        );
        Self { subject: "UNTXT: password changed / Passwort geändert", text }
    }

    /// To those whose documents they are, and to administrators. Which, and why, the letter doesn't say.
    pub(crate) fn emergency(site: &str, login: &str, minutes: u32) -> Self {
        let text = format!(
            "{login} has taken access in an emergency at {site}, for {minutes} minutes at most: to documents of yours, or of\n\
             somebody whom you administrate. Log in to see whose they are; the server keeps on record what is read.\n\
             Something is wrong? Then tell your administrator now, who can end it at once.\n\
             \n\
             {login} hat bei {site} einen Notfallzugriff genommen, für höchstens {minutes} Minuten: auf Dokumente von Ihnen oder\n\
             von jemandem, den Sie verwalten. Melden Sie sich an, um zu sehen, wessen es sind; der Server hält fest, was gelesen wird.\n\
             Etwas stimmt nicht? Dann sagen Sie es jetzt Ihrer Administration, die ihn sofort beenden kann.\n"
        );
        Self { subject: "UNTXT: access in an emergency / Notfallzugriff", text }
    }

    /// To an address that gets no more letters.
    pub(crate) fn moved(site: &str, login: &str) -> Self {
        let text = format!(
            "The login {login} at {site} has another address now, or none; this was the last letter to this one.\n\
             It was not you? Then tell your administrator now.\n\
             \n\
             Die Anmeldung {login} bei {site} hat jetzt eine andere Adresse oder keine; dies ist die letzte Nachricht an diese.\n\
             Sie waren es nicht? Dann sagen Sie es jetzt Ihrer Administration.\n"
        );
        Self { subject: "UNTXT: other address / andere Adresse", text }
    }
}

/// A letter may hold a link that opens an account.
impl std::fmt::Debug for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Letter").field("subject", &self.subject).finish_non_exhaustive()
    }
}

/// Says that nobody typed this, so that nobody's absence is told in answer (RFC 3834 §5).
#[derive(Clone)]
pub(super) struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn StdError + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}
