use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use untxt_ocr::{OcrError, PageContent};

use super::format::Refusal;

/// What happens while documents are read, for whoever watches. It never tells what a page says.
#[derive(Debug, Serialize)]
#[serde(tag = "type")]
pub(super) enum Event<'a> {
    #[serde(rename = "file.started")]
    FileStarted { file: &'a str, pages: usize },
    #[serde(rename = "page.done")]
    PageDone { file: &'a str, page: u32, words: usize, doubtful: usize, mean_confidence: f32, seconds: f64 },
    #[serde(rename = "page.failed")]
    PageFailed { file: &'a str, page: u32, code: &'static str, message: String },
    #[serde(rename = "file.done")]
    FileDone { file: &'a str, pages: usize, failed: usize, outputs: &'a [String] },
    #[serde(rename = "file.failed")]
    FileFailed { file: &'a str, code: &'static str, message: String },
    #[serde(rename = "done")]
    Done { files: usize, failed_files: usize, pages: usize, failed_pages: usize, seconds: f64 },
}

impl<'a> Event<'a> {
    pub(super) fn file_failed(file: &'a str, Refusal { code, message }: Refusal) -> Self {
        Self::FileFailed { file, code, message }
    }

    pub(super) fn page(file: &'a str, page: u32, result: &Result<PageContent, OcrError>, took: Duration) -> Self {
        match result {
            Ok(content) => Self::PageDone {
                file,
                page,
                words: content.words.len(),
                doubtful: content.words.iter().filter(|word| word.is_doubtful).count(),
                mean_confidence: content.mean_confidence,
                seconds: took.as_secs_f64(),
            },
            Err(error) => Self::PageFailed { file, page, code: error.code(), message: error.to_string() },
        }
    }
}

/// Who is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Audience {
    /// A person: a bar when standard error is a terminal, and every failure in a sentence.
    Person,
    /// A person who only wants to hear of failures.
    QuietPerson,
    /// A program: every event as a line of JSON on standard output.
    Program,
}

/// Tells how far the work is.
#[derive(Debug)]
pub(super) struct Progress {
    audience: Audience,
    bar: ProgressBar,
    begun: Instant,
}

impl Progress {
    pub(super) fn new(audience: Audience) -> Self {
        let is_shown = audience == Audience::Person && io::stderr().is_terminal();
        let target = if is_shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        let template = "{bar:32} {pos}/{len} pages  {per_sec}  {eta} left  {wide_msg}";
        bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { audience, bar, begun: Instant::now() }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Takes notice of an event; safe to call from several threads.
    pub(super) fn tell(&self, event: &Event<'_>) {
        match event {
            Event::FileStarted { file, pages } => {
                self.bar.inc_length(*pages as u64);
                self.bar.set_message((*file).to_owned());
            }
            Event::PageDone { .. } | Event::PageFailed { .. } => self.bar.inc(1),
            Event::Done { .. } => self.bar.finish_and_clear(),
            Event::FileDone { .. } | Event::FileFailed { .. } => {}
        }
        if self.audience == Audience::Program {
            self.print_line(event);
        } else {
            self.say(event);
        }
    }

    fn print_line(&self, event: &Event<'_>) {
        let Ok(mut line) = serde_json::to_vec(event) else { return };
        line.push(b'\n');
        let mut out = io::stdout().lock();
        // whoever stopped listening doesn't stop the work
        let _ = out.write_all(&line).and_then(|()| out.flush());
    }

    #[expect(clippy::print_stderr, reason = "a command tells its person what went wrong")]
    fn say(&self, event: &Event<'_>) {
        let sentence = match event {
            Event::PageFailed { file, page, message, .. } => format!("untxt: {file}: page {page}: {message}"),
            Event::FileFailed { file, message, .. } => format!("untxt: {file}: {message}"),
            Event::Done { pages, seconds, .. } if !self.bar.is_hidden() => {
                #[expect(clippy::cast_precision_loss, reason = "pages of one run")]
                let speed = *pages as f64 / seconds.max(0.001);
                format!("{pages} pages in {seconds:.1} s, {speed:.2} pages/s")
            }
            _ => return,
        };
        self.bar.suspend(|| eprintln!("{sentence}"));
    }
}
