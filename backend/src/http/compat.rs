//! AIQ's own words for where ours differ, for clients that know only those.

use serde::Serialize;
use serde_json::Value;

use super::App;

/// A body as JSON; with `aiq_connect.compat.upstream_status_words`, a source that is not connected says so as AIQ does.
pub(super) fn in_asked_words(app: &App, body: &impl Serialize) -> serde_json::Result<Value> {
    let mut body = serde_json::to_value(body)?;
    if app.config.compat.upstream_status_words {
        for entry in body.as_array_mut().into_iter().flatten() {
            if let Some(block) = entry.get_mut("per_user_auth") {
                say_not_connected(block);
            }
        }
        say_not_connected(&mut body);
    }
    Ok(body)
}

/// Changes the word of one block. What is no block, or is in another state, stays as it is.
fn say_not_connected(block: &mut Value) {
    if let Some(status) = block.get_mut("status").filter(|status| *status == "disconnected") {
        *status = "not_connected".into();
    }
}
