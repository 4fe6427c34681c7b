//! A reading child whose engine misbehaves as the width of the page tells it to; everything else is the real thing.

use std::{
    io::{Read, Write},
    process::{Command, ExitCode},
    sync::Arc,
    time::Duration,
};

use untxt_core::domain::{DocumentId, OwnerId, PageNumber, ReadingSettings};
use untxt_ocr::{OcrEngine, OcrError, Raster, Recognition, Word};
use untxt_worker::sandbox::{ChildCommand, Original, Sandbox, SandboxOptions};
use zeroize::Zeroizing;

struct BadEngine;

impl OcrEngine for BadEngine {
    fn recognise(&mut self, page: &Raster) -> Result<Recognition, OcrError> {
        match page.width {
            301 => panic!("the canary word must not be logged"),
            302 => loop {
                std::hint::spin_loop();
            },
            303 => eat_memory(),
            304 => die("-KILL"),
            305 => std::process::abort(),
            306 => Err(OcrError::Engine("out of ideas".into())),
            307 => Ok(words(names_in_environment())),
            308 => {
                wait();
                Ok(words(["slow".to_owned()]))
            }
            width => Ok(words(["page".to_owned(), width.to_string()])),
        }
    }

    fn name_version(&self) -> String {
        "bad 1".to_owned()
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

fn die(signal: &str) -> ! {
    // No unsafe call, no crate: the system's own tool sends the signal.
    let _ = Command::new("/bin/kill").args([signal, &std::process::id().to_string()]).status();
    std::process::exit(3)
}

#[expect(clippy::disallowed_methods, reason = "this process has nothing else to do")]
fn wait() {
    std::thread::sleep(std::time::Duration::from_millis(400));
}

/// Plays a parent: reads a document from its input, tells the child's number, and has page 1 read.
fn be_parent(mark: &str) -> ExitCode {
    let mut bytes = Vec::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let (Ok(_), Ok(runtime), Ok(program)) =
        (std::io::stdin().read_to_end(&mut bytes), runtime, std::env::current_exe())
    else {
        return ExitCode::FAILURE;
    };
    let options = SandboxOptions {
        memory_bytes: 512 << 20,
        page_timeout: Duration::from_secs(60),
        pages_per_child: 1,
        max_file_bytes: 1 << 20,
        max_pages: 1,
        max_page_pixels: 1 << 20,
        tessdata_path: None,
    };
    let bytes = Arc::new(Zeroizing::new(bytes));
    let original = Original {
        owner: OwnerId::generate(),
        document: DocumentId::generate(),
        bytes,
        settings: ReadingSettings::of_languages("eng"),
    };
    let mut sandbox = Sandbox::new(ChildCommand::new(program, ["bad", mark]), Arc::new(options));
    let read = runtime.block_on(async {
        sandbox.count_pages(&original).await?;
        let _ = writeln!(std::io::stdout(), "{}", sandbox.child_pid().unwrap_or_default());
        sandbox.read_page(&original, PageNumber::from_index(0)).await
    });
    if read.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("tesseract") => untxt_worker::sandbox::child_main(),
        Some("parent") => be_parent(&arguments.next().unwrap_or_default()),
        _ => untxt_worker::sandbox::serve(|_languages, _tessdata| Ok(BadEngine)),
    }
}
