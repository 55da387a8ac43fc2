//! What is fine for us and trips AIQ up, which reads the same file: only what was seen on a running AIQ 2.1 or 2.2.

use super::{errors::Problem, reader::Entry};

/// AIQ's agents that answer questions about sources.
const AGENTS: [&str; 2] = ["deep_research_agent", "shallow_research_agent"];

/// Every such place, in the order of the file's blocks. None when no AIQ is started from this file.
pub(super) fn find(root: &Entry<'_>) -> Vec<Problem> {
    if !is_for_aiq(root) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut tell = |entry: &Entry<'_>, message: &str| {
        found.push(Problem {
            place: Some(entry.node.place.to_string()),
            key: Some(entry.path.clone()),
            message: message.to_owned(),
        });
    };
    let functions = root.get("functions").map(|section| section.entries()).unwrap_or_default();
    for (_, function) in &functions {
        let kind = function.kind().unwrap_or_default();
        if kind == "data_source_registry" {
            for provider in providers(function) {
                tell(
                    &provider,
                    "AIQ 2.2 checks this source by itself, against its own token store: every submission would be \
                     refused. Remove the key, and name an `aiq_connect_mcp_client` group in the source's `tools`",
                );
            }
        }
        if AGENTS.contains(&kind.as_str()) && function.get("tools").is_none() {
            tell(
                function,
                "AIQ 2.1 and 2.2 answer 422 to every submission that chooses sources, because this agent has no \
                 explicit `tools:`; list them",
            );
        }
    }
    for (_, group) in root.get("function_groups").map(|section| section.entries()).unwrap_or_default() {
        if group.kind().as_deref() == Some("per_user_mcp_client") {
            tell(
                &group,
                "in AIQ's own process this group breaks the chat of people without a token; use \
                 `_type: aiq_connect_mcp_client`",
            );
        }
    }
    found
}

/// AIQ's front end has a type of its own.
fn is_for_aiq(root: &Entry<'_>) -> bool {
    let front_end = root.get("general").and_then(|general| general.get("front_end"));
    front_end.and_then(|front_end| front_end.kind()).as_deref() == Some("aiq_api")
}

/// The `auth_provider` of every source that has one.
fn providers<'e>(registry: &Entry<'e>) -> Vec<Entry<'e>> {
    let sources = registry.items("sources").unwrap_or_default();
    sources.iter().filter_map(|source| source.get("per_user_auth")?.get("auth_provider")).collect()
}
