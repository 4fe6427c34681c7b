//! Keys for operators: ids, versions, counts and ages; never a key, never a word of a document.

use std::{process::ExitCode, time::Duration};

use anyhow::{Context, bail, ensure};
use clap::{Args, Subcommand};
use untxt_core::{
    audit::{AuditAction, AuditObject, AuditObjectKind},
    config::{Process, Provider, Settings},
    crypto::{KeyRing, KeyState, LocalKms, connect},
    domain::OwnerId,
    telemetry::chain,
};
use untxt_database::{
    Database,
    owner_keys::{self, IndexRebuild, KeyCount, KeyEvent, KeyOperation},
};
use untxt_worker::{Kept, KeyKeeper, KeyTimes, Rotation};

use super::{
    record::{Deed, record, recorded},
    serve::{ServeArgs, block_on},
};

/// Look at keys, replace, wrap anew and destroy them; nothing stops meanwhile. It uses the worker's settings.
#[derive(Debug, Args)]
pub(crate) struct KeysArgs {
    #[command(subcommand)]
    command: KeysCommand,
    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Show which keys there are, how old they are, and what is still to be done. Ends with 1 when something is overdue.
    Status,
    /// Replace keys now: documents follow at once, and what they seal stays as it is.
    Rotate {
        /// Of this owner (the id of the person).
        #[arg(long, conflicts_with_all = ["all", "root"])]
        owner: Option<OwnerId>,
        /// Of all owners.
        #[arg(long, conflicts_with = "root")]
        all: bool,
        /// The root key in the key file; owner keys follow. Then put a copy of the file into the safe.
        #[arg(long)]
        root: bool,
        /// With a new index key, too: the workers index every page anew, and searches ask both keys until then.
        #[arg(long, conflicts_with_all = ["root", "compromised"])]
        index: bool,
        /// Somebody else may know the old keys: all of the owner's are replaced (the index key, too), and destroyed as soon as
        /// nothing needs them, without any grace.
        #[arg(long, conflicts_with = "root")]
        compromised: bool,
    },
    /// Wrap everything anew that is not under the newest keys, and show how far it is. It may be stopped and started again.
    Rewrap,
    /// Have everything wrapped by the root key of [encryption] that the one of [encryption.previous] wraps, and say when that one
    /// can go.
    MigrateProvider,
    /// Destroy older keys that nothing needs any more, without waiting for the end of their grace. There is no way back.
    Destroy,
}

/// Owners that are named by `status` because their index is made anew.
const REBUILDS: u32 = 20;

/// Everything that the commands work with.
struct Keys {
    settings: Settings,
    database: Database,
    ring: KeyRing,
}

/// Does what the operator asks.
pub(crate) fn run(args: &KeysArgs) -> anyhow::Result<ExitCode> {
    let settings = args.serve.load(Process::Keys)?;
    block_on(|_| async move {
        let database = settings.database.clone();
        let keys = Keys::connect(settings).await?;
        let deed = args.command.deed();
        if matches!(args.command, KeysCommand::Status) {
            record(&database, &deed, true).await?;
            return keys.show().await;
        }
        recorded(&database, &deed, keys.do_as_told(&args.command)).await?;
        Ok(ExitCode::SUCCESS)
    })
}

impl KeysCommand {
    /// Gives what is written down of it; what happens to each key stands in `key_events`.
    fn deed(&self) -> Deed {
        let action = match self {
            Self::Status => AuditAction::KeysRead,
            Self::Rotate { root: true, .. } => AuditAction::RootKeyRotated,
            Self::Rotate { .. } => AuditAction::KeysRotated,
            Self::Rewrap => AuditAction::KeysRewrapped,
            Self::MigrateProvider => AuditAction::KeysMigrated,
            Self::Destroy => AuditAction::KeysDestroyed,
        };
        match self {
            Self::Rotate { owner: Some(owner), .. } => {
                Deed::new(action).to(AuditObject::new(AuditObjectKind::Owner, owner.as_uuid()))
            }
            _ => Deed::new(action).on(AuditObjectKind::Installation),
        }
    }
}

impl Keys {
    async fn connect(settings: Settings) -> anyhow::Result<Self> {
        let database =
            Database::connect(&settings.database, "untxt-keys").await.context("the database can't be reached")?;
        let ring = KeyRing::new(connect(&settings.encryption)?);
        Ok(Self { settings, database, ring })
    }

