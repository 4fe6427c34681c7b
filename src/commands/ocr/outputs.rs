use std::{
    collections::{HashMap, HashSet},
    io::{self, IsTerminal},
    path::{Path, PathBuf},
};

use clap::error::ErrorKind;

use super::{
    delivery,
    format::Format,
    inputs::{self, Input, Originals},
    plain::plain_path,
};

/// Where the results of one run go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Destination {
    /// Standard output, one result after the other.
    Stdout,
    /// One file.
    File(PathBuf),
    /// A folder, made if it is not there.
    Folder(PathBuf),
}

/// The files of all results: for each input one for each format.
pub(super) type Paths = Vec<Vec<PathBuf>>;

/// Refuses a command that asks for what can't be.
pub(super) fn misuse(message: impl std::fmt::Display) -> clap::Error {
    clap::Error::raw(ErrorKind::ArgumentConflict, format!("{message}\n"))
}

impl Destination {
    /// Chooses by what was asked: one result may go anywhere; several need a folder.
    pub(super) fn choose(output: Option<&Path>, inputs: &[Input], formats: &[Format]) -> Result<Self, clap::Error> {
        match output {
            Some(path) if path != Path::new("-") && !delivery::is_stdout(path) => choose_path(path, inputs, formats),
            _ => choose_stdout(inputs, formats),
        }
    }

    /// Refuses a file that is to say what it will hold, and ends as no format does.
    pub(super) fn expect_known_ending(&self) -> Result<(), clap::Error> {
        let Self::File(path) = self else { return Ok(()) };
        if path.extension().is_none() || Format::of_file(path).is_some() {
            return Ok(());
        }
        let name = plain_path(path);
        Err(misuse(format_args!("no format ends as {name} does; say with --format what it shall hold")))
    }

    /// Gives every result a file of its own, and none that of an input.
    pub(super) fn assign(&self, inputs: &[Input], formats: &[Format]) -> Result<Paths, clap::Error> {
        let paths = match self {
            Self::Stdout => return Ok(vec![Vec::new(); inputs.len()]),
            Self::File(path) => vec![vec![path.clone()]; inputs.len()],
            Self::Folder(folder) => Names::new(folder, inputs, formats).find(),
        };
        let originals = Originals::of(inputs);
        match paths.iter().flatten().find(|path| originals.hold(path)) {
            Some(path) => {
                let path = plain_path(path);
                Err(misuse(format_args!("{path} is read and would be overwritten; choose another --output")))
            }
            None => Ok(paths),
        }
    }
}

fn choose_stdout(inputs: &[Input], formats: &[Format]) -> Result<Destination, clap::Error> {
    let [format] = formats else {
        return Err(misuse("several formats don't fit into standard output; name a folder with --output"));
    };
    if inputs.len() > 1 && !format.can_be_joined() {
        let format = format.name();
        let message = format!("{format} of several documents is no {format} any more; name a folder with --output");
        return Err(misuse(message));
    }
    if !format.is_text() && io::stdout().is_terminal() {
        return Err(misuse("a terminal can't show this format; name a file with --output"));
    }
    Ok(Destination::Stdout)
}

fn choose_path(path: &Path, inputs: &[Input], formats: &[Format]) -> Result<Destination, clap::Error> {
    let may_be_several = inputs.len() > 1 || formats.len() > 1 || inputs.iter().any(|input| input.is_of_folder);
    let has_slash = path.as_os_str().as_encoded_bytes().ends_with(b"/");
    if path.is_dir() {
        return Ok(Destination::Folder(path.to_owned()));
    }
    let name = plain_path(path);
    if !may_be_several && !has_slash {
        let Some(format) = formats.iter().find(|format| !format.suits(path)) else {
            refuse_without_folder(path)?;
            return Ok(Destination::File(path.to_owned()));
        };
        let (format, ending) = (format.name(), format.extension());
        let advice = format!("let it end with .{ending}, or leave out --format");
        return Err(misuse(format_args!("{name} would hold {format} and is called otherwise; {advice}")));
    }
    // without the slash, with which a file is not found
    if path.components().as_path().exists() {
        return Err(misuse(format_args!("{name} is a file; several results need a folder")));
    }
    if !has_slash && looks_like_file(path) {
        let advice = format!("end it with a slash if a folder is to be called so: --output {name}/");
        return Err(misuse(format_args!("several results don't fit into one file, {name}; {advice}")));
    }
    Ok(Destination::Folder(path.to_owned()))
}

