//! This machine's time, and as far ahead of it as a test says.

use std::sync::{Arc, Mutex};

use aiq_connect::clock::{Clock, SystemClock};
use chrono::{DateTime, TimeDelta, Utc};

/// A clock that can be put forward.
#[derive(Clone, Default)]
pub struct Ahead(Arc<Mutex<TimeDelta>>);

impl Ahead {
    pub fn forward(&self, by: TimeDelta) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for Ahead {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() + *self.0.lock().unwrap()
    }
}
