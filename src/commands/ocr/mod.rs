//! `untxt ocr`: documents in, text and data out, without any server.
//!
//! Promises: a result is written whole or not at all, and never over its own input; a page that can't be read is
//! named, and the others are delivered. Refuses to know: how a page is read.

mod delivery;
mod event;
mod format;
mod inputs;
mod languages;
mod outputs;
mod pages;
mod plain;
mod progress;
mod results;
mod work;

use std::{
    io::Write,
    num::NonZeroUsize,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{self, ExitCode},
    thread,
};

use anyhow::Context;
use bytesize::ByteSize;
use clap::{
    Args,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
};
use untxt_ocr::{
    LanguageData, Languages, OpenOptions, Password, Preset, ReadOptions, Reader, TesseractEngine, TextMode,
};

use self::{
    delivery::Delivery,
    event::Event,
    format::Format,
    outputs::{Destination, misuse},
    pages::Pages,
    plain::plain_path,
    progress::{Audience, Progress},
    results::{Tally, is_unheard},
    work::Order,
};

/// How a program ends that nobody listens to any more: as the shell says of one that SIGPIPE ended.
const UNHEARD: u8 = 128 + 13;

/// Documents to read, and what to make of them.
#[derive(Debug, Args)]
#[command(about = "Read documents without any server", long_about = None, after_help = "\
Examples:
  untxt ocr scan.pdf                              the text, to standard output
  untxt ocr scan.pdf -f pdf -o searchable.pdf     the same scan with text that can be selected
  untxt ocr scans/ -f txt,pdf -o results/         a whole folder, two results each
  curl … | untxt ocr - --lang de -f json          from standard input

Results in a folder are called as their documents: a.pdf becomes a.txt; a.pdf and a.png become a.pdf.txt and \
a.png.txt; what is still the same is numbered. A searchable PDF has all pages of its document; those that --pages \
leaves out get no text.

Ends with 0 when every page was read and delivered, with 3 when some pages, files or results could not be (they are \
named on standard error, the others are delivered), with 1 when nothing could be, with 2 when the command is not \
understood.")]
pub(crate) struct OcrArgs {
    /// PDF, TIFF, JPEG, PNG, WebP, BMP or GIF; a folder for all of them in it, but not what is hidden; - for standard
    /// input.
    #[arg(required_unless_present = "list_languages", value_name = "FILE")]
    inputs: Vec<PathBuf>,
    /// What to deliver; several are separated by commas. Without it, what the file named with --output ends with, or txt.
    #[arg(long, short, value_parser = Format::parser(), value_delimiter = ',')]
    format: Vec<Format>,
    /// Where to. What is a folder, or ends with a slash, takes all results. Any other name is a file for one document
    /// in one format, and a new folder for several documents, several formats or a folder of documents; then it must
    /// not end as a file does (two.pdf). Without it, or with -, standard output: one format, and of several documents
    /// only text or tables, one after the other.
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Languages of the text, such as deu or de+en; auto finds out which of those installed it is.
    #[arg(long, short, alias = "languages", default_value = "auto", value_parser = languages::parse)]
    lang: Languages,
    /// What the pages are, when one knows better than the program: a clean scan is left as it is, a fax loses specks and
    /// grows, a photo loses its shadows, a book its dark edges, a form is read several times without its boxes.
    #[arg(long, default_value = "auto", value_parser = preset_parser())]
    preset: Preset,
    /// Pages to read of each document, such as 1-3,7,10-.
    #[arg(long, default_value = "1-", hide_default_value = true)]
    pages: Pages,
    /// What becomes of text that a PDF brings itself: skip reads only pictures without any, redo reads the pictures under
    /// an old text layer again, force reads every page as the picture that one sees.
    #[arg(long, default_value = "skip", value_parser = text_parser())]
    text: TextMode,
    /// File whose first line opens a locked PDF; - for standard input. An argument would be seen by everyone here.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Give a signed PDF a text layer; the signature no longer covers all of the copy.
    #[arg(long)]
    copy_signed: bool,
    /// Folder with language data; without it, where the distribution keeps it.
    #[arg(long, value_name = "FOLDER")]
    tessdata: Option<PathBuf>,
    /// How many pages are read at the same time; without it, one for each core.
    #[arg(long, short, value_name = "N", value_parser = parse_jobs)]
    jobs: Option<NonZeroUsize>,
    /// Largest file that is read; what has no size, such as a pipe, is given up when it gives more.
    #[arg(long, value_name = "SIZE", default_value = "2GiB", value_parser = parse_size)]
    max_file_size: ByteSize,
    /// Tell the progress as lines of JSON on standard output, for other programs; needs --output.
    #[arg(long, requires = "output", conflicts_with = "quiet")]
    json_lines: bool,
    /// Show no progress, only what fails.
    #[arg(long, short)]
    quiet: bool,
    /// List the installed languages and end.
    #[arg(long)]
    list_languages: bool,
}

