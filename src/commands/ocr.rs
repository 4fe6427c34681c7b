use std::{
    io::Write,
    num::NonZeroUsize,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{self, ExitCode},
    sync::{
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    thread,
};

use anyhow::Context;
use clap::{Args, ValueEnum};
use serde::Serialize;
use untxt_ocr::{Document, OcrError, OpenOptions, PageContent, Pipeline, TesseractEngine, searchable_pdf};

/// One file, read without any server.
#[derive(Debug, Args)]
#[command(after_help = "\
Ends with 0 when every page was read, with 3 when some pages could not be read (they are named on standard error, \
the others are delivered), with 1 when nothing could be.")]
pub(crate) struct OcrArgs {
    /// PDF, TIFF, JPEG, PNG, WebP, BMP or GIF.
    file: PathBuf,
    /// What to deliver.
    #[arg(long, value_enum, default_value = "txt")]
    format: Format,
    /// Where to; without it, to standard output.
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Languages of the text, joined by plus signs, such as deu+eng.
    #[arg(long, default_value = "eng")]
    languages: String,
    /// Folder with language data; without it, where the distribution keeps it.
    #[arg(long, value_name = "FOLDER")]
    tessdata: Option<PathBuf>,
    /// How many pages are read at the same time; without it, one for each core.
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// The text; pages are separated by form feeds.
    Txt,
    /// Words with boxes and confidence.
    Json,
    /// A PDF whose text can be selected on top of the untouched scan.
    Pdf,
}

type PageResult = Result<PageContent, OcrError>;

/// Reads the file, delivers, and says which pages failed.
pub(crate) fn run(args: &OcrArgs) -> anyhow::Result<ExitCode> {
    limit_threads_of_engine()?;
    let bytes = std::fs::read(&args.file).with_context(|| format!("{} can't be read", args.file.display()))?;
    let document = Document::open(bytes, &OpenOptions::default()).with_context(|| args.file.display().to_string())?;
    let pages = read_pages(args, &document)?;
    let failed = report_failures(&pages);
    if failed == pages.len() {
        anyhow::bail!("no page of {} could be read", args.file.display());
    }
    deliver(args.output.as_deref(), &render(args.format, &document, pages)?)?;
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(3) })
}

/// Tesseract's own threads only burn CPU; OpenMP asks the environment once, when it is loaded: so start again with it.
#[expect(clippy::disallowed_methods, reason = "a setting of a C library, not one of ours")]
fn limit_threads_of_engine() -> anyhow::Result<()> {
    const LIMIT: &str = "OMP_THREAD_LIMIT";
    if std::env::var(LIMIT).is_ok() {
        return Ok(());
    }
    let program = std::env::current_exe().context("the program can't find itself")?;
    let error = process::Command::new(program).args(std::env::args_os().skip(1)).env(LIMIT, "1").exec();
    Err(error).context("the program can't be started again")
}

/// Reads all pages, each thread with an engine of its own; gives them in order.
fn read_pages(args: &OcrArgs, document: &Document) -> anyhow::Result<Vec<PageResult>> {
    let page_count = document.page_count();
    let cores = args.jobs.map_or_else(thread::available_parallelism, Ok).map_or(1, NonZeroUsize::get);
    let jobs = cores.min(page_count as usize).max(1);
    let engines = (0..jobs)
        .map(|_| TesseractEngine::new(&args.languages, args.tessdata.as_deref()))
        .collect::<Result<Vec<_>, _>>()?;
    let next_page = AtomicU32::new(0);
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        for engine in engines {
            let (sender, next_page) = (sender.clone(), &next_page);
            scope.spawn(move || {
                let mut pipeline = Pipeline::new(engine);
                loop {
                    let index = next_page.fetch_add(1, Ordering::Relaxed);
                    if index >= page_count || sender.send((index, pipeline.read_text(document, index))).is_err() {
                        break;
                    }
                }
            });
        }
    });
    drop(sender);
    let mut pages: Vec<(u32, PageResult)> = receiver.into_iter().collect();
    pages.sort_by_key(|(index, _)| *index);
    Ok(pages.into_iter().map(|(_, page)| page).collect())
}

#[expect(clippy::print_stderr, reason = "a command tells its person what went wrong")]
fn report_failures(pages: &[PageResult]) -> usize {
    let failed = pages.iter().zip(1..).filter_map(|(page, number)| Some((number, page.as_ref().err()?)));
    failed.inspect(|(number, error)| eprintln!("untxt: page {number}: {error}")).count()
}

/// What `--format json` gives.
#[derive(Serialize)]
struct JsonDocument<'a> {
    pages: Vec<JsonPage<'a>>,
}

/// A page as `--format json` gives it.
#[derive(Serialize)]
struct JsonPage<'a> {
    page: u32,
    #[serde(flatten)]
    content: Option<&'a PageContent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
}

fn render(format: Format, document: &Document, pages: Vec<PageResult>) -> anyhow::Result<Vec<u8>> {
    match format {
        Format::Txt => {
            let texts: Vec<_> = pages.iter().map(|page| page.as_ref().map_or("", |page| &page.text)).collect();
            Ok(texts.join("\u{c}").into_bytes())
        }
        Format::Json => {
            let pages: Vec<_> = (1..)
                .zip(&pages)
                .map(|(page, result)| JsonPage {
                    page,
                    content: result.as_ref().ok(),
                    failure: result.as_ref().err().map(ToString::to_string),
                })
                .collect();
            let mut json = serde_json::to_vec_pretty(&JsonDocument { pages })?;
            json.push(b'\n');
            Ok(json)
        }
        Format::Pdf => {
            let pages: Vec<_> = pages.into_iter().map(Result::ok).collect();
            Ok(searchable_pdf(document, &pages)?)
        }
    }
}

fn deliver(output: Option<&Path>, bytes: &[u8]) -> anyhow::Result<()> {
    match output {
        Some(path) => std::fs::write(path, bytes).with_context(|| format!("{} can't be written", path.display())),
        None => std::io::stdout().write_all(bytes).context("standard output can't be written"),
    }
}
