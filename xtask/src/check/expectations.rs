//! What has to hold, said in sentences, one line each.

use crate::say;
use crate::suites::Tally;

/// How many held and how many did not.
#[derive(Default)]
pub struct Expectations(Tally);

impl Expectations {
    /// One thing that has to hold; `found` says what was there instead.
    pub fn that(&mut self, sentence: &str, holds: bool, found: impl FnOnce() -> String) {
        if holds {
            self.0.passed += 1;
            say::line("holds", sentence);
        } else {
            self.0.failed += 1;
            say::line("FAILED", format!("{sentence}\n          found: {}", found()));
        }
    }

    /// How many held.
    pub fn tally(self) -> Tally {
        self.0
    }
}
