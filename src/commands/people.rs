//! `untxt user` for those who are there already: what administrators do, done in the name of one of them.

use anyhow::{Context, bail};
use secrecy::SecretString;
use untxt_backend::LinkSecret;
use untxt_core::domain::{Role, UserId};
use untxt_database::{Database, Transaction, invitations, people, users};

use super::user::random_password;

/// People of one list.
const MAX_PEOPLE: u32 = 10_000;

/// Somebody to do something to.
pub(super) struct Target<'a> {
    pub(super) database: &'a Database,
    /// In whose name.
    pub(super) admin: &'a str,
    /// To whom.
    pub(super) login: &'a str,
}

impl Target<'_> {
    async fn find(&self) -> anyhow::Result<(Transaction, UserId)> {
        let mut tx = begin_as_admin(self.database, self.admin).await?;
        let found = users::find_by_login(&mut tx, self.login).await?;
        let found = found.with_context(|| format!("there is no person with the login {}", self.login))?;
        Ok((tx, found.user.id))
    }

    /// Ends every session and token of theirs, and lets them in no more.
    pub(super) async fn disable(&self) -> anyhow::Result<()> {
        let (mut tx, person) = self.find().await?;
        if !people::disable(&mut tx, person).await? {
            bail!("{} can't be disabled in their own name; name another administrator with --as", self.login);
        }
        Ok(tx.commit().await?)
    }

    /// Lets them in again.
    pub(super) async fn enable(&self) -> anyhow::Result<()> {
        let (mut tx, person) = self.find().await?;
        people::enable(&mut tx, person).await?;
        Ok(tx.commit().await?)
    }

    /// Gives them a random password, and ends their sessions.
    pub(super) async fn reset_password(&self) -> anyhow::Result<String> {
        let password = random_password()?;
        let hash = untxt_backend::hash_password(&SecretString::from(password.as_str()))?;
        let (mut tx, person) = self.find().await?;
        people::replace_password(&mut tx, person, &hash).await?;
        tx.commit().await?;
        Ok(password)
    }

    /// Takes their second factor, and ends their sessions.
    pub(super) async fn reset_second_factor(&self) -> anyhow::Result<()> {
        let (mut tx, person) = self.find().await?;
        if !people::remove_second_factor(&mut tx, person).await? {
            bail!("{} has no second factor", self.login);
        }
        Ok(tx.commit().await?)
    }

    /// Invites somebody who is not there yet; gives the link.
    pub(super) async fn invite(&self, role: Role, address: &str) -> anyhow::Result<String> {
        if !untxt_backend::can_be_login(self.login) {
            bail!("a login has 1 to 100 characters and no spaces");
        }
        let mut tx = begin_as_admin(self.database, self.admin).await?;
        let by = users::find_by_login(&mut tx, self.admin).await?.context("the administrator is gone")?.user.id;
        let secret = LinkSecret::generate().map_err(|_| anyhow::anyhow!("no randomness to be had"))?;
        match invitations::create(&mut tx, by, self.login, role, &secret.hash()).await {
            Ok(_) => tx.commit().await?,
            Err(untxt_database::Error::Conflict(_)) => bail!("there is a person with the login {} already", self.login),
            Err(error) => return Err(error.into()),
        }
        Ok(format!("{}/invitation#{}", address.trim_end_matches('/'), secret.text()))
    }
}

/// Prints who there is.
#[expect(clippy::print_stdout, reason = "a command tells its person what it found")]
pub(super) async fn list(database: &Database, admin: &str) -> anyhow::Result<()> {
    let mut tx = begin_as_admin(database, admin).await?;
    for person in people::list(&mut tx, MAX_PEOPLE).await? {
        let state = if person.disabled_at.is_some() { "disabled" } else { "enabled" };
        let factor = if person.has_second_factor { "codes" } else { "no codes" };
        println!(
            "{:32} {:8} {state:8} {factor:8} since {}",
            person.login,
            person.role.as_str(),
            person.created_at.date()
        );
    }
    Ok(())
}

/// Begins a transaction in the name of an administrator: the database lets nobody else do any of this.
async fn begin_as_admin(database: &Database, login: &str) -> anyhow::Result<Transaction> {
    let mut tx = database.begin_system().await?;
    let found = users::find_by_login(&mut tx, login).await?.filter(|found| found.user.role.as_str() == "admin");
    let Some(found) = found.filter(|found| !found.is_disabled) else {
        bail!("{login} is no administrator who is enabled; name one with --as");
    };
    drop(tx);
    Ok(database.begin_as(found.user.id).await?)
}
