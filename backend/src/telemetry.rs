//! Logs: structured, to standard error, without secrets.

use tracing_subscriber::{EnvFilter, fmt, prelude::*};

use crate::config::Environment;

/// Starts logging. `AIQ_CONNECT_LOG` filters (`info` by default), `AIQ_CONNECT_LOG_FORMAT=json` is for machines.
pub fn start(environment: &dyn Environment) {
    let wish = environment.var("AIQ_CONNECT_LOG").unwrap_or_else(|| "info".to_owned());
    let filter = EnvFilter::try_new(wish).unwrap_or_else(|_| EnvFilter::new("info"));
    let registry = tracing_subscriber::registry().with(filter);
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    // An error says that logging is started already.
    let _ = if environment.var("AIQ_CONNECT_LOG_FORMAT").as_deref() == Some("json") {
        registry.with(lines.json()).try_init()
    } else {
        registry.with(lines).try_init()
    };
}
