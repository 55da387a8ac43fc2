//! What people read on the terminal: one line for each thing that happens, and why.

use std::time::{Duration, Instant};

/// Prints one line under a short heading such as `set-up`.
pub fn line(heading: &str, text: impl AsRef<str>) {
    println!("{heading:>8}  {}", text.as_ref());
}

/// Says what begins and why; [`Begun::done`] says how long it took.
pub fn begin(heading: &'static str, what: impl Into<String>, why: &str) -> Begun {
    let begun = Begun { heading, what: what.into(), since: Instant::now() };
    line(heading, format!("{}: {why}", begun.what));
    begun
}

/// Something that was announced and is under way.
pub struct Begun {
    heading: &'static str,
    what: String,
    since: Instant,
}

impl Begun {
    /// Says that it is finished, and after how long.
    pub fn done(self) {
        line(self.heading, format!("{}: ready after {}", self.what, seconds(self.since.elapsed())));
    }
}

/// `0.4 s` below ten seconds, whole seconds above.
pub fn seconds(time: Duration) -> String {
    if time < Duration::from_secs(10) {
        format!("{:.1} s", time.as_secs_f32())
    } else {
        format!("{} s", time.as_secs())
    }
}
