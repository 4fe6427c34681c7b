//! A reading child whose engine misbehaves as the width of the page tells it to; everything else is the real thing.

use std::process::{Command, ExitCode};

use untxt_ocr::{OcrEngine, OcrError, Raster, Recognition, Word};

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
            307 => Ok(words(std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned()))),
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
    let word = |text| Word { text, confidence: 0.9, bounds: [1, 1, 20, 10], line: 0, block: 0 };
    Recognition { words: texts.into_iter().map(word).collect() }
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

fn main() -> ExitCode {
    untxt_worker::sandbox::serve(|_languages, _tessdata| Ok(BadEngine))
}