    async fn do_as_told(&self, command: &KeysCommand) -> anyhow::Result<()> {
        match *command {
            KeysCommand::Status => Ok(()),
            KeysCommand::Rotate { root: true, .. } => self.rotate_root().await,
            KeysCommand::Rotate { owner: Some(owner), index, compromised, .. } => {
                let rotation = match (index, compromised) {
                    (_, true) => Rotation::Compromised,
                    (true, false) => Rotation::Index,
                    (false, false) => Rotation::Owner,
                };
                self.rotate(owner, rotation).await
            }
            KeysCommand::Rotate { all: true, index, compromised, .. } => {
                ensure!(!compromised, "say which owner's key somebody else may know: --owner ID --compromised");
                let max_index_age = if index { Some(Duration::ZERO) } else { self.times().max_index_age };
                self.keep(KeyTimes { max_age: Duration::ZERO, max_index_age, ..self.times() }).await
            }
            KeysCommand::Rotate { .. } => bail!("say which key is to be replaced: --owner ID, --all or --root"),
            KeysCommand::Rewrap => self.keep(self.times()).await,
            KeysCommand::MigrateProvider => self.migrate_provider().await,
            KeysCommand::Destroy => self.destroy().await,
        }
    }

    fn times(&self) -> KeyTimes {
        KeyTimes::new(&self.settings.encryption)
    }

    fn keeper(&self, times: KeyTimes) -> KeyKeeper {
        KeyKeeper::new(self.database.clone(), self.ring.clone(), times)
    }

    /// Counts owner keys, and documents that are not under the active one.
    async fn count(&self) -> anyhow::Result<(Vec<KeyCount>, u64)> {
        let mut tx = self.database.begin_system().await?;
        Ok((owner_keys::count(&mut tx).await?, owner_keys::count_documents_under_older(&mut tx).await?))
    }

    async fn count_old_forms(&self) -> anyhow::Result<u64> {
        let mut tx = self.database.begin_system().await?;
        Ok(owner_keys::count_old_forms(&mut tx).await?)
    }

    async fn list_rebuilds(&self) -> anyhow::Result<Vec<IndexRebuild>> {
        let mut tx = self.database.begin_system().await?;
        Ok(owner_keys::list_index_rebuilds(&mut tx, REBUILDS).await?)
    }

