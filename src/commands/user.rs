use std::{io::Read, process::ExitCode};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use secrecy::SecretString;
use untxt_core::{
    audit::{AuditAction, AuditDetail, AuditEntry, AuditOutcome},
    config::{Process, Settings},
    domain::{Role, UserId},
};
use untxt_database::{Database, audit, users};

use super::{
    people::{self, Target},
    serve::{ServeArgs, block_on},
};

/// People who can log in.
#[derive(Debug, Args)]
pub(crate) struct UserArgs {
    #[command(subcommand)]
    command: UserCommand,
    /// The administrator in whose name it is done.
    #[arg(long = "as", value_name = "LOGIN", default_value = "admin", global = true)]
    admin: String,
    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Add a person. The password is random and shown once, unless one is given.
    Add {
        /// What the person types to log in.
        login: String,
        /// What this person is here: user, reviewer, auditor or admin.
        #[arg(long, default_value_t = Role::User, value_parser = parse_role)]
        role: Role,
        /// Read the password from standard input.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Show everybody.
    List,
    /// Make a link by which somebody chooses a password and becomes a person here; it is good once and for a week.
    Invite {
        /// What the person types to log in.
        login: String,
        /// What the person is here: user, reviewer, auditor or admin.
        #[arg(long, default_value_t = Role::User, value_parser = parse_role)]
        role: Role,
    },
    /// Let a person in no more: sessions and tokens end at once.
    Disable {
        /// Whom.
        login: String,
    },
    /// Let a person in again.
    Enable {
        /// Whom.
        login: String,
    },
    /// Give a person a random password, shown once; their sessions end.
    ResetPassword {
        /// Whose.
        login: String,
    },
    /// Take the second factor from a person who lost the phone and the recovery codes; their sessions end.
    ResetMfa {
        /// Whose.
        login: String,
    },
}

/// Does what the operator asks, with the backend's settings for the database.
#[expect(clippy::print_stdout, reason = "a command tells its person the password")]
pub(crate) fn run(args: &UserArgs) -> anyhow::Result<ExitCode> {
    let settings = args.serve.load(Process::Migrate)?;
    let given = match &args.command {
        UserCommand::Add { login, password_stdin: true, .. } => Some(read_password(login)?),
        _ => None,
    };
    block_on(|_| async move {
        let database = connect(&settings).await?;
        let of = |login| Target { database: &database, admin: &args.admin, login };
        match &args.command {
            UserCommand::Add { login, role, .. } => {
                let is_given = given.is_some();
                let password = given.map_or_else(random_password, Ok)?;
                add(&database, login, &password, *role).await?;
                match is_given {
                    true => println!("added {login}"),
                    false => println!("added {login} with the password {password}   (shown once)"),
                }
            }
            UserCommand::List => people::list(&database, &args.admin).await?,
            UserCommand::Invite { login, role } => {
                println!("{}", of(login).invite(*role, &settings.server.public_url).await?);
            }
            UserCommand::Disable { login } => of(login).disable().await?,
            UserCommand::Enable { login } => of(login).enable().await?,
            UserCommand::ResetPassword { login } => {
                println!("{login} has the password {}   (shown once)", of(login).reset_password().await?);
            }
            UserCommand::ResetMfa { login } => of(login).reset_second_factor().await?,
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Connects as the backend does.
pub(crate) async fn connect(settings: &Settings) -> anyhow::Result<Database> {
    Database::connect(&settings.database, "untxt-user").await.context("the database can't be reached")
}

/// Adds a person with a password.
pub(crate) async fn add(database: &Database, login: &str, password: &str, role: Role) -> anyhow::Result<()> {
    if !untxt_backend::can_be_login(login) {
        bail!("a login has 1 to 100 characters and no spaces");
    }
    let hash = untxt_backend::hash_password(&SecretString::from(password))?;
    let id = UserId::generate();
    let mut tx = database.begin_as(id).await?;
    match users::create(&mut tx, id, login, &hash, role).await {
        Ok(_) => {
            let entry = AuditEntry {
                object: Some(id.into()),
                detail: Some(AuditDetail::new("command")),
                ..AuditEntry::new(AuditAction::AccountCreated, AuditOutcome::Ok)
            };
            audit::record(&mut tx, &entry).await?;
            Ok(tx.commit().await?)
        }
        Err(untxt_database::Error::Conflict(_)) => bail!("there is a person with the login {login} already"),
        Err(error) => Err(error.into()),
    }
}

/// Makes a password of 100 random bits that survives being read aloud.
pub(crate) fn random_password() -> anyhow::Result<String> {
    let letters = b"abcdefghijkmnpqrstuvwxyz23456789";
    let text: Vec<u8> = random_bytes::<20>()?.iter().map(|byte| letters[usize::from(byte % 32)]).collect();
    Ok(text.chunks(5).map(String::from_utf8_lossy).collect::<Vec<_>>().join("-"))
}

/// Makes random bytes for a secret.
pub(crate) fn random_bytes<const N: usize>() -> anyhow::Result<[u8; N]> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| anyhow::anyhow!("no randomness to be had"))?;
    Ok(bytes)
}

fn parse_role(text: &str) -> Result<Role, String> {
    let names = || Role::ALL.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ");
    text.parse().map_err(|_| format!("the roles are {}", names()))
}

fn read_password(login: &str) -> anyhow::Result<String> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("the password can't be read from standard input")?;
    let password = text.trim_end_matches(['\r', '\n']);
    untxt_backend::check_new_password(login, &SecretString::from(password))?;
    Ok(password.to_owned())
}

#[cfg(test)]
mod tests {
    #[test]
    fn random_passwords_differ_and_are_long() {
        let (one, other) = (super::random_password().expect("random"), super::random_password().expect("random"));
        assert_ne!(one, other);
        assert_eq!(one.len(), 23);
    }
}
