use std::{
    collections::HashSet,
    ffi::OsStr,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use bytesize::ByteSize;
use untxt_core::domain::MediaType;
use untxt_ocr::OcrError;

use super::{format::Refusal, plain::plain_error};

/// What is read of a folder, and what has no extension but begins as a document does; a file that was named is always
/// tried.
pub(super) const EXTENSIONS: [&str; 9] = ["pdf", "tif", "tiff", "jpg", "jpeg", "png", "webp", "bmp", "gif"];

/// A document to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Input {
    source: Source,
    /// What its results are called, without extension, under the output folder.
    pub(super) stem: PathBuf,
    /// Whether it was found in a folder, which may hold any number of others.
    pub(super) is_of_folder: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    Stdin,
    File(PathBuf),
    /// A folder that gives no document, and why.
    Folder(PathBuf, String),
}

impl Input {
    fn folder(path: &Path, why: impl Into<String>) -> Self {
        Self { source: Source::Folder(path.to_owned(), why.into()), stem: PathBuf::new(), is_of_folder: true }
    }

    /// Gives where it is; none is standard input.
    fn path(&self) -> Option<&Path> {
        match &self.source {
            Source::Stdin => None,
            Source::File(path) | Source::Folder(path, _) => Some(path),
        }
    }

    /// Names the input as the person did.
    pub(super) fn name(&self) -> String {
        self.path().map_or_else(|| "standard input".to_owned(), |path| path.display().to_string())
    }

    /// Gives its name without its folders.
    pub(super) fn file_name(&self) -> Option<&OsStr> {
        self.path()?.file_name()
    }

    /// Names the input without its folders, which are nobody's business who gets the result.
    pub(super) fn title(&self) -> String {
        self.file_name().map_or_else(|| "standard input".to_owned(), |name| name.to_string_lossy().into_owned())
    }

    /// Says whether there is something to read, and results to name.
    pub(super) const fn is_document(&self) -> bool {
        !matches!(self.source, Source::Folder(..))
    }

    /// Reads all of it.
    ///
    /// # Errors
    /// When it can't be read, or is larger than `limit`: a device or a pipe may never end.
    pub(super) fn read(&self, limit: ByteSize) -> Result<Vec<u8>, Refusal> {
        let read = match &self.source {
            Source::Stdin => read_within(io::stdin().lock(), limit),
            Source::File(path) => File::open(path).and_then(|file| match file.metadata()?.len() > limit.as_u64() {
                true => Ok(None),
                false => read_within(file, limit),
            }),
            Source::Folder(_, why) => return Err(Refusal { code: "unreadable", message: why.clone() }),
        };
        let message = match read {
            Ok(Some(bytes)) if bytes.is_empty() && self.source == Source::Stdin => return Err(nothing_came()),
            Ok(Some(bytes)) => return Ok(bytes),
            Ok(None) => {
                let message = format!("is larger than {limit}; a higher limit is set with --max-file-size");
                return Err(Refusal { code: "too_large", message });
            }
            Err(error) => format!("can't be read: {}", plain_error(&error)),
        };
        Err(Refusal { code: "unreadable", message })
    }
}

/// Says that nobody wrote into the pipe; a file without bytes is refused as a document.
fn nothing_came() -> Refusal {
    let message = "gave no bytes; see whether the program before the pipe has failed".into();
    Refusal { code: OcrError::Empty.code(), message }
}

/// Reads to the end; none when there is more than the limit.
fn read_within(source: impl Read, limit: ByteSize) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    source.take(limit.as_u64().saturating_add(1)).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit.as_u64()).then_some(bytes))
}

/// Lists the documents: files as they are named, folders with everything in them, `-` for standard input. A folder
/// that can't be read is an input that fails.
pub(super) fn list(paths: &[PathBuf]) -> Vec<Input> {
    let mut inputs = Vec::new();
    for path in paths {
        if path == Path::new("-") {
            inputs.push(Input { source: Source::Stdin, stem: "stdin".into(), is_of_folder: false });
        } else if path.is_dir() {
            let before = inputs.len();
            walk(path, Path::new(""), &mut inputs);
            if inputs.len() == before {
                inputs.push(Input::folder(path, "holds no PDF and no image"));
            }
        } else {
            let stem = path.file_stem().unwrap_or(path.as_os_str()).into();
            inputs.push(Input { source: Source::File(path.clone()), stem, is_of_folder: false });
        }
    }
    inputs
}