/// Refuses a file in a folder that is not there: more likely a slip than a wish. Folders for several results are made.
fn refuse_without_folder(path: &Path) -> Result<(), clap::Error> {
    let folder = delivery::folder_of(path);
    // A link may lead to nowhere yet; what is there but can't be looked at is refused when it is written to.
    if folder.try_exists().unwrap_or(true) {
        return Ok(());
    }
    let advice = "check how it is written, or make it first";
    Err(misuse(format_args!("there is no folder {} for {}; {advice}", plain_path(folder), plain_path(path))))
}

fn looks_like_file(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let of_results = Format::all().map(Format::extension);
    of_results.chain(inputs::EXTENSIONS).any(|extension| name.ends_with(&format!(".{extension}")))
}

/// Gives the results in a folder names that differ: `a.pdf` and `a.png` are `a.pdf.txt` and `a.png.txt`, and what is
/// still the same is numbered.
struct Names<'a> {
    folder: &'a Path,
    inputs: &'a [Input],
    formats: &'a [Format],
    taken: HashSet<PathBuf>,
    /// The number that was given last to results of a name.
    numbers: HashMap<PathBuf, u32>,
}

impl<'a> Names<'a> {
    fn new(folder: &'a Path, inputs: &'a [Input], formats: &'a [Format]) -> Self {
        Self { folder, inputs, formats, taken: HashSet::new(), numbers: HashMap::new() }
    }

    fn find(mut self) -> Paths {
        let mut uses: HashMap<&Path, u32> = HashMap::new();
        for input in self.inputs {
            *uses.entry(&input.stem).or_default() += 1;
        }
        let is_alone = |input: &Input| uses.get(input.stem.as_path()) == Some(&1);
        self.inputs.iter().map(|input| self.name(input, is_alone(input))).collect()
    }

    fn name(&mut self, input: &Input, is_alone: bool) -> Vec<PathBuf> {
        if !input.is_document() {
            return Vec::new();
        }
        if is_alone && let Some(paths) = self.take(&input.stem) {
            return paths;
        }
        let whole = input.file_name().map_or_else(|| input.stem.clone(), |name| input.stem.with_file_name(name));
        let mut number = self.numbers.get(&whole).copied().unwrap_or_default();
        loop {
            number += 1;
            let stem = match number {
                1 => whole.clone(),
                _ => with_ending(&whole, &format!("-{number}")),
            };
            if let Some(paths) = self.take(&stem) {
                self.numbers.insert(whole, number);
                return paths;
            }
        }
    }

    /// Takes the paths of a stem if all of them are free.
    fn take(&mut self, stem: &Path) -> Option<Vec<PathBuf>> {
        let path = |format: &Format| self.folder.join(with_ending(stem, &format!(".{}", format.extension())));
        let paths: Vec<_> = self.formats.iter().map(path).collect();
        // two links may lead to one file
        let ends: Vec<_> = paths.iter().map(|path| delivery::follow(path)).collect();
        let are_free = !ends.iter().any(|end| self.taken.contains(end));
        are_free.then(|| self.taken.extend(ends)).map(|()| paths)
    }
}

