use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};

/// What is read of a folder; a file that was named is always tried.
const EXTENSIONS: [&str; 9] = ["pdf", "tif", "tiff", "jpg", "jpeg", "png", "webp", "bmp", "gif"];

/// A document to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Input {
    /// Where it is; none is standard input.
    path: Option<PathBuf>,
    /// What its results are called, without extension, under the output folder.
    pub(super) stem: PathBuf,
}

impl Input {
    /// Names the input as the person did.
    pub(super) fn name(&self) -> String {
        self.path.as_ref().map_or_else(|| "standard input".to_owned(), |path| path.display().to_string())
    }

    /// Names the input without its folders, which are nobody's business who gets the result.
    pub(super) fn title(&self) -> String {
        let name = self.path.as_ref().and_then(|path| path.file_name());
        name.map_or_else(|| "standard input".to_owned(), |name| name.to_string_lossy().into_owned())
    }

    /// Says whether this is the input's own file.
    pub(super) fn is_at(&self, other: &Path) -> bool {
        let same = |path: &PathBuf| Some(fs::canonicalize(path).ok()? == fs::canonicalize(other).ok()?);
        self.path.as_ref().and_then(same).unwrap_or(false)
    }

    pub(super) fn read(&self) -> io::Result<Vec<u8>> {
        match &self.path {
            Some(path) => fs::read(path),
            None => {
                let mut bytes = Vec::new();
                io::stdin().read_to_end(&mut bytes)?;
                Ok(bytes)
            }
        }
    }
}

/// Lists the documents: files as they are named, folders with everything in them, `-` for standard input.
pub(super) fn list(paths: &[PathBuf]) -> anyhow::Result<Vec<Input>> {
    let mut inputs = Vec::new();
    for path in paths {
        if path == Path::new("-") {
            inputs.push(Input { path: None, stem: "stdin".into() });
        } else if path.is_dir() {
            let before = inputs.len();
            walk(path, Path::new(""), &mut inputs)?;
            if inputs.len() == before {
                bail!("{} holds no PDF and no image", path.display());
            }
        } else {
            let stem = path.file_stem().unwrap_or(path.as_os_str());
            inputs.push(Input { path: Some(path.clone()), stem: stem.into() });
        }
    }
    Ok(keep_apart(inputs))
}

fn walk(folder: &Path, below: &Path, inputs: &mut Vec<Input>) -> anyhow::Result<()> {
    let unreadable = || format!("{} can't be read", folder.display());
    let entries = fs::read_dir(folder).with_context(unreadable)?;
    let mut entries = entries.collect::<Result<Vec<_>, _>>().with_context(unreadable)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        // a link may lead in a circle
        let kind = entry.file_type().with_context(unreadable)?;
        let path = entry.path();
        if kind.is_dir() {
            walk(&path, &below.join(entry.file_name()), inputs)?;
        } else if has_known_extension(&path) && path.is_file() {
            let stem = below.join(path.file_stem().unwrap_or_default());
            inputs.push(Input { path: Some(path), stem });
        }
    }
    Ok(())
}

fn has_known_extension(path: &Path) -> bool {
    let extension = path.extension().and_then(OsStr::to_str).unwrap_or_default().to_ascii_lowercase();
    EXTENSIONS.contains(&extension.as_str())
}

/// Gives `a.png` and `a.jpg` different names for their results: their whole names, and a number if even that is taken.
fn keep_apart(mut inputs: Vec<Input>) -> Vec<Input> {
    let mut uses: BTreeMap<PathBuf, u32> = BTreeMap::new();
    for input in &inputs {
        *uses.entry(input.stem.clone()).or_default() += 1;
    }
    let mut taken: BTreeMap<PathBuf, u32> = BTreeMap::new();
    for input in &mut inputs {
        if uses.get(&input.stem).is_some_and(|&count| count > 1)
            && let Some(name) = input.path.as_ref().and_then(|path| path.file_name())
        {
            input.stem = input.stem.with_file_name(name);
        }
        let count = taken.entry(input.stem.clone()).and_modify(|count| *count += 1).or_insert(1);
        if *count > 1 {
            let mut name = input.stem.clone().into_os_string();
            name.push(format!("-{count}"));
            input.stem = name.into();
        }
    }
    inputs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_walked_and_names_kept_apart() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("more")).unwrap();
        for name in ["b.PDF", "a.png", "a.jpg", "notes.md", "more/c.tif"] {
            fs::write(at(name), b"x").unwrap();
        }
        let inputs = list(&[folder.path().to_owned()]).unwrap();
        let stems: Vec<_> = inputs.iter().map(|input| input.stem.to_str().unwrap()).collect();
        assert_eq!(stems, ["a.jpg", "a.png", "b", "more/c"]);
        assert!(inputs[0].is_at(&at("a.jpg")) && !inputs[0].is_at(&at("a.png")));

        let same = list(&[at("b.PDF"), at("b.PDF"), "-".into()]).unwrap();
        let stems: Vec<_> = same.iter().map(|input| input.stem.to_str().unwrap()).collect();
        assert_eq!(stems, ["b.PDF", "b.PDF-2", "stdin"]);

        fs::create_dir(at("empty")).unwrap();
        assert!(list(&[at("empty")]).is_err());
    }
}
