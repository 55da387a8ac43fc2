//! What the `tools:` of a source name: NAT's functions and function groups.

use super::{
    errors::advice,
    reader::{Entry, Text},
};

/// The groups whose tools are called with a person's own account.
const PERSONAL: [&str; 2] = ["per_user_mcp_client", "aiq_connect_mcp_client"];

/// Everything a source can name.
pub(super) struct Tools<'e> {
    functions: Vec<String>,
    groups: Vec<(String, Entry<'e>)>,
}

impl<'e> Tools<'e> {
    pub(super) fn read(root: &Entry<'e>) -> Self {
        let functions = root.section("functions").map(|section| section.names()).unwrap_or_default();
        let groups = root.section("function_groups").map(|section| section.entries()).unwrap_or_default();
        Self { functions, groups }
    }

    /// The first group a source uses whose calls need a person's own account. Names of nothing are reported.
    pub(super) fn personal_group(&self, source: &Entry<'e>) -> Option<Entry<'e>> {
        let named = source.texts("tools").unwrap_or_default();
        let groups: Vec<_> = named.iter().filter_map(|tool| self.group(tool)).collect();
        groups.into_iter().find(|group| group.kind().is_some_and(|kind| PERSONAL.contains(&kind.as_str()))).cloned()
    }

    fn group(&self, tool: &Text<'e>) -> Option<&Entry<'e>> {
        let group = self.groups.iter().find(|(name, _)| is_or_is_in(&tool.value, name)).map(|(_, group)| group);
        if group.is_none() && !self.functions.contains(&tool.value) {
            let names = self.functions.iter().chain(self.groups.iter().map(|(name, _)| name));
            let advice = advice(&tool.value, names.map(String::as_str), "functions and groups");
            tool.complain(format!("no function or function group is called `{}`{advice}", tool.value));
        }
        group
    }
}

/// `group`, or one tool of it: `group__tool`, `group.tool`.
fn is_or_is_in(tool: &str, group: &str) -> bool {
    tool.strip_prefix(group).is_some_and(|rest| rest.is_empty() || rest.starts_with("__") || rest.starts_with('.'))
}
