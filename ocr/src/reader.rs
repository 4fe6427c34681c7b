use untxt_page::LanguageGuess;

use crate::{
    Document, Inspector, LanguageData, Languages, OcrEngine, OcrError, PageContent, PageReading, Pipeline, Preset,
    Raster, Warning, WarningCode,
    languages::{TrialReading, identify_page, search},
    own_page::own_page,
    pipeline::{contain, read_own_page},
};

/// Engines that stay loaded; each takes some 50 MB.
const MAX_LOADED: usize = 4;
/// Pages that are looked at to find the language of a document: the first may be a picture or a title.
const PAGES_TO_TRY: u32 = 3;
/// What a page is read with when nothing else can be told.
const USUAL: &str = "eng";
/// A language that was found with less confidence is a guess, and the page says so.
const CERTAIN_LANGUAGE: f32 = 0.5;
/// By how much the mean confidence of a page rises at least when it is read in its own language: prose gains 0.02 and more;
/// lists of goods look like any language and gain nothing.
const GAIN: f32 = 0.01;

/// How pages are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadOptions {
    /// What they are written in.
    pub languages: Languages,
    /// Which stages they go through before.
    pub preset: Preset,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self { languages: Languages::Auto, preset: Preset::Auto }
    }
}

/// Reads the pages of documents in the languages they are written in, with engines that stay loaded.
pub struct Reader<E, L> {
    /// Makes an engine for languages joined by `+`.
    load: L,
    data: LanguageData,
    /// The one used last comes last.
    loaded: Vec<(String, Pipeline<E>)>,
}

impl<E, L> std::fmt::Debug for Reader<E, L> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("data", &self.data).finish_non_exhaustive()
    }
}

