//! What was found, as tables of Markdown, and whether every bound holds.

use std::{process::ExitCode, time::Duration};

/// Collects bounds that do not hold.
#[derive(Default)]
pub struct Verdict {
    missed: Vec<String>,
}

impl Verdict {
    /// Tells a table.
    pub fn table(title: &str, heads: &[&str], rows: &[Vec<String>]) {
        println!("\n{title}\n\n| {} |", heads.join(" | "));
        println!("|{}", "---|".repeat(heads.len()));
        for row in rows {
            println!("| {} |", row.join(" | "));
        }
    }

    /// Something that has to hold.
    pub fn bound(&mut self, what: &str, holds: bool) {
        println!("\n{}: {what}", if holds { "holds" } else { "DOES NOT HOLD" });
        if !holds {
            self.missed.push(what.to_owned());
        }
    }

    /// How the run ends.
    pub fn told(&self) -> ExitCode {
        if self.missed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// Microseconds.
pub fn us(time: Duration) -> String {
    format!("{:.0}", time.as_secs_f64() * 1e6)
}

/// The one in the middle.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
