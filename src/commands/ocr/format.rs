use clap::ValueEnum;
use serde::Serialize;
use untxt_ocr::{Document, OcrError, PageContent, searchable_pdf};

pub(super) type PageResult = Result<PageContent, OcrError>;

/// What is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// The text; pages are separated by form feeds.
    Txt,
    /// Words with boxes and confidence.
    Json,
    /// A PDF whose text can be selected on top of the untouched scan.
    Pdf,
}

impl Format {
    pub(super) const fn extension(self) -> &'static str {
        match self {
            Self::Txt => "txt",
            Self::Json => "json",
            Self::Pdf => "pdf",
        }
    }

    pub(super) const fn is_text(self) -> bool {
        matches!(self, Self::Txt | Self::Json)
    }

    /// Writes the pages of a document; `None` stands for a page that was not asked for.
    pub(super) fn render(self, document: &Document, pages: &[Option<PageResult>]) -> anyhow::Result<Vec<u8>> {
        let asked = || (1..).zip(pages).filter_map(|(number, page)| Some((number, page.as_ref()?)));
        match self {
            Self::Txt => {
                let texts: Vec<_> = asked().map(|(_, page)| page.as_ref().map_or("", |page| &page.text)).collect();
                Ok(texts.join("\u{c}").into_bytes())
            }
            Self::Json => {
                let pages = asked().map(|(page, result)| JsonPage {
                    page,
                    content: result.as_ref().ok(),
                    failure: result.as_ref().err().map(ToString::to_string),
                });
                let mut json = serde_json::to_vec_pretty(&JsonDocument { pages: pages.collect() })?;
                json.push(b'\n');
                Ok(json)
            }
            Self::Pdf => {
                let pages: Vec<_> = pages.iter().map(|page| page.as_ref()?.as_ref().ok().cloned()).collect();
                Ok(searchable_pdf(document, &pages)?)
            }
        }
    }
}

/// What `--format json` gives.
#[derive(Serialize)]
struct JsonDocument<'a> {
    pages: Vec<JsonPage<'a>>,
}

/// A page as `--format json` gives it.
#[derive(Serialize)]
struct JsonPage<'a> {
    page: u32,
    #[serde(flatten)]
    content: Option<&'a PageContent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
}
