//! The `aiq-connect` command.

use std::{
    io::{IsTerminal, Write},
    path::PathBuf,
    process::ExitCode,
};

use aiq_connect::{
    admin::{self, AdminError, Ended},
    config::ProcessEnvironment,
};
use clap::{Parser, Subcommand};

/// Lets people connect their own accounts, and jobs call MCP servers as them.
#[derive(Parser)]
#[command(
    version,
    about,
    after_help = "Every verb ends with 0 when all is well and with 2 when the configuration \
    cannot be used or the verb was refused; `check` and `keys` end with 1 when something deserves a \
    look, and `audit verify` when the trail is not as it was written."
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
    /// Read the audit trail.
    #[command(subcommand)]
    Audit(AuditVerb),
    /// Look after people's grants.
    #[command(subcommand)]
    Grants(GrantsVerb),
    /// Look after people.
    #[command(subcommand)]
    People(PeopleVerb),
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

#[derive(Subcommand)]
enum AuditVerb {
    /// Tell what happened, the newest last.
    Show {
        #[command(flatten)]
        file: File,
        #[command(flatten)]
        wish: admin::AuditWish,
    },
    /// Check that no record was changed, forged or removed; ends with 1 and the places otherwise.
    Verify {
        #[command(flatten)]
        file: File,
    },
}

#[derive(Subcommand)]
enum GrantsVerb {
    /// List grants, newest first. Never tells a token.
    List {
        #[command(flatten)]
        file: File,
        #[command(flatten)]
        wish: admin::GrantsWish,
    },
    /// Tell everything about one grant but its tokens, and what the audit trail holds of it.
    Show {
        #[command(flatten)]
        file: File,
        /// Its id, as `grants list` tells it.
        id: uuid::Uuid,
        /// As JSON, without its audit.
        #[arg(long)]
        json: bool,
    },
    /// Forget a grant as if its person had disconnected it, and have the provider end its tokens.
    Revoke {
        #[command(flatten)]
        file: File,
        /// Its id, as `grants list` tells it.
        id: uuid::Uuid,
        #[command(flatten)]
        sure: Sure,
    },
    /// Keep a grant, and let nothing be served from it until its person connects anew or it is released.
    Quarantine {
        #[command(flatten)]
        file: File,
        /// Its id, as `grants list` tells it.
        id: uuid::Uuid,
        /// Let it be used again.
        #[arg(long)]
        release: bool,
    },
}

#[derive(Subcommand)]
enum PeopleVerb {
    /// List people, those who came last first.
    List {
        #[command(flatten)]
        file: File,
        /// Only those with this id, subject, name or address.
        name: Option<String>,
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Remove everything of one person; audit records stay under an id that no name goes with.
    Forget {
        #[command(flatten)]
        file: File,
        #[command(flatten)]
        whom: admin::Whom,
        #[command(flatten)]
        sure: Sure,
    },
}

#[derive(clap::Args)]
struct Sure {
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

impl Sure {
    /// Asks on a terminal. Where nobody can answer, only --yes is an answer.
    fn ask(&self, question: &str) -> bool {
        if self.yes {
            return true;
        }
        let mut answer = String::new();
        std::io::stdin().is_terminal()
            && write!(std::io::stderr(), "{question} Type `yes`: ").is_ok()
            && std::io::stdin().read_line(&mut answer).is_ok()
            && answer.trim() == "yes"
    }
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
        Verb::Audit(verb) => audit(verb).await,
        Verb::Grants(verb) => grants(verb).await,
        Verb::People(verb) => people(verb).await,
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

async fn audit(verb: AuditVerb) -> Result<Ended, AdminError> {
    let (environment, out) = (&ProcessEnvironment, &mut std::io::stdout());
    match verb {
        AuditVerb::Show { file, wish } => admin::audit_show(file.config.as_deref(), &wish, environment, out).await,
        AuditVerb::Verify { file } => admin::audit_verify(file.config.as_deref(), environment, out).await,
    }
}

async fn grants(verb: GrantsVerb) -> Result<Ended, AdminError> {
    let (environment, out) = (&ProcessEnvironment, &mut std::io::stdout());
    match verb {
        GrantsVerb::List { file, wish } => admin::grants_list(file.config.as_deref(), &wish, environment, out).await,
        GrantsVerb::Show { file, id, json } => {
            admin::grants_show(file.config.as_deref(), id, json, environment, out).await
        }
        GrantsVerb::Revoke { file, id, sure } => {
            let mut ask = |question: &str| sure.ask(question);
            admin::grants_revoke(file.config.as_deref(), id, &mut ask, environment, out).await
        }
        GrantsVerb::Quarantine { file, id, release } => {
            admin::grants_quarantine(file.config.as_deref(), id, release, environment, out).await
        }
    }
}

async fn people(verb: PeopleVerb) -> Result<Ended, AdminError> {
    let (environment, out) = (&ProcessEnvironment, &mut std::io::stdout());
    match verb {
        PeopleVerb::List { file, name, json } => {
            admin::people_list(file.config.as_deref(), name.as_deref(), json, environment, out).await
        }
        PeopleVerb::Forget { file, whom, sure } => {
            let mut ask = |question: &str| sure.ask(question);
            admin::people_forget(file.config.as_deref(), &whom, &mut ask, environment, out).await
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