/// Reads the documents, delivers, and says what failed.
pub(crate) fn run(args: &OcrArgs) -> anyhow::Result<ExitCode> {
    limit_threads_of_engine()?;
    if let Some(folder) = args.tessdata.as_deref().filter(|folder| !folder.is_dir()) {
        anyhow::bail!("{} is no folder; --tessdata names one with language data", plain_path(folder));
    }
    let data = LanguageData::find(args.tessdata.as_deref())?;
    if args.list_languages {
        return list_languages(&data);
    }
    let order = match order(args, data) {
        Ok(order) => order,
        Err(error) => return show_misuse(error),
    };
    let audience = match (args.json_lines, args.quiet) {
        (true, _) => Audience::Program,
        (false, true) => Audience::QuietPerson,
        (false, false) => Audience::Person,
    };
    let progress = Progress::new(audience, order.inputs.len());
    let tally = match work::run(&order, &progress) {
        Err(error) if is_unheard(&error) => return Ok(ExitCode::from(UNHEARD)),
        tally => tally?,
    };
    let Tally { files, failed_files, delivered_files, pages, failed_pages } = tally;
    let seconds = progress.elapsed().as_secs_f64();
    progress.tell(&Event::Done { files, failed_files, pages, failed_pages, seconds });
    Ok(match (failed_files + failed_pages, delivered_files) {
        (0, _) => ExitCode::SUCCESS,
        (_, 0) => ExitCode::FAILURE,
        _ => ExitCode::from(3),
    })
}

/// Shows what is wrong with the command as for one that can't be parsed; hands on what is wrong with the world.
fn show_misuse(error: anyhow::Error) -> anyhow::Result<ExitCode> {
    error.downcast::<clap::Error>()?.print()?;
    Ok(ExitCode::from(2))
}

fn order(args: &OcrArgs, data: LanguageData) -> anyhow::Result<Order> {
    let is_stdin = |path: &Path| path == Path::new("-");
    if args.password_file.as_deref().is_some_and(is_stdin) && args.inputs.iter().any(|input| is_stdin(input)) {
        return Err(misuse("document and password can't both be standard input").into());
    }
    let inputs = inputs::list(&args.inputs);
    let formats = choose_formats(args);
    let destination = Destination::choose(args.output.as_deref(), &inputs, &formats)?;
    if args.format.is_empty() {
        destination.expect_known_ending()?;
    }
    if args.json_lines && destination == Destination::Stdout {
        let advice = "name a file with --output";
        return Err(misuse(format_args!("progress and results don't both fit into standard output; {advice}")).into());
    }
    let paths = destination.assign(&inputs, &formats)?;
    if let Some(advice) = languages::advise(&args.lang, &data) {
        anyhow::bail!(advice);
    }
    let reading = ReadOptions { languages: args.lang.clone(), preset: args.preset };
    Reader::new(TesseractEngine::new, data.clone()).check(&reading)?;
    let jobs = args.jobs.map_or_else(thread::available_parallelism, Ok).unwrap_or(NonZeroUsize::MIN);
    let opening = OpenOptions {
        text_mode: args.text,
        password: args.password_file.as_deref().map(read_password).transpose()?,
        copies_signed: args.copy_signed,
        ..OpenOptions::default()
    };
    let pages = args.pages.clone();
    let (delivery, max_file_size) = (Delivery::guard()?, args.max_file_size);
    Ok(Order { inputs, pages, formats, paths, delivery, max_file_size, opening, reading, data, jobs })
}

/// Gives each format once that was asked for; without any the one that the output file is called after.
fn choose_formats(args: &OcrArgs) -> Vec<Format> {
    let mut formats = Vec::new();
    for &format in &args.format {
        if !formats.contains(&format) {
            formats.push(format);
        }
    }
    if formats.is_empty() {
        formats.push(args.output.as_deref().and_then(Format::of_file).unwrap_or_default());
    }
    formats
}

fn read_password(path: &Path) -> anyhow::Result<Password> {
    let text = match path == Path::new("-") {
        true => std::io::read_to_string(std::io::stdin()),
        false => std::fs::read_to_string(path),
    };
    let text = text.with_context(|| format!("the password can't be read from {}", plain_path(path)))?;
    Ok(Password::new(text.lines().next().unwrap_or_default()))
}

fn preset_parser() -> impl TypedValueParser<Value = Preset> {
    let values = Preset::ALL.map(|preset| match preset {
        // of the two spellings the one that is easier to type
        Preset::CleanScan => PossibleValue::new("clean-scan").alias(preset.name()),
        _ => PossibleValue::new(preset.name()),
    });
    PossibleValuesParser::new(values).try_map(|name| name.parse())
}

fn text_parser() -> impl TypedValueParser<Value = TextMode> {
    PossibleValuesParser::new(TextMode::ALL.map(TextMode::name)).try_map(|name| name.parse())
}

fn parse_size(text: &str) -> Result<ByteSize, &'static str> {
    text.parse().map_err(|_| "a size such as 500MB or 2GiB")
}

fn parse_jobs(text: &str) -> Result<NonZeroUsize, &'static str> {
    text.parse().map_err(|_| "a number from 1 on")
}

fn list_languages(data: &LanguageData) -> anyhow::Result<ExitCode> {
    let list: String = data.installed().iter().map(|code| format!("{code}\n")).collect();
    match std::io::stdout().write_all(list.as_bytes()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(ExitCode::from(UNHEARD)),
        written => Ok(written.map(|()| ExitCode::SUCCESS)?),
    }
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
