//! Reads the pages of files in the sandbox and out of it, compares what was read, and says what the difference costs.

use std::{
    fs,
    io::{self, Write},
    path::Path,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use untxt_core::domain::{DocumentId, OwnerId, PageContent, PageNumber, ReadingSettings};
use untxt_ocr::{Document, LanguageData, OcrError, OpenOptions, ReadOptions, Reader, TesseractEngine};
use untxt_worker::sandbox::{ChildCommand, Fault, Original, Sandbox, SandboxOptions};
use zeroize::Zeroizing;

/// What a page gave: words and picture, or nothing.
type Reading = Option<(PageContent, Vec<u8>)>;
type Load = fn(&str, &LanguageData) -> Result<TesseractEngine, OcrError>;

const MAX_PAGES: u32 = 2000;
const MAX_PAGE_PIXELS: u64 = 160_000_000;
/// Pages of a long file that are compared.
const PAGES_OF_A_FILE: u32 = 4;
/// Fresh children that are timed.
const STARTS: u32 = 20;

/// Compares file by file; fails when one is read differently.
pub(crate) fn compare(files: &[&str]) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let compared = runtime.map_err(io::Error::other).and_then(|runtime| runtime.block_on(compare_all(files)));
    match compared {
        Ok(true) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

async fn compare_all(files: &[&str]) -> io::Result<bool> {
    let (mut inside, mut outside) = (sandbox()?, Reader::new(TesseractEngine::new as Load, data()?));
    let (mut total_in, mut total_out, mut pages, mut all_same) = (Duration::ZERO, Duration::ZERO, 0, true);
    for file in files {
        let bytes = fs::read(file)?;
        let begin = Instant::now();
        let read_out = read_outside(&mut outside, bytes.clone());
        let out = begin.elapsed();
        let begin = Instant::now();
        let read_in = read_inside(&mut inside, bytes).await;
        let elapsed = begin.elapsed();
        let name = Path::new(file).file_name().unwrap_or_default().to_string_lossy();
        let verdict = match read_in {
            Ok(read_in) if read_in == read_out => "same".to_owned(),
            Ok(_) => "DIFFERENT".to_owned(),
            Err(fault) => format!("DIFFERENT ({fault})"),
        };
        let is_same = verdict == "same";
        let count = read_out.len();
        writeln!(io::stdout(), "{verdict} {count} pages, {elapsed:.0?} in, {out:.0?} out: {name}")?;
        (total_in, total_out, pages, all_same) =
            (total_in + elapsed, total_out + out, pages + count, all_same && is_same);
    }
    let begin = Instant::now();
    for _ in 0..STARTS {
        sandbox()?.warm_up().await.map_err(io::Error::other)?;
    }
    let start = begin.elapsed() / STARTS;
    writeln!(io::stdout(), "{pages} pages in {total_in:.1?}, out {total_out:.1?}; a child starts in {start:.1?}")?;
    Ok(all_same)
}

fn data() -> io::Result<LanguageData> {
    LanguageData::find(None).map_err(io::Error::other)
}

fn sandbox() -> io::Result<Sandbox> {
    let options = SandboxOptions {
        memory_bytes: 2 << 30,
        page_timeout: Duration::from_secs(120),
        pages_per_child: 200,
        max_file_bytes: 1 << 30,
        max_pages: MAX_PAGES,
        max_page_pixels: MAX_PAGE_PIXELS,
        tessdata_path: None,
        accept_without: Vec::new(),
    };
    Ok(Sandbox::new(ChildCommand::new(std::env::current_exe()?, ["tesseract"]), Arc::new(options)))
}

fn read_outside(reader: &mut Reader<TesseractEngine, Load>, bytes: Vec<u8>) -> Vec<Reading> {
    let limits = OpenOptions { max_pages: MAX_PAGES, max_page_pixels: MAX_PAGE_PIXELS, ..OpenOptions::default() };
    let Ok(document) = Document::open(bytes, &limits) else { return Vec::new() };
    let pages = 0..document.page_count().min(PAGES_OF_A_FILE);
    pages
        .map(|index| {
            let reading = reader.read_page(&document, index, &ReadOptions::default()).ok()?;
            Some((reading.page, reading.image.bytes))
        })
        .collect()
}

/// Any fault but a refusal is an error.
async fn read_inside(sandbox: &mut Sandbox, bytes: Vec<u8>) -> Result<Vec<Reading>, Fault> {
    let original = Original {
        owner: OwnerId::from(uuid::Uuid::nil()),
        document: DocumentId::generate(),
        bytes: Arc::new(Zeroizing::new(bytes)),
        settings: ReadingSettings::of_languages("auto"),
    };
    let count = match sandbox.count_pages(&original).await {
        Ok(count) => count,
        Err(Fault::Refused(_)) => return Ok(Vec::new()),
        Err(fault) => return Err(fault),
    };
    let mut readings = Vec::new();
    for index in 0..count.min(PAGES_OF_A_FILE) {
        readings.push(match sandbox.read_page(&original, PageNumber::from_index(index)).await {
            Ok(reading) => Some((reading.content, reading.image.bytes)),
            Err(Fault::Refused(_)) => None,
            Err(fault) => return Err(fault),
        });
    }
    Ok(readings)
}
