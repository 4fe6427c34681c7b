use std::{
    fs::File,
    io::{self, BufReader, Write},
    os::fd::AsFd,
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
};

use untxt_core::domain::PageContent;
use untxt_ocr::{
    Document, LanguageData, Languages, OcrEngine, OcrError, OpenOptions, ReadOptions, Reader, TesseractEngine,
};

use super::{
    check::MAX_HEAD_BYTES,
    convert,
    frame::{self, FrameLimits},
    protocol::{Answer, Hello, MAX_HELLO_BYTES, Open, Request, VERSION},
    restrict::{close_inherited, restrict},
};

/// Reads documents for the parent process, until it closes the pipe. This is all that `untxt ocr-child` does.
#[must_use]
pub fn child_main() -> ExitCode {
    serve(TesseractEngine::new)
}

/// As [`child_main`], with another engine: `load` takes the languages, joined by `+`, and their data.
#[must_use]
pub fn serve<E, L>(load: L) -> ExitCode
where
    E: OcrEngine,
    L: FnMut(&str, &LanguageData) -> Result<E, OcrError>,
{
    match converse(load) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_error) => ExitCode::FAILURE,
    }
}

fn converse<E, L>(load: L) -> io::Result<()>
where
    E: OcrEngine,
    L: FnMut(&str, &LanguageData) -> Result<E, OcrError>,
{
    close_inherited()?;
    let mut output = take_stdout()?;
    let mut input = BufReader::new(File::from(io::stdin().as_fd().try_clone_to_owned()?));
    let first = FrameLimits { head_bytes: MAX_HELLO_BYTES, attachment_bytes: 0 };
    let Some((Request::Hello(hello), _)) = frame::read(&mut input, first)? else {
        return Err(frame::nonsense("the parent did not say hello"));
    };
    if hello.version != VERSION {
        return Err(frame::nonsense("the parent is of another version"));
    }
    // Where there is no language data, the first document is told so.
    let data = LanguageData::find(hello.tessdata_path.as_deref());
    let walls = restrict(&hello, data.as_ref().ok().map(LanguageData::folder))?;
    quiet_panics();
    frame::write(&mut output, &Answer::Ready { version: VERSION, walls }, &[])?;
    let reader = data.map(|data| Reader::new(load, data));
    answer_all(&mut input, &mut output, &hello, Desk { reader, document: None })
}

fn answer_all<E, L>(
    input: &mut BufReader<File>,
    output: &mut impl Write,
    hello: &Hello,
    mut desk: Desk<E, L>,
) -> io::Result<()>
where
    E: OcrEngine,
    L: FnMut(&str, &LanguageData) -> Result<E, OcrError>,
{
    // The text of all pages may be longer than the file itself.
    let attachment_bytes = hello.max_file_bytes.max(hello.memory_bytes);
    let limits = FrameLimits { head_bytes: MAX_HEAD_BYTES, attachment_bytes };
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
    /// Its engines stay loaded from document to document.
    reader: Result<Reader<E, L>, OcrError>,
    document: Option<(Document, ReadOptions)>,
}

impl<E, L> Desk<E, L>
where
    E: OcrEngine,
    L: FnMut(&str, &LanguageData) -> Result<E, OcrError>,
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
        let languages = open.settings.languages.parse().unwrap_or(Languages::Auto);
        let reading = ReadOptions { languages, preset: open.settings.preset };
        // A missing language is the whole document's failure.
        self.reader.as_ref().map_err(Clone::clone)?.check(&reading)?;
        let options = OpenOptions {
            max_pages: open.max_pages,
            max_page_pixels: open.max_page_pixels,
            text_mode: open.settings.text_mode,
            ..OpenOptions::default()
        };
        let document = Document::open(bytes, &options)?;
        let page_count = document.page_count();
        self.document = Some((document, reading));
        Ok((Answer::Opened { page_count }, Vec::new()))
    }

    fn read_page(&mut self, index: u32) -> Result<(Answer, Vec<u8>), OcrError> {
        let (Some((document, options)), Ok(reader)) = (&self.document, &mut self.reader) else { return Ok(broken()) };
        let reading = reader.read_page(document, index, options)?;
        let Some(image_media_type) = convert::media_type(&reading.image.media_type) else { return Ok(broken()) };
        Ok((Answer::Page { content: Box::new(reading.page), image_media_type }, reading.image.bytes))
    }

    fn searchable_pdf(&mut self, pages: &[u8]) -> Result<(Answer, Vec<u8>), OcrError> {
        let Some((document, _)) = &self.document else { return Ok(broken()) };
        let Ok(pages) = postcard::from_bytes::<Vec<Option<PageContent>>>(pages) else { return Ok(broken()) };
        Ok((Answer::Pdf, untxt_ocr::searchable_pdf(document, &pages)?.bytes))
    }
}

fn broken() -> (Answer, Vec<u8>) {
    (Answer::Broken, Vec::new())
}
