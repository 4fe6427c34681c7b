//! Receipts of shredded documents, outside the database.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, ensure};
use clap::{Args, Subcommand};
use untxt_core::{
    audit::{AuditAction, AuditObjectKind},
    config::Process,
    receipts::{PublicKey, Shred, Signed, SigningKey},
};
use untxt_database::backup::Snapshot;

use super::{
    record::{Deed, record},
    serve::{ServeArgs, block_on},
};

/// What to do with receipts.
#[derive(Debug, Args)]
pub(crate) struct ReceiptsArgs {
    #[command(subcommand)]
    command: ReceiptsCommand,
}

#[derive(Debug, Subcommand)]
enum ReceiptsCommand {
    /// Write all signed receipts into a new file, a line of JSON each. Keep it apart from the server.
    Export {
        /// The new file.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
        #[command(flatten)]
        serve: ServeArgs,
    },
    /// Make a new key that signs, where the old one is lost. Start `untxt up` afterwards; elsewhere set `signing.key_path`, and keep
    /// the public halves of older keys in `signing.public_keys`.
    NewKey {
        /// The folder of the key, such as data/signing. A key that is there is not replaced: move it away first.
        #[arg(long, value_name = "FOLDER")]
        to: PathBuf,
    },
    /// Check receipts: those of an export, or one of the API. It asks no server.
    Verify {
        /// The file.
        file: PathBuf,
        /// Public key (PEM) that they are checked with. Repeat it for older ones.
        #[arg(long = "key", value_name = "FILE", required = true)]
        keys: Vec<PathBuf>,
    },
}

/// Writes or checks receipts.
pub(crate) fn run(args: &ReceiptsArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        ReceiptsCommand::Export { to, serve } => {
            let settings = serve.load(Process::Backup)?;
            block_on(|_| async move {
                let deed = Deed::new(AuditAction::ReceiptsExported).on(AuditObjectKind::Installation);
                record(&settings.database, &deed, true).await?;
                let mut snapshot = Snapshot::take(&settings.database).await.context("the database can't be read")?;
                let shreds = snapshot.shreds().await?;
                snapshot.close().await?;
                write(to, &shreds)?;
                Ok(ExitCode::SUCCESS)
            })
        }
        ReceiptsCommand::NewKey { to } => {
            let key = SigningKey::create(&to.join("signing.key"))?.public();
            write_new(&to.join(format!("{}.pem", key.id())), &key.to_pem())?;
            say(&format!("the key {} signs from now on; put a copy of {} into the safe", key.id(), to.display()));
            Ok(ExitCode::SUCCESS)
        }
        ReceiptsCommand::Verify { file, keys } => {
            let keys: Vec<_> = keys.iter().map(|path| PublicKey::open(path)).collect::<Result<_, _>>()?;
            let shreds = read_verified(file, &keys)?;
            for shred in &shreds {
                say(&format!(
                    "{} was shredded at {}, {} objects were removed",
                    shred.document,
                    shred.shredded_at,
                    shred.objects.unwrap_or_default()
                ));
            }
            say(&format!("{} receipts are good", shreds.len()));
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Reads receipts of a file, all of which have to be good.
pub(super) fn read_verified(file: &Path, keys: &[PublicKey]) -> anyhow::Result<Vec<Shred>> {
    let text = fs::read(file).with_context(|| format!("{} can't be read", file.display()))?;
    verify(&text, &file.display().to_string(), keys)
}

/// Checks receipts, all of which have to be good, and which are at least one.
pub(super) fn verify(text: &[u8], name: &str, keys: &[PublicKey]) -> anyhow::Result<Vec<Shred>> {
    let mut shreds = Vec::new();
    for (place, signed) in (1..).zip(serde_json::Deserializer::from_slice(text).into_iter::<Signed>()) {
        let signed = signed.with_context(|| format!("receipt {place} of {name} can't be read"))?;
        shreds.push(signed.verify(keys).with_context(|| format!("receipt {place} of {name} is refused"))?);
    }
    ensure!(!shreds.is_empty(), "{name} holds no receipt");
    Ok(shreds)
}

fn write(to: &Path, shreds: &[Shred]) -> anyhow::Result<()> {
    let signed: Vec<_> = shreds.iter().filter_map(|shred| shred.signed.as_ref()).collect();
    let text: String = signed.iter().filter_map(|signed| signed.to_line()).collect();
    write_new(to, &text)?;
    say(&format!("{} receipts are in {}", signed.len(), to.display()));
    let waiting = shreds.len() - signed.len();
    if waiting > 0 {
        say(&format!("{waiting} shredded documents have no receipt yet"));
    }
    Ok(())
}

fn write_new(to: &Path, text: &str) -> anyhow::Result<()> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()));
    written.with_context(|| format!("{} can't be written", to.display()))
}

#[expect(clippy::print_stdout, reason = "a command tells its person what it did")]
fn say(line: &str) {
    println!("{line}");
}
