use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Subcommand};
use untxt_core::tls::init_certificates;

/// Certificates of one installation.
#[derive(Debug, Args)]
pub(crate) struct CertsArgs {
    #[command(subcommand)]
    command: CertsCommand,
}

#[derive(Debug, Subcommand)]
enum CertsCommand {
    /// Make whatever is missing and renew what has a third of its life left. Running it twice changes nothing.
    Init {
        /// Folder to fill; certs/README.md says what each file is.
        #[arg(long, value_name = "FOLDER", default_value = "certs/generated")]
        out: PathBuf,
        /// Name or address that servers are reached by, besides localhost. Repeat it for more.
        #[arg(long = "host", value_name = "NAME")]
        hosts: Vec<String>,
    },
}

/// Makes the certificates and says what was made.
#[expect(clippy::print_stdout, reason = "a command tells its person what it did")]
pub(crate) fn run(args: &CertsArgs) -> anyhow::Result<ExitCode> {
    let CertsCommand::Init { out, hosts } = &args.command;
    let issued = init_certificates(out, hosts)?;
    for path in &issued.made {
        println!("made {}", path.display());
    }
    if issued.made.is_empty() {
        println!("everything in {} is there and fresh", out.display());
    }
    Ok(ExitCode::SUCCESS)
}
