use serde::{Deserialize, Serialize};

use super::state::closed_list;
use std::{fmt, str::FromStr};

use super::state::UnknownName;

closed_list!(
    /// Everything that may be wrong with a document or a page.
    FailureCode {
        /// The PDF asks for a password.
        Encrypted = "encrypted",
        /// The password that was given does not open the PDF.
        PasswordWrong = "password_wrong",
        /// The PDF is signed, so it gets no text layer unasked.
        Signed = "signed",
        /// A page draws more than any page does.
        TooComplex = "too_complex",
        /// The file has no page.
        NoPages = "no_pages",
        /// More pages than the configured limit.
        TooManyPages = "too_many_pages",
        /// More pixels than the configured limit, found before decoding.
        TooManyPixels = "too_many_pixels",
        /// The bytes end early or can't be decoded.
        Unreadable = "unreadable",
        /// The page took longer than the configured limit.
        Timeout = "timeout",
        /// The pages before it took all the time that one task may have.
        TaskTimeout = "task_timeout",
        /// Reading the page took more memory than one page may have.
        OutOfMemory = "out_of_memory",
        /// The reading process died on this page.
        Crashed = "crashed",
        /// The reading process did what reading never needs, and was ended.
        SandboxViolation = "sandbox_violation",
        /// The virus scanner found something.
        MalwareFound = "malware_found",
        /// The virus scanner gave no verdict: the file is too long for it, or it can't cope with it.
        NotScanned = "not_scanned",
        /// Data of a requested language is not installed.
        LanguageMissing = "language_missing",
        /// The fault is ours, after every retry.
        Internal = "internal",
    }
);

impl FailureCode {
    /// Says in one sentence what happened.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Encrypted => "the PDF is locked with a password",
            Self::PasswordWrong => "the password does not open the PDF",
            Self::Signed => "the PDF is signed, and a text layer would break the signature",
            Self::TooComplex => "the page draws more than this server accepts",
            Self::NoPages => "the file has no pages",
            Self::TooManyPages => "the file has more pages than this server accepts",
            Self::TooManyPixels => "the page image is larger than this server accepts",
            Self::Unreadable => "the data is damaged or cut off and can't be opened",
            Self::Timeout => "reading took longer than this server allows for one page",
            Self::TaskTimeout => "the pages before this one took all the time that this server allows for one document",
            Self::OutOfMemory => "reading needed more memory than this server allows for one page",
            Self::Crashed => "the reader stopped unexpectedly",
            Self::SandboxViolation => "the reader was ended when it did something that reading never needs",
            Self::MalwareFound => "the virus scanner found malware in the file, so it was not opened",
            Self::NotScanned => "the virus scanner gave no verdict on the file, so it was not opened",
            Self::LanguageMissing => "a language that was asked for is not installed",
            Self::Internal => "something went wrong on the server",
        }
    }

    /// Says in one sentence what the person can do.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Encrypted => "remove the password in a PDF viewer and upload the file again",
            Self::PasswordWrong => "check the password and try again",
            Self::Signed => "keep the original, and ask for a copy with text if the signature is not needed there",
            Self::TooComplex => "print the PDF to a new file and upload that",
            Self::NoPages => "export or scan the document again and upload the new file",
            Self::TooManyPages => "split the document and upload the parts",
            Self::TooManyPixels => "scan the page at 300 dpi, or make the image smaller, and upload it again",
            Self::Unreadable => "open the file on your computer to see whether it is whole, then upload it again",
            Self::Timeout => "scan the page again with less noise, or upload it alone",
            Self::TaskTimeout => "have the missing pages read again, or split the document and upload the parts",
            Self::OutOfMemory => "scan the page at a lower resolution and upload it again",
            Self::Crashed => "upload the page again as an image; if it fails again, tell your administrator",
            Self::SandboxViolation => "don't open this file elsewhere, it may be an attack; tell your administrator",
            Self::MalwareFound => "don't open the file elsewhere, delete it here, and tell your administrator",
            Self::NotScanned => {
                "split the document if it is long, or have it read again later; if it stays, tell your administrator"
            }
            Self::LanguageMissing => "ask your administrator to install the language, or choose another",
            Self::Internal => "try again later; if it stays, tell your administrator",
        }
    }
}

/// Why a page or a document could not be read, ready to be shown.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// From the closed list; stable, for programs.
    pub code: FailureCode,
    /// What happened, for people.
    pub sentence: &'static str,
    /// What to do about it, for people.
    pub advice: &'static str,
}

impl From<FailureCode> for Failure {
    fn from(code: FailureCode) -> Self {
        Self { code, sentence: code.sentence(), advice: code.advice() }
    }
}
