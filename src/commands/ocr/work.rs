use std::{
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Instant,
};

use bytesize::ByteSize;
use untxt_ocr::{Document, LanguageData, Making, OpenOptions, ReadOptions, Reader, TesseractEngine};

use super::{
    delivery::Delivery,
    event::Event,
    format::{Format, PageResult, Refusal, Rendered},
    inputs::Input,
    outputs::Paths,
    pages::Pages,
    plain::{plain_error, plain_path},
    progress::{Progress, count_pages},
    results::{Results, Tally},
};

/// What a run of the command is asked to do.
pub(super) struct Order {
    pub(super) inputs: Vec<Input>,
    pub(super) pages: Pages,
    pub(super) formats: Vec<Format>,
    /// For each input a file for each format; none for standard output.
    pub(super) paths: Paths,
    pub(super) delivery: Delivery,
    pub(super) max_file_size: ByteSize,
    pub(super) opening: OpenOptions,
    pub(super) reading: ReadOptions,
    pub(super) data: LanguageData,
    pub(super) jobs: NonZeroUsize,
}

/// A document while its pages are read.
struct OpenFile {
    input: usize,
    name: String,
    document: Document,
    work: Mutex<FileWork>,
}

struct FileWork {
    /// For each page of the document; none while it is not read, and for pages that were not asked for.
    results: Vec<Option<PageResult>>,
    left: usize,
}

/// What was made of a file.
#[derive(Default)]
struct Made {
    written: Vec<String>,
    printed: Vec<u8>,
    /// Formats that there is no result of.
    refused: usize,
}

/// One page to read.
struct PageWork {
    file: Arc<OpenFile>,
    index: u32,
}

/// All that the threads share. Pages are handed out one by one, file after file; the thread that reads the last page of
/// a file writes its results while the others go on with the next.
struct Desk<'a> {
    order: &'a Order,
    progress: &'a Progress,
    queue: Mutex<Queue>,
    results: Mutex<Results>,
}

#[derive(Default)]
struct Queue {
    next_input: usize,
    file: Option<Arc<OpenFile>>,
    /// Pages of `file` that nobody reads yet, the next one last.
    indices: Vec<u32>,
}

