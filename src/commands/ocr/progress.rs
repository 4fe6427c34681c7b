use std::{
    collections::HashMap,
    io::{self, IsTerminal, Write},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{event::Event, plain::plain};

/// Steps of the bar.
const STEPS: f64 = 1000.0;

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
    course: Mutex<Course>,
    begun: Instant,
}

impl Progress {
    pub(super) fn new(audience: Audience, files: usize) -> Self {
        let is_shown = audience == Audience::Person && io::stderr().is_terminal();
        let target = if is_shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small number, written above")]
        let bar = ProgressBar::with_draw_target(Some(STEPS as u64), target);
        let style = ProgressStyle::with_template("{bar:32} {prefix}  {wide_msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { audience, bar, course: Mutex::new(Course::new(files)), begun: Instant::now() }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Takes notice of an event; safe to call from several threads.
    pub(super) fn tell(&self, event: &Event<'_>) {
        match event {
            Event::Done { .. } => self.bar.finish_and_clear(),
            _ if !self.bar.is_hidden() => self.move_bar(event),
            _ => {}
        }
        match self.audience {
            Audience::Program => print_line(event),
            Audience::Person | Audience::QuietPerson => self.say(event),
        }
    }

    fn move_bar(&self, event: &Event<'_>) {
        let mut course = self.course.lock().unwrap_or_else(PoisonError::into_inner);
        course.follow(event);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to STEPS")]
        self.bar.set_position((course.part_done().clamp(0.0, 1.0) * STEPS) as u64);
        self.bar.set_prefix(course.describe(self.elapsed()));
        if let Event::FileStarted { file, .. } = event {
            self.bar.set_message(plain(file));
        }
    }

    #[expect(clippy::print_stderr, reason = "a command tells its person what went wrong")]
    fn say(&self, event: &Event<'_>) {
        let is_shown = match event {
            Event::Done { .. } => !self.bar.is_hidden(),
            Event::PagesMissing { .. }
            | Event::PagesDrawn { .. }
            | Event::PartsDropped { .. }
            | Event::TablesMissing { .. } => self.audience == Audience::Person,
            _ => true,
        };
        if let Some(sentence) = event.sentence().filter(|_| is_shown) {
            self.bar.suspend(|| eprintln!("{sentence}"));
        }
    }
}

fn print_line(event: &Event<'_>) {
    let Ok(mut line) = serde_json::to_vec(event) else { return };
    line.push(b'\n');
    let mut out = io::stdout().lock();
    // whoever stopped listening doesn't stop the work
    let _ = out.write_all(&line).and_then(|()| out.flush());
}

/// How far the work is. How many pages a file has is known when it is opened; so every file is the same part of the
/// whole, and the bar never goes back.
#[derive(Debug)]
struct Course {
    files: usize,
    done_files: usize,
    /// Pages of the files that are open.
    open: HashMap<String, usize>,
    pages: usize,
    done_pages: usize,
    /// Done files, and of the open ones the part that is done.
    parts: f64,
}

impl Course {
    fn new(files: usize) -> Self {
        Self { files, done_files: 0, open: HashMap::new(), pages: 0, done_pages: 0, parts: 0.0 }
    }

    #[expect(clippy::cast_precision_loss, reason = "pages of one file")]
    fn follow(&mut self, event: &Event<'_>) {
        match event {
            Event::FileStarted { file, pages } => {
                self.open.insert((*file).to_owned(), *pages);
                self.pages += pages;
            }
            Event::PageDone { file, .. } | Event::PageFailed { file, .. } => {
                self.done_pages += 1;
                self.parts += 1.0 / self.open.get(*file).copied().unwrap_or(1).max(1) as f64;
            }
            Event::FileDone { .. } => self.done_files += 1,
            // it could not be opened
            Event::FileFailed { file, .. } if !self.open.contains_key(*file) => {
                self.done_files += 1;
                self.parts += 1.0;
            }
            Event::FileFailed { .. }
            | Event::PagesMissing { .. }
            | Event::PagesInCircle { .. }
            | Event::PagesDrawn { .. }
            | Event::PdfRemade { .. }
            | Event::PdfSigned { .. }
            | Event::PartsDropped { .. }
            | Event::TablesMissing { .. }
            | Event::Done { .. } => {}
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "files of one run")]
    fn part_done(&self) -> f64 {
        self.parts / self.files.max(1) as f64
    }

    /// Says it in numbers; how long it will take, as soon as anything is known of it.
    fn describe(&self, elapsed: Duration) -> String {
        let mut said = match self.files {
            1 => format!("{}/{} pages", self.done_pages, self.pages),
            files => format!("{}/{files} files, {}", self.done_files, count_pages(self.done_pages)),
        };
        let part = self.part_done();
        if self.done_pages > 0 && part > 0.0 {
            let left = elapsed.mul_f64((1.0 / part - 1.0).max(0.0));
            said += &format!("  {}/s", speed(self.done_pages, elapsed));
            if left >= Duration::from_secs(1) {
                said += &format!("  {:#} left", HumanDuration(left));
            }
        }
        said
    }
}

/// Counts pages in words.
pub(super) fn count_pages(pages: usize) -> String {
    format!("{pages} {}", if pages == 1 { "page" } else { "pages" })
}

/// Writes pages per second with two significant digits.
pub(super) fn speed(pages: usize, elapsed: Duration) -> String {
    #[expect(clippy::cast_precision_loss, reason = "pages of one run")]
    let speed = pages as f64 / elapsed.as_secs_f64().max(0.001);
    match speed {
        9.95.. => format!("{speed:.0}"),
        0.995.. => format!("{speed:.1}"),
        0.0995.. => format!("{speed:.2}"),
        0.00995.. => format!("{speed:.3}"),
        _ => format!("{speed:.4}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(file: &str) -> Event<'_> {
        Event::PageDone { file, page: 1, words: 0, doubtful: 0, mean_confidence: 0.0, damaged: false, seconds: 0.0 }
    }

    #[test]
    fn the_bar_never_goes_back() {
        let mut course = Course::new(3);
        let failed = Event::FileFailed { file: "c", code: "unreadable", message: String::new() };
        let outputs = &[];
        let mut before = 0.0;
        for event in [
            Event::FileStarted { file: "a", pages: 2 },
            done("a"),
            Event::FileStarted { file: "b", pages: 4 },
            done("a"),
            Event::FileDone { file: "a", pages: 2, failed: 0, outputs },
            done("b"),
            failed,
        ] {
            course.follow(&event);
            assert!(course.part_done() >= before);
            before = course.part_done();
        }
        assert!((before - 2.25 / 3.0).abs() < 1e-9, "{before}");
        assert_eq!(course.describe(Duration::from_secs(3)), "2/3 files, 3 pages  1.0/s  1s left");
    }

    #[test]
    fn nothing_is_foretold_before_anything_is_known() {
        let mut course = Course::new(1);
        course.follow(&Event::FileStarted { file: "a", pages: 5 });
        assert_eq!(course.describe(Duration::from_secs(9)), "0/5 pages");
        course.follow(&done("a"));
        assert_eq!(course.describe(Duration::from_secs(6)), "1/5 pages  0.17/s  24s left");
    }

    #[test]
    fn a_speed_has_two_digits() {
        let speeds = [(1, 60), (5, 29), (5, 5), (100, 3), (1999, 1)].map(|(n, s)| speed(n, Duration::from_secs(s)));
        assert_eq!(speeds, ["0.017", "0.17", "1.0", "33", "1999"]);
    }
}
