//! The `aiq-connect` command.

use std::{io::Write, path::PathBuf, process::ExitCode};

use aiq_connect::{
    app::Service,
    config::{self, ProcessEnvironment},
};
use clap::{Parser, Subcommand};

/// Lets people connect their own accounts, and jobs call MCP servers as them.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Serve the page, the API and the workers' endpoint until interrupted.
    Serve {
        /// The AIQ or NAT configuration file; else `CONFIG_FILE` or `NAT_CONFIG_FILE` name it.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { verb: Verb::Serve { config } } = Arguments::parse();
    aiq_connect::telemetry::start(&ProcessEnvironment);
    match serve(config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to tell it to if standard error is gone.
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::from(2)
        }
    }
}

async fn serve(path: Option<PathBuf>) -> Result<(), Box<dyn std::error::Error>> {
    let path = config::locate(path.as_deref(), &ProcessEnvironment)?;
    let config = config::load(&path, &ProcessEnvironment)?;
    // Listened for from here on: whoever stops us while we start, or right after, finds us listening.
    let stop = interrupted()?;
    let service = Service::assemble(config).await?;
    service.serve(stop).await?;
    Ok(())
}

/// SIGINT or SIGTERM.
fn interrupted() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