/// Reads everything, on as many threads as asked.
pub(super) fn run(order: &Order, progress: &Progress) -> anyhow::Result<Tally> {
    let desk = Desk { order, progress, queue: Mutex::default(), results: Mutex::default() };
    thread::scope(|scope| {
        for _ in 0..order.jobs.get() {
            scope.spawn(|| desk.work());
        }
    });
    desk.results.into_inner().unwrap_or_else(PoisonError::into_inner).end()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // a thread that panicked has not left anything half changed: every step is one push or one number
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Desk<'_> {
    fn work(&self) {
        let mut reader = Reader::new(TesseractEngine::new, self.order.data.clone());
        let mut next = self.next_page();
        while let Some(PageWork { file, mut index }) = next {
            // what it learns about fonts on one page helps on the next
            let mut inspector = file.document.inspector();
            next = loop {
                let begun = Instant::now();
                let result = reader.read_text(&mut inspector, index, &self.order.reading);
                self.progress.tell(&Event::page(&file.name, index + 1, &result, begun.elapsed()));
                self.hand_in(&file, index, result);
                match self.next_page() {
                    Some(page) if Arc::ptr_eq(&page.file, &file) => index = page.index,
                    other => break other,
                }
            };
        }
    }

    /// Takes a page's result; the last one of a file has its results written.
    fn hand_in(&self, file: &OpenFile, index: u32, result: PageResult) {
        let is_last = {
            let mut work = lock(&file.work);
            work.results[index as usize] = Some(result);
            work.left -= 1;
            work.left == 0
        };
        if is_last {
            self.finish(file);
        }
    }

    /// Gives the next page; opens the next file when the pages of one are handed out. None when all is read, or
    /// nobody takes the results.
    fn next_page(&self) -> Option<PageWork> {
        let mut queue = lock(&self.queue);
        while !lock(&self.results).are_refused() {
            if let (Some(index), Some(file)) = (queue.indices.pop(), &queue.file) {
                return Some(PageWork { file: Arc::clone(file), index });
            }
            queue.file = None;
            let place = queue.next_input;
            let input = self.order.inputs.get(place)?;
            queue.next_input += 1;
            match self.open(place, input) {
                Ok((file, mut indices)) => {
                    indices.reverse();
                    (queue.file, queue.indices) = (Some(Arc::new(file)), indices);
                }
                Err(failure) => self.give_up(place, input, failure),
            }
        }
        None
    }

    fn open(&self, place: usize, input: &Input) -> Result<(OpenFile, Vec<u32>), Refusal> {
        let bytes = input.read(self.order.max_file_size)?;
        let document = contain(|| Ok(Document::open(bytes, &self.order.opening)?))?;
        let page_count = document.page_count();
        let indices = self.order.pages.indices(page_count);
        if indices.is_empty() {
            let message = format!("has {}, none of which was asked for", count_pages(page_count as usize));
            return Err(Refusal { code: "no_such_page", message });
        }
        let name = input.name();
        self.progress.tell(&Event::FileStarted { file: &name, pages: indices.len() });
        if let Some(missing) = self.order.pages.missing(page_count) {
            self.progress.tell(&Event::PagesMissing { file: &name, missing, page_count });
        }
        if document.runs_in_circle() {
            self.progress.tell(&Event::PagesInCircle { file: &name, page_count });
        }
        let results = (0..page_count).map(|_| None).collect();
        let work = Mutex::new(FileWork { results, left: indices.len() });
        Ok((OpenFile { input: place, name, document, work }, indices))
    }

    fn give_up(&self, place: usize, input: &Input, refusal: Refusal) {
        self.progress.tell(&Event::file_failed(&input.name(), refusal));
        let tally = Tally { files: 1, failed_files: 1, ..Tally::default() };
        lock(&self.results).add(place, tally, Vec::new());
    }

    /// Makes and delivers what was asked for of a file.
    fn finish(&self, file: &OpenFile) {
        let pages = std::mem::take(&mut lock(&file.work).results);
        let read = pages.iter().flatten();
        let (count, failed) = (read.clone().count(), read.filter(|page| page.is_err()).count());
        let mut made = Made::default();
        if failed < count {
            for (place, &format) in self.order.formats.iter().enumerate() {
                if let Err(mut refusal) = self.deliver(file, place, format, &pages, &mut made) {
                    made.refused += 1;
                    refusal.message = format!("no {}: {}", format.name(), refusal.message);
                    self.progress.tell(&Event::file_failed(&file.name, refusal));
                }
            }
        }
        self.progress.tell(&Event::FileDone { file: &file.name, pages: count, failed, outputs: &made.written });
        let tally = Tally {
            files: 1,
            failed_files: usize::from(made.refused > 0 || failed == count),
            delivered_files: usize::from(failed < count && made.refused < self.order.formats.len()),
            pages: count,
            failed_pages: failed,
        };
        lock(&self.results).add(file.input, tally, made.printed);
    }

    fn deliver(
        &self,
        file: &OpenFile,
        place: usize,
        format: Format,
        pages: &[Option<PageResult>],
        made: &mut Made,
    ) -> Result<(), Refusal> {
        let has_tables = pages.iter().flatten().flatten().any(|page| !page.tables.is_empty());
        if format.is_of_tables() && !has_tables {
            self.progress.tell(&Event::TablesMissing { file: &file.name, format: format.name() });
        }
        let title = self.order.inputs[file.input].title();
        let rendered = contain(|| format.render(&title, &file.document, pages))?;
        self.tell_losses(file, format, &rendered);
        let bytes = rendered.bytes;
        let Some(path) = self.order.paths[file.input].get(place) else {
            made.printed = bytes;
            return Ok(());
        };
        if let Err(error) = self.order.delivery.write(path, &bytes) {
            let message = format!("{} can't be written: {}", plain_path(path), plain_error(&error));
            return Err(Refusal { code: "unwritten", message });
        }
        made.written.push(path.display().to_string());
        Ok(())
    }

    /// Says what a person would not expect of a result.
    fn tell_losses(&self, file: &OpenFile, format: Format, rendered: &Rendered) {
        let name = &file.name;
        let is_remade = format == Format::Pdf && rendered.making == Some(Making::New) && file.document.is_pdf();
        if is_remade {
            self.progress.tell(&Event::PdfRemade { file: name });
        }
        if rendered.making == Some(Making::Unchanged) && file.document.is_signed() {
            self.progress.tell(&Event::PdfSigned { file: name });
        }
        if !is_remade && !rendered.drawn.is_empty() {
            self.progress.tell(&Event::PagesDrawn { file: name, pages: &rendered.drawn });
        }
        if !rendered.dropped.is_empty() {
            let parts = rendered.dropped.iter().map(|part| part.name()).collect();
            self.progress.tell(&Event::PartsDropped { file: name, format: format.name(), parts });
        }
    }
}

/// Makes a panic a failure of this file, so that the others are still done.
fn contain<T>(make: impl FnOnce() -> Result<T, Refusal>) -> Result<T, Refusal> {
    catch_unwind(AssertUnwindSafe(make)).unwrap_or_else(|_| {
        let message = "made the program stop unexpectedly; please report it".into();
        Err(Refusal { code: "stopped", message })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_the_failure_of_one_file() {
        let results = [1, 2, 3].map(|file| contain(|| if file == 2 { panic!("file {file}") } else { Ok(file) }));
        let codes = results.each_ref().map(|result| result.as_ref().map_err(|refusal| refusal.code).copied());
        assert_eq!(codes, [Ok(1), Err("stopped"), Ok(3)]);
    }
}
