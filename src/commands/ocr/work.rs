use std::{
    collections::BTreeMap,
    io::{self, Write},
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Instant,
};

use untxt_ocr::{Document, LanguageData, OpenOptions, ReadOptions, Reader, TesseractEngine};

use super::{
    event::Event,
    format::{Format, PageResult, Refusal},
    inputs::Input,
    outputs::{self, Destination},
    pages::Pages,
    progress::{Progress, count_pages},
};

/// What a run of the command is asked to do.
pub(super) struct Order {
    pub(super) inputs: Vec<Input>,
    pub(super) pages: Pages,
    pub(super) formats: Vec<Format>,
    pub(super) destination: Destination,
    pub(super) opening: OpenOptions,
    pub(super) reading: ReadOptions,
    pub(super) data: LanguageData,
    pub(super) jobs: NonZeroUsize,
}

/// What became of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) files: usize,
    pub(super) failed_files: usize,
    pub(super) pages: usize,
    pub(super) failed_pages: usize,
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

#[derive(Default)]
struct Results {
    tally: Tally,
    /// Results for standard output that wait for those before them.
    waiting: BTreeMap<usize, Vec<u8>>,
    printed: usize,
    /// The first thing that went wrong with writing.
    fault: Option<anyhow::Error>,
}

/// Reads everything, on as many threads as asked.
pub(super) fn run(order: &Order, progress: &Progress) -> anyhow::Result<Tally> {
    let desk = Desk { order, progress, queue: Mutex::default(), results: Mutex::default() };
    thread::scope(|scope| {
        for _ in 0..order.jobs.get() {
            scope.spawn(|| desk.work());
        }
    });
    let results = desk.results.into_inner().unwrap_or_else(PoisonError::into_inner);
    match results.fault {
        Some(fault) => Err(fault),
        None => Ok(results.tally),
    }
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
        if is_last && let Err(fault) = self.finish(file) {
            lock(&self.results).fault.get_or_insert(fault);
            self.stop();
        }
    }

    fn stop(&self) {
        let mut queue = lock(&self.queue);
        queue.indices.clear();
        queue.next_input = self.order.inputs.len();
    }

    /// Gives the next page; opens the next file when the pages of one are handed out.
    fn next_page(&self) -> Option<PageWork> {
        let mut queue = lock(&self.queue);
        loop {
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
    }

    fn open(&self, place: usize, input: &Input) -> Result<(OpenFile, Vec<u32>), Refusal> {
        let unreadable = |error| Refusal { code: "unreadable", message: format!("can't be read: {error}") };
        let bytes = input.read().map_err(unreadable)?;
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
        let results = (0..page_count).map(|_| None).collect();
        let work = Mutex::new(FileWork { results, left: indices.len() });
        Ok((OpenFile { input: place, name, document, work }, indices))
    }

    fn give_up(&self, place: usize, input: &Input, refusal: Refusal) {
        self.progress.tell(&Event::file_failed(&input.name(), refusal));
        let mut results = lock(&self.results);
        results.tally.files += 1;
        results.tally.failed_files += 1;
        results.print_in_order(place, Vec::new());
    }

    /// Writes what was read from a file.
    fn finish(&self, file: &OpenFile) -> anyhow::Result<()> {
        let results = std::mem::take(&mut lock(&file.work).results);
        let read = results.iter().flatten();
        let (pages, failed) = (read.clone().count(), read.filter(|page| page.is_err()).count());
        let mut written = Vec::new();
        let mut printed = Vec::new();
        let mut is_refused = failed == pages;
        let formats = if is_refused { &[][..] } else { &self.order.formats };
        for &format in formats {
            let input = &self.order.inputs[file.input];
            let rendered = contain(|| format.render(&input.title(), &file.document, &results));
            match (rendered, self.order.destination.path(input, format)) {
                (Ok(bytes), Some(path)) => {
                    outputs::write(&path, &bytes)?;
                    written.push(path.display().to_string());
                }
                (Ok(bytes), None) => printed = bytes,
                (Err(refusal), _) => {
                    is_refused = true;
                    self.progress.tell(&Event::file_failed(&file.name, refusal));
                }
            }
        }
        self.progress.tell(&Event::FileDone { file: &file.name, pages, failed, outputs: &written });
        let mut results = lock(&self.results);
        results.tally.files += 1;
        results.tally.failed_files += usize::from(is_refused);
        results.tally.pages += pages;
        results.tally.failed_pages += failed;
        results.print_in_order(file.input, printed);
        Ok(())
    }
}

/// Makes a panic a failure of this file, so that the others are still done.
fn contain<T>(make: impl FnOnce() -> Result<T, Refusal>) -> Result<T, Refusal> {
    catch_unwind(AssertUnwindSafe(make)).unwrap_or_else(|_| {
        let message = "made the program stop unexpectedly; please report it".into();
        Err(Refusal { code: "stopped", message })
    })
}

impl Results {
    /// Prints a result when all before it are printed.
    fn print_in_order(&mut self, place: usize, bytes: Vec<u8>) {
        self.waiting.insert(place, bytes);
        while let Some(bytes) = self.waiting.remove(&self.printed) {
            self.printed += 1;
            if let Err(error) = io::stdout().write_all(&bytes).and_then(|()| io::stdout().flush()) {
                let fault = anyhow::Error::new(error).context("standard output can't be written");
                self.fault.get_or_insert(fault);
            }
        }
    }
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
