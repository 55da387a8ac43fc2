//! `aiq-connect check`: what a configuration means, and whether the servers in it can be signed in to.

mod configuration;
mod discovery;
mod place;

use std::{io::Write, path::Path};

use super::{AdminError, Ended, configured, report::Report};
use crate::config::Environment;

/// How to check.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wish {
    /// Ask nobody.
    pub offline: bool,
    /// Answer as JSON.
    pub json: bool,
}

/// Explains a configuration, and unless `offline` asks every server that it names. Changes nothing anywhere.
///
/// # Errors
///
/// The configuration cannot be used, or nothing can be written.
pub async fn check(
    named: Option<&Path>,
    wish: Wish,
    environment: &dyn Environment,
    out: &mut dyn Write,
) -> Result<Ended, AdminError> {
    let (path, config) = match configured(named, environment) {
        Ok(configured) => configured,
        Err(error) => {
            if wish.json {
                write_json(&serde_json::json!({"problems": error.problems}), out)?;
            }
            return Err(error.into());
        }
    };
    let mut report = Report::default();
    report.section("Configuration").ok(format!("{} can be used", path.display()));
    configuration::explain(&config, &mut report);
    place::explain(&config, &mut report).await;
    if !wish.offline {
        discovery::explain(&config, &mut report).await;
    }
    if wish.json {
        write_json(&report, out)?;
    } else {
        write!(out, "{report}")?;
    }
    Ok(report.ended())
}

fn write_json(what: &impl serde::Serialize, out: &mut dyn Write) -> std::io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, what)?;
    writeln!(out)
}
