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
    cannot be used; `check` ends with 1 when something deserves a look."
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
}

#[derive(clap::Args)]
struct File {
    /// The AIQ or NAT configuration file; else `CONFIG_FILE` or `NAT_CONFIG_FILE` name it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let environment = &ProcessEnvironment;
    let ended = match Arguments::parse().verb {
        Verb::Serve { file, no_migrate } => admin::serve(file.config.as_deref(), !no_migrate, environment).await,
        Verb::Check { file, offline, json } => {
            let wish = admin::CheckWish { offline, json };
            admin::check(file.config.as_deref(), wish, environment, &mut std::io::stdout()).await
        }
        Verb::Migrate { file } => admin::migrate(file.config.as_deref(), environment, &mut std::io::stdout()).await,
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
