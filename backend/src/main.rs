//! The `aiq-connect` command.

use std::{io::Write, path::PathBuf, process::ExitCode};

use aiq_connect::{
    admin::{self, Ended},
    config::ProcessEnvironment,
};
use clap::{Parser, Subcommand};

/// Lets people connect their own accounts, and jobs call MCP servers as them.
#[derive(Parser)]
#[command(
    version,
    about,
    after_help = "Every verb ends with 0 when all is well and with 2 when the configuration \
    cannot be used or the verb was refused; `check` and `keys` end with 1 when something deserves a look."
)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Serve the page, the API and the workers' endpoint until interrupted.
    Serve {
        #[command(flatten)]
        file: File,
        /// Refuse to start on a database of an older schema instead of bringing it up to date.
        #[arg(long)]
        no_migrate: bool,
    },
    /// Explain a configuration, and try the way to every server's sign-in.
    Check {
        #[command(flatten)]
        file: File,
        /// Ask nobody: explain only what is written.
        #[arg(long)]
        offline: bool,
        /// Answer as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Bring the database's schema up to date, and say from which number to which.
    Migrate {
        #[command(flatten)]
        file: File,
    },
    /// Change the key that seals tokens, while everything goes on: add, activate, rotate, remove.
    #[command(subcommand)]
    Keys(Keys),
}

#[derive(Subcommand)]
enum Keys {
    /// Tell which keys there are, what needs them, and what to do next.
    Status {
        #[command(flatten)]
        file: File,
        /// Answer as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Make a new key and append it to the key file. It seals nothing until it is activated.
    Add {
        #[command(flatten)]
        file: File,
        /// Take the key in this file instead of a new one; `-` reads standard input.
        #[arg(long, value_name = "FILE")]
        from_file: Option<PathBuf>,
    },
    /// Make a key the one that seals. Every replica has to hold it first.
    Activate {
        /// Its id, or the beginning of it.
        id: String,
        #[command(flatten)]
        file: File,
        /// Although some replicas do not hold it: they are not ready until they do.
        #[arg(long)]
        anyway: bool,
        /// Although the active key is not held here, because it is gone: what it sealed shows as disconnected.
        #[arg(long)]
        old_is_lost: bool,
    },
    /// Seal with the active key what another one sealed. Traffic goes on; interrupting it loses nothing.
    Rotate {
        #[command(flatten)]
        file: File,
        /// Answer as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Take a key away that nothing needs any more, out of the key file too.
    Remove {
        /// Its id, or the beginning of it.
        id: String,
        #[command(flatten)]
        file: File,
        /// Although something needs it, because nobody has it any more: that shows as disconnected.
        #[arg(long)]
        lost: bool,
    },
}

#[derive(clap::Args)]
struct File {
    /// The AIQ or NAT configuration file; else `CONFIG_FILE` or `NAT_CONFIG_FILE` name it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let (environment, out) = (&ProcessEnvironment, &mut std::io::stdout());
    let ended = match Arguments::parse().verb {
        Verb::Serve { file, no_migrate } => admin::serve(file.config.as_deref(), !no_migrate, environment).await,
        Verb::Check { file, offline, json } => {
            let wish = admin::CheckWish { offline, json };
            admin::check(file.config.as_deref(), wish, environment, out).await
        }
        Verb::Keys(verb) => keys(verb, environment, out).await,
        Verb::Migrate { file } => admin::migrate(file.config.as_deref(), environment, out).await,
    };
    match ended {
        Ok(Ended::Well) => ExitCode::SUCCESS,
        Ok(Ended::WithWarnings) => ExitCode::from(1),
        Err(error) => {
            // Nothing is left to tell it to if standard error is gone.
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::from(2)
        }
    }
}

async fn keys(
    verb: Keys,
    environment: &ProcessEnvironment,
    out: &mut std::io::Stdout,
) -> Result<Ended, admin::AdminError> {
    use admin::keys::{self, ActivateWish, RemoveWish};
    match verb {
        Keys::Status { file, json } => keys::status(file.config.as_deref(), json, environment, out).await,
        Keys::Add { file, from_file } => {
            let input = &mut std::io::stdin();
            keys::add(file.config.as_deref(), from_file.as_deref(), environment, input, out).await
        }
        Keys::Activate { id, file, anyway, old_is_lost } => {
            let wish = ActivateWish { anyway, old_is_lost };
            keys::activate(file.config.as_deref(), &id, wish, environment, out).await
        }
        Keys::Rotate { file, json } => keys::rotate(file.config.as_deref(), json, environment, out).await,
        Keys::Remove { id, file, lost } => {
            keys::remove(file.config.as_deref(), &id, RemoveWish { lost }, environment, out).await
        }
    }
}
