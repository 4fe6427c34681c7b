use std::{
    fs::File,
    io::{self, BufReader, Write},
    os::fd::AsFd,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    process::ExitCode,
};

use untxt_core::domain::PageContent;
use untxt_ocr::{Document, OcrEngine, OcrError, OpenOptions, Pipeline, TesseractEngine};

use super::{
    check::MAX_HEAD_BYTES,
    convert,
    frame::{self, FrameLimits},
    protocol::{Answer, Hello, Open, Request, VERSION},
    restrict::restrict,
};

/// Reads documents for the parent process, until it closes the pipe. This is all that `untxt ocr-child` does.
#[must_use]
pub fn child_main() -> ExitCode {
    serve(TesseractEngine::new)
}

/// As [`child_main`], with another engine: `load` takes the languages and the folder of language data.
#[must_use]
pub fn serve<E, L>(load: L) -> ExitCode
where
    E: OcrEngine,
    L: FnMut(&str, Option<&Path>) -> Result<E, OcrError>,
{
    match converse(load) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_error) => ExitCode::FAILURE,
    }
}

fn converse<E, L>(load: L) -> io::Result<()>
where
    E: OcrEngine,
    L: FnMut(&str, Option<&Path>) -> Result<E, OcrError>,
{
    let mut output = take_stdout()?;
    let mut input = BufReader::new(File::from(io::stdin().as_fd().try_clone_to_owned()?));
    let first = FrameLimits { head_bytes: 64, attachment_bytes: 0 };
    let Some((Request::Hello(hello), _)) = frame::read(&mut input, first)? else {
        return Err(frame::nonsense("the parent did not say hello"));
    };
    if hello.version != VERSION {
        return Err(frame::nonsense("the parent is of another version"));
    }
    restrict(&hello)?;
    quiet_panics();
    frame::write(&mut output, &Answer::Ready { version: VERSION }, &[])?;
    answer_all(&mut input, &mut output, &hello, load)
}

fn answer_all<E, L>(input: &mut BufReader<File>, output: &mut impl Write, hello: &Hello, load: L) -> io::Result<()>
where
    E: OcrEngine,
    L: FnMut(&str, Option<&Path>) -> Result<E, OcrError>,
{
    // The text of all pages may be longer than the file itself.
    let attachment_bytes = hello.max_file_bytes.max(hello.memory_bytes);
    let limits = FrameLimits { head_bytes: MAX_HEAD_BYTES, attachment_bytes };
    let mut desk = Desk { load, engine: None, document: None };
    while let Some((request, attachment)) = frame::read(input, limits)? {
        // After a panic the document or the engine may be half changed: answer and end.
        let (answer, file) =
            catch_unwind(AssertUnwindSafe(|| desk.answer(request, attachment))).unwrap_or((Answer::Broken, Vec::new()));
        frame::write(output, &answer, &file)?;
        if matches!(answer, Answer::Broken) {
            return Err(io::Error::other("the reader broke"));
        }
    }
    Ok(())
}

/// Keeps the pipe to the parent for ourselves: what a library prints to standard output goes to standard error.
fn take_stdout() -> io::Result<File> {
    let output = io::stdout().as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stdout(io::stderr())?;
    Ok(File::from(output))
}

/// A panic's message may quote the document; its place is enough for whoever runs the child by hand.
fn quiet_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        // There is nobody to tell if even this fails.
        let _ = writeln!(io::stderr(), "panic at {place}");
    }));
}

/// What the child keeps between requests.
struct Desk<E, L> {
    load: L,
    engine: Option<LoadedEngine<E>>,
    document: Option<Document>,
}

struct LoadedEngine<E> {
    languages: String,
    tessdata_path: Option<PathBuf>,
    pipeline: Pipeline<E>,
}

impl<E, L> Desk<E, L>
where
    E: OcrEngine,
    L: FnMut(&str, Option<&Path>) -> Result<E, OcrError>,
{
    fn answer(&mut self, request: Request, attachment: Vec<u8>) -> (Answer, Vec<u8>) {
        let answer = match request {
            Request::Hello(_) => return (Answer::Broken, Vec::new()),
            Request::Open(open) => self.open(&open, attachment),
            Request::ReadPage { index } => self.read_page(index),
            Request::SearchablePdf => self.searchable_pdf(&attachment),
            Request::Close => {
                self.document = None;
                Ok((Answer::Closed, Vec::new()))
            }
        };
        answer.unwrap_or_else(|error| match convert::failure_code(&error) {
            Some(code) => (Answer::Failed { code }, Vec::new()),
            None => (Answer::Broken, Vec::new()),
        })
    }

    fn open(&mut self, open: &Open, bytes: Vec<u8>) -> Result<(Answer, Vec<u8>), OcrError> {
        // The old document's memory is free before the new one's is taken.
        self.document = None;
        self.load_engine(open)?;
        let options = OpenOptions { max_pages: open.max_pages, max_page_pixels: open.max_page_pixels };
        let document = Document::open(bytes, &options)?;
        let page_count = document.page_count();
        self.document = Some(document);
        Ok((Answer::Opened { page_count }, Vec::new()))
    }

    /// Loads the engine unless the right one is there: a missing language is the whole document's failure.
    fn load_engine(&mut self, open: &Open) -> Result<(), OcrError> {
        let wanted =
            |engine: &LoadedEngine<E>| engine.languages == open.languages && engine.tessdata_path == open.tessdata_path;
        if self.engine.as_ref().is_some_and(wanted) {
            return Ok(());
        }
        self.engine = None;
        let engine = (self.load)(&open.languages, open.tessdata_path.as_deref())?;
        self.engine = Some(LoadedEngine {
            languages: open.languages.clone(),
            tessdata_path: open.tessdata_path.clone(),
            pipeline: Pipeline::new(engine),
        });
        Ok(())
    }

    fn read_page(&mut self, index: u32) -> Result<(Answer, Vec<u8>), OcrError> {
        let (Some(document), Some(engine)) = (&self.document, &mut self.engine) else { return Ok(broken()) };
        let reading = engine.pipeline.read_page(document, index)?;
        let Some(image_media_type) = convert::media_type(&reading.image.media_type) else { return Ok(broken()) };
        Ok((Answer::Page { content: Box::new(reading.page), image_media_type }, reading.image.bytes))
    }

    fn searchable_pdf(&mut self, pages: &[u8]) -> Result<(Answer, Vec<u8>), OcrError> {
        let Some(document) = &self.document else { return Ok(broken()) };
        let Ok(pages) = postcard::from_bytes::<Vec<Option<PageContent>>>(pages) else { return Ok(broken()) };
        Ok((Answer::Pdf, untxt_ocr::searchable_pdf(document, &pages)?))
    }
}

fn broken() -> (Answer, Vec<u8>) {
    (Answer::Broken, Vec::new())
}