fn walk(folder: &Path, below: &Path, inputs: &mut Vec<Input>) {
    let mut entries = match fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
        Ok(entries) => entries,
        Err(error) => return inputs.push(Input::folder(folder, format!("can't be read: {}", plain_error(&error)))),
    };
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if is_hidden(&entry.file_name()) {
            continue;
        }
        // a link may lead in a circle
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            walk(&path, &below.join(entry.file_name()), inputs);
        } else if path.is_file() && looks_like_document(&path) {
            let stem = below.join(path.file_stem().unwrap_or_default());
            inputs.push(Input { source: Source::File(path), stem, is_of_folder: true });
        }
    }
}

/// What is hidden was not meant: previews, waste, and what other systems keep beside a file (`._scan.pdf`).
fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

fn looks_like_document(path: &Path) -> bool {
    match path.extension() {
        Some(extension) => EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known)),
        None => begins_as_document(path),
    }
}

fn begins_as_document(path: &Path) -> bool {
    /// A PDF may begin behind 1,024 bytes of something else.
    const HEAD_BYTES: u64 = 1029;
    let mut head = Vec::new();
    let is_read = File::open(path).and_then(|file| file.take(HEAD_BYTES).read_to_end(&mut head)).is_ok();
    is_read && MediaType::sniff(&head).is_some()
}

/// The files of all inputs, with links followed.
#[derive(Debug)]
pub(super) struct Originals(HashSet<PathBuf>);

impl Originals {
    pub(super) fn of(inputs: &[Input]) -> Self {
        let paths = inputs.iter().filter(|input| input.is_document()).filter_map(Input::path);
        Self(paths.filter_map(|path| fs::canonicalize(path).ok()).collect())
    }

    /// Says whether a path leads to one of them.
    pub(super) fn hold(&self, path: &Path) -> bool {
        fs::canonicalize(path).is_ok_and(|path| self.0.contains(&path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_walked() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("more")).unwrap();
        for name in ["b.PDF", "a.png", "a.jpg", "notes.md", "more/c.tif"] {
            fs::write(at(name), b"x").unwrap();
        }
        let inputs = list(&[folder.path().to_owned(), "-".into()]);
        let stems: Vec<_> = inputs.iter().map(|input| input.stem.to_str().unwrap()).collect();
        assert_eq!(stems, ["a", "a", "b", "more/c", "stdin"]);
        assert_eq!(inputs.iter().filter(|input| input.is_of_folder).count(), 4);
        let originals = Originals::of(&inputs);
        assert!(originals.hold(&at("more/../a.jpg")) && !originals.hold(&at("notes.md")));
    }

    #[test]
    fn hidden_files_are_passed_over_and_nameless_ones_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at(".thumbnails")).unwrap();
        for name in ["._scan.pdf", ".scan.pdf", ".thumbnails/scan.png", "scan.pdf.part", "LICENSE"] {
            fs::write(at(name), b"%PDX-1.7").unwrap();
        }
        fs::write(at("scan"), b"\n\n%PDF-1.7").unwrap();
        fs::write(at("photo"), b"\xff\xd8\xff\xe0").unwrap();
        let stems: Vec<_> = list(&[folder.path().to_owned()]).into_iter().map(|input| input.stem).collect();
        assert_eq!(stems, ["photo", "scan"].map(PathBuf::from));
        // what is named is tried
        assert_eq!(list(&[at("._scan.pdf")]).len(), 1);
    }

    #[test]
    fn an_empty_folder_fails_alone() {
        let folder = tempfile::tempdir().unwrap();
        let inputs = list(&[folder.path().to_owned(), "a.png".into()]);
        assert_eq!(inputs.iter().map(Input::is_document).collect::<Vec<_>>(), [false, true]);
        assert_eq!(inputs[0].read(ByteSize::mib(1)).unwrap_err().message, "holds no PDF and no image");
    }

    #[test]
    fn a_folder_that_cannot_be_read_fails_alone() {
        let mut inputs = Vec::new();
        walk(Path::new("/none"), Path::new(""), &mut inputs);
        assert!(!inputs[0].is_document());
        let refusal = inputs[0].read(ByteSize::mib(1)).unwrap_err();
        assert_eq!((inputs[0].name().as_str(), refusal.code), ("/none", "unreadable"));
    }

    #[test]
    fn what_never_ends_is_refused() {
        let limit = ByteSize::kib(64);
        let input = |path: &str| list(&[path.into()]).remove(0);
        assert_eq!(input("/dev/zero").read(limit).unwrap_err().code, "too_large");
        assert_eq!(input("/none/such.png").read(limit).unwrap_err().code, "unreadable");
        let file = tempfile::NamedTempFile::new().unwrap();
        for (length, is_read) in [(65_536, true), (65_537, false)] {
            file.as_file().set_len(length).unwrap();
            assert_eq!(input(file.path().to_str().unwrap()).read(limit).is_ok(), is_read);
        }
    }
}
