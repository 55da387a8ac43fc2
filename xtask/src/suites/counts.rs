//! How many tests passed and failed, read from what the runners say at their end.

use std::iter::Sum;

/// A count of tests. What was skipped counts as failed: a test that cannot run proves nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Tests that ran and held.
    pub passed: usize,
    /// Tests that did not.
    pub failed: usize,
}

impl Tally {
    /// One thing that holds.
    pub const PASSED: Self = Self { passed: 1, failed: 0 };
    /// One thing that does not.
    pub const FAILED: Self = Self { passed: 0, failed: 1 };

    /// One check that is a whole program.
    pub fn of(succeeded: bool) -> Self {
        if succeeded { Self::PASSED } else { Self::FAILED }
    }

    /// A runner that failed without naming a test, or that ran none, counts as one failure.
    pub fn checked(self, succeeded: bool) -> Self {
        let ran_nothing = self.passed + self.failed == 0;
        if self.failed == 0 && (!succeeded || ran_nothing) { Self { failed: 1, ..self } } else { self }
    }
}

impl Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self { passed: sum.passed + one.passed, failed: sum.failed + one.failed })
    }
}

/// `test result: ok. 12 passed; 0 failed; 0 ignored; …`, once for each binary.
pub fn cargo(said: &str) -> Tally {
    let results = said.lines().filter(|line| line.starts_with("test result:"));
    results.map(|line| before_words(line, &["passed"], &["failed", "ignored"])).sum()
}

/// `=== 12 passed, 1 skipped in 0.31s ===`, the last line that counts.
pub fn pytest(said: &str) -> Tally {
    let is_summary = |line: &&str| {
        line.contains(" in ") && (line.contains("passed") || line.contains("failed") || line.contains("error"))
    };
    let summary = said.lines().rev().find(is_summary).unwrap_or_default();
    before_words(summary, &["passed"], &["failed", "error", "errors", "skipped", "xfailed", "xpassed"])
}

/// `ℹ pass 3` or `# pass 3`, one line for each word.
pub fn node(said: &str) -> Tally {
    let count = |word: &str| -> usize {
        let counts = said.lines().filter_map(|line| {
            let (mark, rest) = line.split_once(' ')?;
            let number = rest.strip_prefix(word)?.strip_prefix(' ')?;
            matches!(mark, "ℹ" | "#").then(|| number.trim().parse::<usize>().ok()).flatten()
        });
        counts.sum()
    };
    let failed = ["fail", "cancelled", "skipped", "todo"].into_iter().map(count).sum();
    Tally { passed: count("pass"), failed }
}

/// Sums the numbers that stand before these words.
fn before_words(line: &str, passed: &[&str], failed: &[&str]) -> Tally {
    let words: Vec<_> = line.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let count = |wanted: &[&str]| {
        let pairs = words.windows(2).filter(|pair| wanted.contains(&pair[1]));
        pairs.filter_map(|pair| pair[0].parse::<usize>().ok()).sum()
    };
    Tally { passed: count(passed), failed: count(failed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_counts_every_binary_and_takes_ignored_for_failed() {
        let said = "test a ... ok\ntest result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s\n\
                    test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out\n";
        assert_eq!(cargo(said), Tally { passed: 4, failed: 3 });
    }

    #[test]
    fn pytest_counts_errors_and_skipped_as_failed() {
        let said = "tests/test_a.py ..s\n===== 2 failed, 12 passed, 1 skipped, 1 error in 3.10s =====\n";
        assert_eq!(pytest(said), Tally { passed: 12, failed: 4 });
        assert_eq!(pytest("12 passed in 0.10s"), Tally { passed: 12, failed: 0 });
    }

    #[test]
    fn node_counts_in_both_of_its_styles() {
        let said = "ℹ tests 5\nℹ pass 3\nℹ fail 1\nℹ cancelled 1\nℹ skipped 0\nℹ todo 0\n";
        assert_eq!(node(said), Tally { passed: 3, failed: 2 });
        assert_eq!(node("# pass 7\n# fail 0\n"), Tally { passed: 7, failed: 0 });
    }

    #[test]
    fn a_runner_that_ran_nothing_or_did_not_build_has_failed() {
        assert_eq!(Tally::default().checked(true), Tally::FAILED);
        assert_eq!(Tally { passed: 2, failed: 0 }.checked(false), Tally { passed: 2, failed: 1 });
        assert_eq!(Tally { passed: 2, failed: 1 }.checked(false), Tally { passed: 2, failed: 1 });
        assert_eq!(Tally { passed: 2, failed: 0 }.checked(true), Tally { passed: 2, failed: 0 });
    }
}
