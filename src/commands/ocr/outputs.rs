use std::{
    io::{self, IsTerminal},
    path::{Path, PathBuf},
};

use anyhow::bail;

use super::{delivery, format::Format, inputs::Input};

/// Where the results of one run go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Destination {
    /// Standard output, one result after the other.
    Stdout,
    /// One file.
    File(PathBuf),
    /// Files of this name with the extension of each format.
    Base(PathBuf),
    /// A folder, made if it is not there.
    Folder(PathBuf),
}

impl Destination {
    /// Chooses by what was asked: one result may go anywhere; several need a folder.
    pub(super) fn choose(output: Option<&Path>, inputs: &[Input], formats: &[Format]) -> anyhow::Result<Self> {
        let is_single = inputs.len() == 1 && formats.len() == 1;
        let destination = match output {
            Some(path) if path != Path::new("-") && !delivery::is_stdout(path) => {
                let is_folder = path.is_dir() || path.as_os_str().as_encoded_bytes().ends_with(b"/");
                match (is_folder || inputs.len() > 1, formats.len()) {
                    (true, _) => Self::Folder(path.to_owned()),
                    (false, 1) => Self::File(path.to_owned()),
                    (false, _) => Self::Base(path.to_owned()),
                }
            }
            _ if is_single || formats.iter().all(|format| format.is_text()) && formats.len() == 1 => Self::Stdout,
            _ => bail!("several results don't fit into standard output; name a folder with --output"),
        };
        if destination == Self::Stdout && formats.iter().any(|format| !format.is_text()) && io::stdout().is_terminal() {
            bail!("a terminal can't show this format; name a file with --output");
        }
        for (input, format) in inputs.iter().flat_map(|input| formats.iter().map(move |format| (input, *format))) {
            if let Some(path) = destination.path(input, format)
                && let Some(same) = inputs.iter().find(|input| input.is_at(&path))
            {
                bail!("{} would be overwritten by its own result; choose another --output", same.name());
            }
        }
        Ok(destination)
    }

    /// Gives the file for a result, none for standard output.
    pub(super) fn path(&self, input: &Input, format: Format) -> Option<PathBuf> {
        let with_extension = |stem: &Path| {
            let mut name = stem.as_os_str().to_owned();
            name.push(format!(".{}", format.extension()));
            PathBuf::from(name)
        };
        match self {
            Self::Stdout => None,
            Self::File(path) => Some(path.clone()),
            Self::Base(path) => Some(with_extension(path)),
            Self::Folder(folder) => Some(folder.join(with_extension(&input.stem))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::commands::ocr::inputs;

    const TXT: Format = Format::Pages(untxt_page::formats::Format::Txt);

    fn input(name: &str) -> Vec<Input> {
        inputs::list(&[name.into()]).unwrap()
    }

    #[test]
    fn several_results_need_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let one = input("/scans/a.png");
        let two = inputs::list(&["/scans/a.png".into(), "/scans/b.png".into()]).unwrap();
        let choose = |output: Option<&Path>, inputs: &[Input], formats: &[Format]| {
            Destination::choose(output, inputs, formats).map(|to| to.path(&inputs[0], formats[0]))
        };
        let both = [TXT, Format::Pdf];
        assert_eq!(choose(None, &one, &[TXT]).unwrap(), None);
        assert_eq!(choose(None, &two, &[TXT]).unwrap(), None, "one text after the other");
        assert!(choose(None, &one, &both).is_err());
        assert_eq!(choose(Some(Path::new("x.t")), &one, &[TXT]).unwrap(), Some("x.t".into()));
        assert_eq!(choose(Some(Path::new("x")), &one, &both).unwrap(), Some("x.txt".into()));
        assert_eq!(choose(Some(Path::new("x/")), &one, &both).unwrap(), Some("x/a.txt".into()));
        assert_eq!(choose(Some(Path::new("x")), &two, &both).unwrap(), Some("x/a.txt".into()));
        assert_eq!(choose(Some(folder.path()), &one, &both).unwrap(), Some(folder.path().join("a.txt")));
    }

    #[test]
    fn an_input_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pdf");
        fs::write(&path, b"x").unwrap();
        let inputs = inputs::list(std::slice::from_ref(&path)).unwrap();
        assert!(Destination::choose(Some(&path), &inputs, &[Format::Pdf]).is_err());
        assert!(Destination::choose(Some(folder.path()), &inputs, &[Format::Pdf]).is_err());
        assert!(Destination::choose(Some(folder.path()), &inputs, &[TXT]).is_ok());
    }
}