impl<E, L> Reader<E, L>
where
    E: OcrEngine,
    L: FnMut(&str, &LanguageData) -> Result<E, OcrError>,
{
    /// Makes a reader; engines are loaded by `load` when a page needs them.
    pub const fn new(load: L, data: LanguageData) -> Self {
        Self { load, data, loaded: Vec::new() }
    }

    /// Gives the language data.
    pub const fn data(&self) -> &LanguageData {
        &self.data
    }

    /// Says whether pages can be read so.
    ///
    /// # Errors
    /// [`OcrError::LanguageMissing`] names a language that is not installed.
    pub fn check(&self, options: &ReadOptions) -> Result<(), OcrError> {
        match &options.languages {
            Languages::These(codes) => self.data.check(codes.iter().map(String::as_str)),
            Languages::Auto if self.data.candidates().is_empty() => {
                Err(OcrError::LanguageMissing { language: USUAL.into() })
            }
            Languages::Auto => Ok(()),
        }
    }

    /// Reads page `index` (from 0): words, layout, text and the picture.
    ///
    /// # Errors
    /// What is wrong with this page; other pages of the document may still be read.
    pub fn read_page(
        &mut self,
        document: &Document,
        index: u32,
        options: &ReadOptions,
    ) -> Result<PageReading, OcrError> {
        let inspection = document.inspect(index)?;
        // no engine is loaded for text that is there, and no page drawn to find its language
        if !inspection.needs_ocr {
            return read_own_page(document, index, &inspection);
        }
        let read = |pipeline: &mut Pipeline<E>| pipeline.read_drawn(document, index, &inspection);
        self.read_with(document, options, read, |reading| &mut reading.page)
    }

    /// Reads page `index` (from 0) of a document as [`Self::read_page`] does, but makes no picture: a page whose own
    /// text is kept is not drawn at all.
    ///
    /// # Errors
    /// As [`Self::read_page`].
    pub fn read_text(
        &mut self,
        inspector: &mut Inspector<'_>,
        index: u32,
        options: &ReadOptions,
    ) -> Result<PageContent, OcrError> {
        let inspection = inspector.inspect(index)?;
        if !inspection.needs_ocr {
            return contain(|| Ok(own_page(&inspection, inspection.size)));
        }
        let document = inspector.document();
        self.read_with(document, options, |pipeline| pipeline.read_unread(document, index, &inspection), |page| page)
    }

    fn read_with<T>(
        &mut self,
        document: &Document,
        options: &ReadOptions,
        mut read: impl FnMut(&mut Pipeline<E>) -> Result<T, OcrError>,
        content: impl Fn(&mut T) -> &mut PageContent,
    ) -> Result<T, OcrError> {
        self.check(options)?;
        if let Languages::These(codes) = &options.languages {
            let mut reading = read(self.pipeline_as(&codes.join("+"), options)?)?;
            let asked = |code| LanguageGuess { code, confidence: 1.0 };
            content(&mut reading).languages = codes.iter().cloned().map(asked).collect();
            return Ok(reading);
        }
        let mut guess = self.language_of(document, options)?;
        let mut reading = read(self.pipeline_as(&guess.code, options)?)?;
        let page = content(&mut reading);
        match identify_page(&page.text, &guess.code, &self.data.candidates()) {
            Some(found) if found.code == guess.code => {
                guess.confidence = guess.confidence.max(found.confidence * page.mean_confidence);
            }
            Some(other) => {
                let least = page.mean_confidence + GAIN;
                if let Ok(mut again) = read(self.pipeline_as(&other.code, options)?)
                    && content(&mut again).mean_confidence >= least
                {
                    let confidence = other.confidence * content(&mut again).mean_confidence;
                    (reading, guess) = (again, LanguageGuess { confidence, ..other });
                }
            }
            None => {}
        }
        let page = content(&mut reading);
        if guess.confidence < CERTAIN_LANGUAGE && !page.words.is_empty() {
            page.warnings.push(Warning { code: WarningCode::UncertainLanguage, count: 1 });
        }
        page.languages = vec![guess];
        Ok(reading)
    }

    /// Finds the language of a document once, on the first of its pages that says enough.
    fn language_of(&mut self, document: &Document, options: &ReadOptions) -> Result<LanguageGuess, OcrError> {
        if let Some(known) = document.language.get() {
            return Ok(known.clone());
        }
        let candidates = self.data.candidates();
        let usual = candidates.iter().find(|code| *code == USUAL).or(candidates.first()).cloned().unwrap_or_default();
        let mut guess = LanguageGuess { code: usual, confidence: 0.0 };
        if candidates.len() > 1 {
            for index in 0..document.page_count().min(PAGES_TO_TRY) {
                // a page that can't be decoded fails when its turn comes, not that of another page
                let Ok(page) = contain(|| document.raster(index)) else { continue };
                let trial = |part: &Raster, code: &str| self.try_reading(part, code, options);
                let found = contain(|| Ok(search(&page, options.preset, &candidates, trial)));
                if let Some(found) = found.unwrap_or(Ok(None))? {
                    guess = found.guess;
                    break;
                }
            }
        }
        // another thread may have been faster, with the same result
        Ok(document.language.get_or_init(|| guess).clone())
    }

    fn try_reading(&mut self, sample: &Raster, code: &str, options: &ReadOptions) -> Result<TrialReading, OcrError> {
        Ok(TrialReading { words: self.pipeline_as(code, options)?.read_sample(sample)?.words })
    }

    /// Gives the pipeline for languages, set to prepare pages as asked.
    fn pipeline_as(&mut self, languages: &str, options: &ReadOptions) -> Result<&mut Pipeline<E>, OcrError> {
        let pipeline = self.pipeline(languages)?;
        pipeline.set_preset(options.preset);
        Ok(pipeline)
    }

    fn pipeline(&mut self, languages: &str) -> Result<&mut Pipeline<E>, OcrError> {
        let entry = match self.loaded.iter().position(|(loaded, _)| loaded == languages) {
            Some(place) => self.loaded.remove(place),
            None => (languages.to_owned(), Pipeline::new((self.load)(languages, &self.data)?)),
        };
        if self.loaded.len() >= MAX_LOADED {
            self.loaded.remove(0);
        }
        self.loaded.push(entry);
        // just pushed
        self.loaded.last_mut().map(|(_, pipeline)| pipeline).ok_or(OcrError::engine("it is gone"))
    }
}
