//! Logs: structured, to standard error, without secrets. `docs/logging.md` lists every line.

use tracing_subscriber::{EnvFilter, fmt, prelude::*};

use crate::config::Environment;

/// Starts logging. `AIQ_CONNECT_LOG` filters (`info` by default), `AIQ_CONNECT_LOG_FORMAT=json` is for machines.
pub fn start(environment: &dyn Environment) {
    let wish = environment.filled("AIQ_CONNECT_LOG").unwrap_or_else(|| "info".to_owned());
    let understood = EnvFilter::try_new(&wish);
    let misread = understood.is_err();
    let registry = tracing_subscriber::registry().with(understood.unwrap_or_else(|_| EnvFilter::new("info")));
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    // An error says that logging is started already.
    let _ = if environment.get("AIQ_CONNECT_LOG_FORMAT").as_deref() == Some("json") {
        registry.with(lines.json().flatten_event(true).with_span_list(false)).try_init()
    } else {
        registry.with(lines).try_init()
    };
    if misread {
        tracing::warn!("AIQ_CONNECT_LOG is not a filter such as `info` or `aiq_connect=debug`; `info` is used");
    }
}
