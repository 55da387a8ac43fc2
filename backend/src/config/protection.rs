//! Which sources need a person's own account, and at which server.

use super::{
    errors::advice,
    reader::{Entry, Text},
    sources::usable_id,
    tools::Tools,
};
use crate::domain::{ServerId, SourceId};

/// The way from a protected source to its server.
pub(super) struct Link<'e> {
    pub(super) source: SourceId,
    pub(super) server: ServerId,
    /// A submission that uses the source waits until the person is connected.
    pub(super) required: bool,
    /// What in the file says so.
    pub(super) because: Because,
    /// The provider's name, for people.
    pub(super) provider: Option<String>,
    /// The server's address, where one was written.
    pub(super) url: Option<Text<'e>>,
    /// Where an address could have been written.
    pub(super) url_keys: Vec<String>,
    /// The block under `authentication:`.
    pub(super) account: Option<Entry<'e>>,
}

/// What in the file makes a source a protected one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Because {
    /// Its own `per_user_auth` block.
    Block,
    /// One of its tools is of a group whose calls are made with a person's own account.
    Group {
        /// The group.
        name: String,
        /// Its `_type`.
        kind: String,
    },
}

/// The link of a source; `None` when it needs no account of the person's own.
pub(super) fn read<'e>(
    source: &Entry<'e>,
    id: &SourceId,
    tools: &Tools<'e>,
    authentication: Option<&Entry<'e>>,
) -> Option<Link<'e>> {
    let block = source.section("per_user_auth");
    let group = tools.personal_group(source);
    if group.is_none() && !block.as_ref().is_some_and(|block| block.flag("required", false)) {
        return None;
    }
    let of_block = |name: &str| block.as_ref().and_then(|block| block.filled(name));
    let server = group.as_ref().and_then(|group| group.section("server"));

    let named_by_block = of_block("auth_provider");
    let named_by_group = server.as_ref().and_then(|server| server.filled("auth_provider"));
    let found: Vec<_> =
        [named_by_block, named_by_group].into_iter().flatten().map(|name| account(&name, authentication)).collect();
    let explicit_id = of_block("mcp_server_id");
    let account = if found.is_empty() {
        // AIQ's own defaults, in its order; they may well name nothing.
        let defaults = [explicit_id.as_ref().map(|text| text.value.as_str()), Some(id.as_str())];
        defaults.into_iter().flatten().find_map(|name| authentication?.get(name))
    } else {
        found.into_iter().flatten().next()
    };
    let server_id = explicit_id.or_else(|| account.as_ref()?.filled("mcp_server_id"));

    // Calls go to the group's address, so that is the one tokens are asked for.
    let places = [(server.as_ref(), "url"), (account.as_ref(), "server_url")];
    let places: Vec<_> = places.into_iter().filter_map(|(entry, key)| Some((entry?, key))).collect();
    Some(Link {
        source: id.clone(),
        server: match server_id {
            Some(text) => ServerId(usable_id(&text)?),
            None => ServerId(id.0.clone()),
        },
        required: block.as_ref().is_none_or(|block| block.flag("required", true)),
        because: match &group {
            Some(group) => Because::Group {
                name: group.path.rsplit('.').next().unwrap_or_default().to_owned(),
                kind: group.kind().unwrap_or_default(),
            },
            None => Because::Block,
        },
        provider: of_block("provider").map(|text| text.value),
        url: places.iter().find_map(|(entry, key)| entry.filled(key)),
        url_keys: places.iter().map(|(entry, key)| format!("{}.{key}", entry.path)).collect(),
        account,
    })
}

/// The block under `authentication:` of that name. Reported when there is none.
fn account<'e>(name: &Text<'e>, authentication: Option<&Entry<'e>>) -> Option<Entry<'e>> {
    let found = authentication.and_then(|section| section.get(&name.value));
    if found.is_none() {
        let names = authentication.map(Entry::names).unwrap_or_default();
        let advice = advice(&name.value, names.iter().map(String::as_str), "names under `authentication`");
        name.complain(format!("`authentication` has no `{}`{advice}", name.value));
    }
    found
}
