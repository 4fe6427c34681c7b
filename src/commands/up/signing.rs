//! The key that signs receipts, and the public halves of all there ever were: without them nobody checks what they signed.

use std::{fs, path::PathBuf};

use anyhow::{Context, bail, ensure};
use toml::Table;
use untxt_core::receipts::{PublicKey, SigningKey};

use super::folder::{DataFolder, explain};

const FOLDER: &str = "signing";
const KEY: &str = "signing.key";
/// The public half of the first key; those of others are named by their ids.
const PUBLIC: &str = "signing.pem";

/// Opens the key, or makes it where nothing can have been signed yet, and gives the files of all public halves, that of the
/// key first. No public half is ever overwritten.
pub(super) fn prepare(data: &DataFolder) -> anyhow::Result<Vec<PathBuf>> {
    let path = data.make(FOLDER)?.join(KEY);
    let known = public_halves(data)?;
    let key = if path.exists() {
        SigningKey::open(&path)?
    } else if known.is_empty() && !may_have_signed(data)? {
        SigningKey::create(&path)?
    } else {
        bail!(
            "the key that signs receipts, {}, is not there, and this installation had one: put it back from your copy, with \
             the .pem files that were beside it; if it is lost, `untxt receipts new-key --to {}` makes another one",
            path.display(),
            data.path(FOLDER).display()
        );
    };
    let own = key.public();
    let (mut own_files, mut others): (Vec<_>, Vec<_>) = known.into_iter().partition(|(_, public)| *public == own);
    if own_files.is_empty() {
        let name =
            if data.path(FOLDER).join(PUBLIC).exists() { format!("{}.pem", own.id()) } else { PUBLIC.to_owned() };
        ensure!(!data.path(FOLDER).join(&name).exists(), "{FOLDER}/{name} holds another key than {KEY}; move it away");
        own_files.push((data.write(&format!("{FOLDER}/{name}"), &own.to_pem())?, own));
    }
    own_files.append(&mut others);
    Ok(own_files.into_iter().map(|(path, _)| path).collect())
}

/// Reads every public half that is there, in the order of their names.
fn public_halves(data: &DataFolder) -> anyhow::Result<Vec<(PathBuf, PublicKey)>> {
    let folder = data.path(FOLDER);
    let mut found = Vec::new();
    for entry in fs::read_dir(&folder).map_err(|error| explain(&folder, error))? {
        let path = entry.map_err(|error| explain(&folder, error))?.path();
        if path.extension().is_some_and(|ending| ending == "pem") {
            let public = PublicKey::open(&path)?;
            found.push((path, public));
        }
    }
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(found)
}

/// Says whether an earlier run had a key. Its settings name it, because it was made before they were written; those of a
/// version that knew no receipts don't.
fn may_have_signed(data: &DataFolder) -> anyhow::Result<bool> {
    if !data.path("conf/worker.toml").exists() {
        return Ok(data.path("postgres/cluster").exists());
    }
    let settings: Table = data.read("conf/worker.toml")?.parse().context("conf/worker.toml can't be read")?;
    Ok(settings.contains_key("signing"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(folder: &tempfile::TempDir) -> DataFolder {
        DataFolder::open(&folder.path().join("data")).expect("opened")
    }

    fn settings(data: &DataFolder, text: &str) {
        data.make("conf").expect("made");
        data.write("conf/worker.toml", text).expect("written");
    }

    #[test]
    fn a_key_is_made_where_there_was_none_and_never_in_the_place_of_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = data(&folder);
        // An installation of a version that signed nothing.
        settings(&data, "[worker]\nchildren = 1\n");
        let made = prepare(&data).expect("made");
        assert_eq!(made, [data.path("signing/signing.pem")]);
        assert_eq!(prepare(&data).expect("again"), made);
        settings(&data, "[signing]\nkey_path = \"signing/signing.key\"\n");
        let public = fs::read(&made[0]).expect("there");
        for lost in [data.path("signing/signing.key"), data.path("signing/signing.pem")] {
            fs::remove_file(lost).expect("lost");
            let error = prepare(&data).expect_err("it is lost").to_string();
            assert!(error.contains("untxt receipts new-key --to"), "{error}");
            assert!(!data.path("signing/signing.key").exists(), "nothing was made");
        }
        // Neither do a database without settings, or a public half alone.
        fs::remove_file(data.path("conf/worker.toml")).expect("lost");
        fs::create_dir_all(data.path("postgres/cluster")).expect("a database");
        prepare(&data).expect_err("there is a database");
        fs::remove_dir(data.path("postgres/cluster")).expect("removed");
        fs::write(&made[0], public).expect("written");
        prepare(&data).expect_err("there was a key");
    }

    #[test]
    fn another_key_gets_a_file_of_its_own_and_the_public_halves_of_before_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = data(&folder);
        let [first]: [PathBuf; 1] = prepare(&data).expect("made").try_into().expect("one");
        let before = fs::read(&first).expect("there");
        fs::remove_file(data.path("signing/signing.key")).expect("lost");
        let key = SigningKey::create(&data.path("signing/signing.key")).expect("by command");
        let own = data.path(&format!("signing/{}.pem", key.public().id()));
        for _ in 0..2 {
            assert_eq!(prepare(&data).expect("opened"), [own.clone(), first.clone()], "the own one first");
        }
        assert_eq!(fs::read(&first).expect("there"), before);
        assert_eq!(PublicKey::open(&own).expect("there"), key.public());
        fs::write(data.path("signing/old.pem"), "rubbish").expect("written");
        prepare(&data).expect_err("a public half that nobody can read is told, not passed over");
    }
}