fn with_ending(stem: &Path, ending: &str) -> PathBuf {
    let mut name = stem.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use untxt_page::formats;

    use super::*;

    const TXT: Format = Format::Pages(formats::Format::Txt);
    const JSON: Format = Format::Pages(formats::Format::Json);
    const LAYOUT: Format = Format::Pages(formats::Format::Layout);
    const ALTO: Format = Format::Pages(formats::Format::Alto);

    fn inputs(names: &[&str]) -> Vec<Input> {
        inputs::list(&names.iter().map(PathBuf::from).collect::<Vec<_>>())
    }

    fn assigned(names: &[&str], formats: &[Format]) -> Vec<String> {
        let paths = Destination::Folder("o".into()).assign(&inputs(names), formats).unwrap();
        paths.iter().flatten().map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn several_results_need_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), b"x").unwrap();
        let choose = |output: Option<&Path>, names: &[&str], formats: &[Format]| {
            let inputs = inputs(names);
            let destination = Destination::choose(output, &inputs, formats).ok()?;
            Some(destination.assign(&inputs, formats).ok()?.concat().first().cloned())
        };
        let (one, two, both) = (["/s/a.png"], ["/s/a.png", "/s/b.png"], [TXT, Format::Pdf]);
        let file = |name: &str| Some(Some(PathBuf::from(name)));
        assert_eq!(choose(None, &one, &[JSON]), Some(None));
        assert_eq!(choose(None, &two, &[TXT]), Some(None), "one text after the other");
        assert_eq!(choose(Some(Path::new("/dev/stdout")), &two, &[TXT]), Some(None));
        assert_eq!(choose(None, &two, &[JSON]), None);
        assert_eq!(choose(None, &one, &both), None);
        assert_eq!(choose(Some(Path::new("x.t")), &one, &[TXT]), file("x.t"));
        assert_eq!(choose(Some(Path::new("x.txt")), &one, &[Format::Pdf]), None, "it is called after another format");
        assert_eq!(choose(Some(Path::new("x.pdf")), &one, &[Format::PdfA]), file("x.pdf"));
        assert_eq!(choose(Some(Path::new("x")), &one, &both), file("x/a.txt"));
        assert_eq!(choose(Some(Path::new("x.pdf/")), &one, &both), file("x.pdf/a.txt"));
        assert_eq!(choose(Some(Path::new("x")), &two, &both), file("x/a.txt"));
        assert_eq!(choose(Some(Path::new("2.PDF")), &two, &[Format::Pdf]), None, "looks like a file");
        assert_eq!(choose(Some(folder.path()), &one, &[TXT]), Some(Some(at("a.txt"))));
        assert_eq!(choose(Some(&at("file")), &two, &[TXT]), None);
        assert_eq!(choose(Some(&at("file/")), &one, &[TXT]), None);
        let walked = [folder.path().to_str().unwrap()];
        fs::rename(at("file"), at("a.png")).unwrap();
        assert_eq!(choose(Some(Path::new("x")), &walked, &[TXT]), file("x/a.txt"), "a folder may hold any number");
    }

    #[test]
    fn every_result_has_a_name_of_its_own() {
        assert_eq!(assigned(&["a.png", "a.jpg", "b.pdf"], &[TXT]), ["o/a.png.txt", "o/a.jpg.txt", "o/b.txt"]);
        let taken = ["b.pdf", "other/b.pdf", "b.pdf-2.png", "b.pdf"];
        assert_eq!(assigned(&taken, &[TXT]), ["o/b.pdf.txt", "o/b.pdf-2.txt", "o/b.pdf-2.png.txt", "o/b.pdf-3.txt"]);
        let before = ["b.pdf-2.png", "b.pdf", "other/b.pdf"];
        assert_eq!(assigned(&before, &[TXT]), ["o/b.pdf-2.txt", "o/b.pdf.txt", "o/b.pdf-3.txt"]);
        assert_eq!(assigned(&["-", "-"], &[TXT]), ["o/stdin.txt", "o/stdin-2.txt"]);
    }

    #[test]
    fn a_format_takes_no_name_of_another() {
        let names = assigned(&["a.pdf", "a.layout.pdf"], &[TXT, LAYOUT]);
        assert_eq!(names, ["o/a.txt", "o/a.layout.txt", "o/a.layout.pdf.txt", "o/a.layout.pdf.layout.txt"]);
        let names = assigned(&["a.pdfa.png", "a.png", "a.alto.png"], &[Format::Pdf, Format::PdfA, ALTO]);
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), 9, "{names:?}");
    }

    #[test]
    fn an_input_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pdf");
        fs::write(&path, b"x").unwrap();
        let inputs = inputs::list(std::slice::from_ref(&path));
        let into_folder = Destination::Folder(folder.path().to_owned());
        assert!(Destination::File(path).assign(&inputs, &[Format::Pdf]).is_err());
        assert!(into_folder.assign(&inputs, &[Format::Pdf]).is_err());
        assert!(into_folder.assign(&inputs, &[TXT]).is_ok());
    }
}