    #[expect(clippy::print_stdout, reason = "a command tells its person what it found")]
    async fn show(&self) -> anyhow::Result<ExitCode> {
        let root = self.ring.root_key_id()?;
        let works = self.ring.check().await;
        let (keys, under_older) = self.count().await?;
        println!("root key      {root}, {}", works.as_ref().map_or_else(|error| chain(error), |()| "works".to_owned()));
        for count in &keys {
            println!("{}", line(count, &root));
        }
        println!("old form      {} owner keys; a worker brings them into that of now", self.count_old_forms().await?);
        println!("documents     {under_older} not under the active key of their owner");
        for rebuild in self.list_rebuilds().await? {
            let IndexRebuild { owner, generation, pages } = rebuild;
            println!(
                "index         {pages} pages of {owner} are not under index key {generation} yet; a worker makes them anew"
            );
        }
        let encryption = &self.settings.encryption;
        println!(
            "rotation      an owner key is replaced after {} days, and destroyed {} hours later",
            encryption.rotation_days, encryption.grace_hours
        );
        let overdue = overdue(&keys, encryption.rotation());
        for what in &overdue {
            println!("OVERDUE       {what}");
        }
        Ok(if works.is_ok() && overdue.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    #[expect(clippy::print_stdout, reason = "a command tells its person what it did")]
    async fn rotate(&self, owner: OwnerId, rotation: Rotation) -> anyhow::Result<()> {
        let times = match rotation {
            Rotation::Compromised => KeyTimes { grace: Duration::ZERO, ..self.times() },
            Rotation::Owner | Rotation::Index => self.times(),
        };
        let kept = self.keeper(times).rotate(owner, rotation).await?;
        ensure!(
            kept.rotated > 0 || kept.refused > 0,
            "owner {owner} has no key, or somebody else replaced it just now: see `untxt keys status`"
        );
        if rotation != Rotation::Owner {
            println!(
                "pages of {owner} get tokens under the new index key from now on; the older ones follow: `untxt keys status`"
            );
        }
        say(&kept)
    }

    #[expect(clippy::print_stdout, reason = "a command tells its person what it did")]
    async fn rotate_root(&self) -> anyhow::Result<()> {
        let root = &self.settings.encryption.current;
        ensure!(
            root.provider == Some(Provider::Local),
            "the root key is not in a file: make a new one where it is, name it in [encryption], and the old one in \
             [encryption.previous]; then `untxt keys migrate-provider`"
        );
        let path = &root.key_path;
        let id = LocalKms::rotate(path)?;
        // First of all: it is used already.
        println!("{id} wraps from now on; put a copy of {} into the safe", path.display());
        self.record(&KeyEvent::of_root(&id, KeyOperation::RootCreated)).await?;
        self.keep(self.times()).await
    }

    #[expect(clippy::print_stdout, reason = "a command tells its person what it did")]
    async fn migrate_provider(&self) -> anyhow::Result<()> {
        ensure!(
            self.settings.encryption.previous.provider.is_some(),
            "say in [encryption.previous] where the keys are wrapped now, and in [encryption] where to; in the settings of \
             backend and workers as well, before this"
        );
        self.ring.check().await.context("both key services must work")?;
        self.keep(self.times()).await?;
        let (keys, root) = (self.count().await?.0, self.ring.root_key_id()?);
        let left: u64 =
            keys.iter().filter(|count| is_needed(count) && count.kms_key_id != root).map(|count| count.keys).sum();
        ensure!(left == 0, "{left} owner keys are still under another root key; start this again");
        println!(
            "everything is under {root}: take [encryption.previous] out of all settings. Backups of before still need it."
        );
        Ok(())
    }

    /// Does all that is due, saying how far it is.
    async fn keep(&self, times: KeyTimes) -> anyhow::Result<()> {
        let bar = indicatif::ProgressBar::new_spinner();
        bar.enable_steady_tick(Duration::from_millis(200));
        let kept = self.keeper(times).keep_all(|kept| bar.set_message(sentence(kept))).await;
        bar.finish_and_clear();
        say(&kept?)
    }

    #[expect(clippy::print_stdout, reason = "a command tells its person what it did")]
    async fn destroy(&self) -> anyhow::Result<()> {
        self.keep(KeyTimes { grace: Duration::ZERO, ..self.times() }).await?;
        let encryption = &self.settings.encryption;
        let roots = [&encryption.current, &encryption.previous];
        for file in roots.into_iter().filter(|root| root.provider == Some(Provider::Local)) {
            let older: Vec<_> = LocalKms::open(&file.key_path)?.root_key_ids().into_iter().skip(1).collect();
            let mut tx = self.database.begin_system().await?;
            let unused = owner_keys::destroy_unused_roots(&mut tx, &older).await?;
            tx.commit().await?;
            for id in LocalKms::destroy(&file.key_path, &unused)? {
                println!("root key {id} is destroyed; backups that were made with it need the copy in the safe");
            }
        }
        Ok(())
    }

    async fn record(&self, event: &KeyEvent<'_>) -> anyhow::Result<()> {
        let mut tx = self.database.begin_system().await?;
        owner_keys::record(&mut tx, event).await?;
        Ok(tx.commit().await?)
    }
}

fn is_needed(count: &KeyCount) -> bool {
    count.state != KeyState::Destroyed
}

fn line(count: &KeyCount, root: &str) -> String {
    let KeyCount { kms_key_id, state, keys, owners, oldest } = count;
    let under = if kms_key_id == root { String::new() } else { format!(", under {kms_key_id}") };
    let days = oldest.as_secs() / 86_400;
    format!("owner keys    {keys} {} of {owners} owners, the oldest {days} days old{under}", state.as_str())
}

/// Says what should have been done by now: an hour is more than any worker takes to look.
fn overdue(keys: &[KeyCount], rotation: Duration) -> Vec<String> {
    let limit = rotation + Duration::from_secs(3600);
    let is_late = |count: &&KeyCount| count.state == KeyState::Active && count.oldest > limit;
    let late = keys
        .iter()
        .filter(is_late)
        .map(|count| format!("owner keys under {} should have been replaced; is a worker running?", count.kms_key_id));
    late.collect()
}

fn sentence(kept: &Kept) -> String {
    let Kept { rotated, tags, rewrapped, documents, labels, refused, destroyed } = kept;
    format!(
        "{rotated} owner keys replaced, {rewrapped} wrapped anew, {documents} document keys and {labels} keys of labels wrapped \
         anew, tags of {tags} documents forgotten, {destroyed} owner keys destroyed, {refused} refused"
    )
}

#[expect(clippy::print_stdout, reason = "a command tells its person what it did")]
fn say(kept: &Kept) -> anyhow::Result<()> {
    println!("{}", sentence(kept));
    ensure!(
        kept.refused == 0,
        "{} keys could not be kept up: they stay as they are; the log names them, and a backup may have whole those that don't open",
        kept.refused
    );
    Ok(())
}
