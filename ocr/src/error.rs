use std::borrow::Cow;

/// Everything that can keep a document or a page from being read: a closed list, each with something a person can do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OcrError {
    /// The PDF asks for a password.
    #[error("the PDF is locked with a password; remove it in a PDF viewer and try again")]
    Encrypted,
    /// The password that was given does not open the PDF.
    #[error("the password does not open the PDF; check it and try again")]
    PasswordWrong,
    /// The PDF is signed; a text layer would make it another document than the one that was signed.
    #[error(
        "the PDF is signed and stays as it is; ask for a copy to get one with a text layer, without the signature's force"
    )]
    Signed,
    /// A PDF that is locked with a password, of which PDF/A is asked for.
    #[error("PDF/A can't be locked, and this PDF is; take the searchable PDF, or remove the password in a PDF viewer")]
    NotArchivable,
    /// A page draws more than any page does.
    #[error("the page draws too much to be read; print the PDF to a new file and try again")]
    TooComplex,
    /// The file has no bytes.
    #[error("the file is empty; scan or copy it again")]
    Empty,
    /// The file has no page.
    #[error("the file has no pages")]
    NoPages,
    /// More pages than [`crate::OpenOptions::max_pages`].
    #[error("the file has {pages} pages, the limit is {limit}; split it")]
    TooManyPages {
        /// Pages of the file.
        pages: u32,
        /// The limit.
        limit: u32,
    },
    /// More pixels than [`crate::OpenOptions::max_page_pixels`]; found before decoding.
    #[error("the page is {width} x {height} pixels, the limit is {limit} pixels; scan at 300 dpi or make it smaller")]
    TooManyPixels {
        /// Pixels from left to right.
        width: u32,
        /// Pixels from top to bottom.
        height: u32,
        /// The limit.
        limit: u64,
    },
    /// The bytes end early, are damaged, or are of a kind that we don't read.
    #[error("{0}; open the file in a viewer to see whether it is whole")]
    Unreadable(Cow<'static, str>),
    /// Data of a requested language is not installed.
    #[error("language `{language}` is not installed; install the package {}", package(language))]
    LanguageMissing {
        /// Code of the language, such as `deu`.
        language: String,
    },
    /// The engine failed; the fault is ours, not the document's.
    #[error("the OCR engine failed: {0}")]
    Engine(Cow<'static, str>),
}

/// Names Debian's package of a language.
fn package(language: &str) -> String {
    format!("tesseract-ocr-{}", language.replace('_', "-"))
}

impl OcrError {
    /// Names the kind of error, for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Encrypted => "encrypted",
            Self::PasswordWrong => "password_wrong",
            Self::Signed => "signed",
            Self::NotArchivable => "not_archivable",
            Self::TooComplex => "too_complex",
            Self::Empty => "empty_file",
            Self::NoPages => "no_pages",
            Self::TooManyPages { .. } => "too_many_pages",
            Self::TooManyPixels { .. } => "too_many_pixels",
            Self::Unreadable(_) => "unreadable",
            Self::LanguageMissing { .. } => "language_missing",
            Self::Engine(_) => "engine_failed",
        }
    }

    pub(crate) const fn unreadable(what: &'static str) -> Self {
        Self::Unreadable(Cow::Borrowed(what))
    }

    pub(crate) const fn engine(what: &'static str) -> Self {
        Self::Engine(Cow::Borrowed(what))
    }
}
