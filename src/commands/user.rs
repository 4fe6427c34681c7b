use std::{io::Read, process::ExitCode};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use secrecy::SecretString;
use untxt_core::{
    config::{Process, Settings},
    domain::{Role, UserId},
};
use untxt_database::{Database, users};

use super::serve::{ServeArgs, block_on};

/// Shortest password a person may choose (NIST SP 800-63B §5.1.1.2 asks for 8; UNTXT has always asked for 12).
const SHORTEST_PASSWORD: usize = 12;

/// People who can log in.
#[derive(Debug, Args)]
pub(crate) struct UserArgs {
    #[command(subcommand)]
    command: UserCommand,
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
}

/// Adds a person, with the backend's settings for the database.
#[expect(clippy::print_stdout, reason = "a command tells its person the password")]
pub(crate) fn run(args: &UserArgs) -> anyhow::Result<ExitCode> {
    let settings = args.serve.load(Process::Migrate)?;
    let UserCommand::Add { login, role, password_stdin } = &args.command;
    let given = password_stdin.then(read_password).transpose()?;
    block_on(|_| async move {
        let database = connect(&settings).await?;
        let password = match &given {
            Some(password) => password.clone(),
            None => random_password()?,
        };
        add(&database, login, &password, *role).await?;
        match given {
            Some(_) => println!("added {login}"),
            None => println!("added {login} with the password {password}   (shown once)"),
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
    if login.is_empty() || login.len() > 100 || login.chars().any(|c| c.is_control() || c.is_whitespace()) {
        bail!("a login has 1 to 100 characters and no spaces");
    }
    let hash = untxt_backend::hash_password(&SecretString::from(password))?;
    let id = UserId::generate();
    let mut tx = database.begin_as(id).await?;
    match users::create(&mut tx, id, login, &hash, role).await {
        Ok(_) => Ok(tx.commit().await?),
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

fn read_password() -> anyhow::Result<String> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("the password can't be read from standard input")?;
    let password = text.trim_end_matches(['\r', '\n']);
    if password.chars().count() < SHORTEST_PASSWORD {
        bail!("a password has at least {SHORTEST_PASSWORD} characters");
    }
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
