use std::process::ExitCode;

use anyhow::Context;
use untxt_core::config::Process;
use untxt_database::{Database, audit};

use super::{
    super::serve::{ServeArgs, block_on},
    say,
};

/// Prints the last head, with its signature, as `untxt audit verify --head` reads it.
pub(super) fn run(serve: &ServeArgs) -> anyhow::Result<ExitCode> {
    let settings = serve.load(Process::Migrate)?;
    block_on(|_| async move {
        let database =
            Database::connect(&settings.database, "untxt-audit").await.context("the database can't be reached")?;
        let mut tx = database.begin_system().await?;
        let (_, signed) = audit::last_head(&mut tx).await?.context("nothing is sealed yet")?;
        tx.commit().await?;
        say(&signed.to_json()?);
        Ok(ExitCode::SUCCESS)
    })
}
