//! A reading child whose engine misbehaves as the width of the page tells it to; everything else is the real thing.

mod attempts;
mod compare;
mod old_kernel;

use std::{
    io::{Read, Write},
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use untxt_core::domain::{DocumentId, OwnerId, PageNumber, ReadingSettings};
use untxt_ocr::{Layout, OcrEngine, OcrError, Raster, Recognition, Word};
use untxt_worker::sandbox::{ChildCommand, Original, Sandbox, SandboxOptions};
use zeroize::Zeroizing;

use attempts::Attempt;

#[derive(Clone, Copy)]
struct BadEngine {
    /// What it tries on pages made for that.
    attempt: Option<Attempt>,
}

impl OcrEngine for BadEngine {
    fn recognise(&mut self, page: &Raster) -> Result<Recognition, OcrError> {
        match page.width {
            301 => panic!("the canary word must not be logged"),
            302 => loop {
                std::hint::spin_loop();
            },
            303 => eat_memory(),
            304 => overflow(page.width),
            305 => std::process::abort(),
            306 => Err(OcrError::Engine("out of ideas".into())),
            307 => Ok(words(names_in_environment())),
            308 => {
                wait();
                Ok(words(["slow".to_owned()]))
            }
            309 => self.try_to_get_out(),
            310 => {
                // 200 MB that nobody gives back
                Box::leak(vec![1_u8; 200 << 20].into_boxed_slice());
                Ok(words(["leaked".to_owned()]))
            }
            width => Ok(words(["page".to_owned(), width.to_string()])),
        }
    }

    /// A page is read again at other sizes, which mean nothing here.
    fn recognise_as(&mut self, _: &Raster, _: Layout) -> Result<Recognition, OcrError> {
        Ok(Recognition::default())
    }

    fn name_version(&self) -> String {
        "bad 1".to_owned()
    }
}

impl BadEngine {
    fn try_to_get_out(self) -> Result<Recognition, OcrError> {
        match self.attempt.map(|attempt| attempt()) {
            Some(Ok(())) => Ok(words(["escaped".to_owned()])),
            Some(Err(_refused)) => Err(OcrError::Engine("it was refused".into())),
            None => Err(OcrError::Engine("there is no such attempt".into())),
        }
    }
}

fn words(texts: impl IntoIterator<Item = String>) -> Recognition {
    // side by side, as words stand: of two in one place the reader keeps one
    let word = |(left, text)| Word { text, confidence: 0.9, bounds: [left, 10, left + 40, 30], ..Word::default() };
    Recognition { words: (10..).step_by(50).zip(texts).map(word).collect() }
}

#[expect(clippy::disallowed_methods, reason = "the test asks what is there")]
fn names_in_environment() -> Vec<String> {
    std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned()).collect()
}

fn eat_memory() -> ! {
    let mut eaten = Vec::new();
    loop {
        eaten.push(vec![1_u8; 16 << 20]);
    }
}

/// Calls itself until the stack ends, as a parser does with a file that nests without end.
fn overflow(depth: u32) -> Result<Recognition, OcrError> {
    let frame = std::hint::black_box([depth; 1024]);
    if frame[0] == u32::MAX {
        return Ok(words(["deep".to_owned()]));
    }
    let below = overflow(frame[0] + 1)?;
    Ok(std::hint::black_box(below))
}

/// Takes its time without asking the kernel for it: a child may not sleep.
fn wait() {
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_millis(400) {
        std::hint::spin_loop();
    }
}

fn options() -> SandboxOptions {
    SandboxOptions {
        memory_bytes: 512 << 20,
        page_timeout: Duration::from_secs(60),
        pages_per_child: 1,
        max_file_bytes: 1 << 20,
        max_pages: 1,
        max_page_pixels: 1 << 20,
        tessdata_path: None,
        accept_without: Vec::new(),
    }
}

/// Plays a parent: reads a document from its input, tells the child's number, and has page 1 read.
fn be_parent() -> ExitCode {
    let mut bytes = Vec::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let (Ok(_), Ok(runtime), Ok(program)) =
        (std::io::stdin().read_to_end(&mut bytes), runtime, std::env::current_exe())
    else {
        return ExitCode::FAILURE;
    };
    let bytes = Arc::new(Zeroizing::new(bytes));
    let original = Original {
        owner: OwnerId::generate(),
        document: DocumentId::generate(),
        bytes,
        settings: ReadingSettings::of_languages("eng"),
    };
    let mut sandbox = Sandbox::new(ChildCommand::new(program, ["bad"]), Arc::new(options()));
    let read = runtime.block_on(async {
        sandbox.count_pages(&original).await?;
        let _ = writeln!(std::io::stdout(), "{}", sandbox.child_pid().unwrap_or_default());
        sandbox.read_page(&original, PageNumber::from_index(0)).await
    });
    if read.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn main() -> ExitCode {
    attempts::prepare();
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["tesseract", ..] => untxt_worker::sandbox::child_main(),
        ["parent", ..] => be_parent(),
        ["old-kernel", layer, ref accepted @ ..] => old_kernel::be_parent(layer, accepted),
        ["compare", ref files @ ..] => compare::compare(files),
        ["outside", attempt] => match attempts::find(attempt).map(|attempt| attempt()) {
            Some(Ok(())) => ExitCode::SUCCESS,
            _ => ExitCode::FAILURE,
        },
        ["bad", _, attempt] => serve_badly(attempts::find(attempt)),
        _ => serve_badly(None),
    }
}

fn serve_badly(attempt: Option<Attempt>) -> ExitCode {
    untxt_worker::sandbox::serve(move |_languages, _tessdata| Ok(BadEngine { attempt }))
}
