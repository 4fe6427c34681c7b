//! Makes sure that the folder of the built front end exists, so that this crate compiles before `npm run build`.

use std::{fs, io, path::Path};

fn main() -> io::Result<()> {
    let built = Path::new("../frontend/dist");
    fs::create_dir_all(built)?;
    // The folder is embedded: any change in it must compile this crate again.
    println!("cargo:rerun-if-changed=build.rs");
    watch(built)
}

/// Names the folder and everything in it; cargo looks at a folder's own time only where nothing deeper is named.
fn watch(path: &Path) -> io::Result<()> {
    println!("cargo:rerun-if-changed={}", path.display());
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            watch(&entry?.path())?;
        }
    }
    Ok(())
}
