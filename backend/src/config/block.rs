//! The one list of our own keys and variables: whatever else stands in `aiq_connect:` is a mistake.

use super::{
    compat, database,
    errors::nearest,
    listeners, outbound,
    reader::{Entry, Reading},
    retention, servers, sign_in, sources, upstream, waiting,
};

/// The keys of `aiq_connect` itself.
const KEYS: &[&str] = &[
    "public_url",
    "bind",
    "worker",
    "database",
    "key_file",
    "sign_in",
    "local_user",
    "allow_any_audience",
    "upstream",
    "outbound",
    "compat",
    "retention",
    "sources",
    "servers",
    waiting::LENGTH,
    waiting::MOST,
];

/// The keys of the blocks in it, by the path that documentation gives them.
const BLOCKS: &[(&str, &[&str])] = &[
    ("worker", listeners::WORKER_KEYS),
    ("database", database::KEYS),
    ("sign_in", sign_in::KEYS),
    ("upstream", upstream::KEYS),
    ("outbound", outbound::KEYS),
    ("compat", compat::KEYS),
    ("retention", retention::KEYS),
    ("sources.<source id>", sources::KEYS),
    ("servers.<server id>", servers::KEYS),
];

/// Our variables. The worker's address is read by workers only, who may share our environment.
pub const VARIABLES: &[&str] = &[
    "REQUIRE_AUTH",
    "AIQ_JWT_ISSUER",
    "AIQ_JWT_AUDIENCE",
    "AIQ_PUBLIC_URL",
    "AIQ_TOKEN_ENCRYPTION_KEY",
    "AIQ_CONNECT_BIND",
    "AIQ_CONNECT_DATABASE_POOLER",
    "AIQ_CONNECT_DATABASE_URL",
    "AIQ_CONNECT_KEY_FILE",
    "AIQ_CONNECT_LOG",
    "AIQ_CONNECT_LOG_FORMAT",
    "AIQ_CONNECT_WORKER_BIND",
    "AIQ_CONNECT_WORKER_KEY",
    "AIQ_CONNECT_WORKER_URL",
    "AIQ_LISTEN_DB_URL",
    "NAT_JOB_STORE_DB_URL",
];

/// Every key there is, as `aiq_connect.worker.bind`; blocks themselves are left out.
pub fn keys() -> Vec<String> {
    let is_block = |key: &str| BLOCKS.iter().any(|(block, _)| block.split('.').next() == Some(key));
    let top = KEYS.iter().filter(|key| !is_block(key)).map(|key| format!("aiq_connect.{key}"));
    let inner =
        BLOCKS.iter().flat_map(|(block, keys)| keys.iter().map(move |key| format!("aiq_connect.{block}.{key}")));
    top.chain(inner).collect()
}

/// The `aiq_connect:` block, if there is one.
pub(super) fn read<'e>(root: &Entry<'e>) -> Option<Entry<'e>> {
    let block = root.section("aiq_connect");
    match &block {
        Some(block) => block.only(KEYS),
        // Most likely ours, misspelt: without this all of it would be ignored.
        None => {
            for (name, entry) in root.entries() {
                if name != "aiq_connect" && nearest(&name, ["aiq_connect"]).is_some() {
                    entry.complain("unknown block; did you mean `aiq_connect`?");
                }
            }
        }
    }
    block
}

/// Reports variables that are one slip away from one of ours. Others of the same prefix are left alone: Kubernetes
/// sets `AIQ_CONNECT_PORT` and more for a service of our name.
pub(super) fn check_variables(reading: &Reading<'_>) {
    for name in reading.environment.names() {
        let slip = |known: &&&str| strsim::damerau_levenshtein(&name, known) <= 2;
        if name.starts_with("AIQ_")
            && !VARIABLES.contains(&name.as_str())
            && let Some(known) = VARIABLES.iter().find(slip)
        {
            reading.complain(None, &name, format!("unknown variable; did you mean `{known}`?"));
        }
    }
}
