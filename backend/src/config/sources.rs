//! What people see: the sources of AIQ's `data_source_registry`, in its order.

use std::collections::BTreeMap;

use super::{
    errors::nearest,
    protection::{self, Because, Link},
    reader::{Entry, Text},
    tools::Tools,
};
use crate::domain::{ServerId, SourceId};

/// The keys of `aiq_connect.sources.<source id>`.
pub(super) const KEYS: &[&str] = &["disabled"];

const REGISTRY: &str = "data_source_registry";

/// A source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its name in submissions and paths.
    pub id: SourceId,
    /// Its name for people.
    pub name: String,
    /// What it holds, for people.
    pub description: Option<String>,
    /// Whether it is chosen until the person says otherwise.
    pub default_enabled: bool,
    /// Whether it needs a signed-in person at all.
    pub requires_auth: bool,
    /// Set when it needs a person's own account.
    pub protection: Option<Protection>,
    /// Switched off here: shown, and not offered.
    pub admin_disabled: bool,
}

/// How a source is protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protection {
    /// The server whose grants open it.
    pub server: ServerId,
    /// Whether a submission that uses it is refused until the person is connected.
    pub required: bool,
    /// What in the file says that it is protected.
    pub because: Because,
    /// The provider's name, such as `servicenow`.
    pub provider: Option<String>,
    /// What scopes mean, in words, by scope.
    pub scope_labels: BTreeMap<String, String>,
}

/// Reads the sources, and for the protected ones the way to their server.
pub(super) fn read<'e>(root: &Entry<'e>, block: Option<&Entry<'e>>) -> (Vec<Source>, Vec<Link<'e>>) {
    let tools = Tools::read(root);
    let authentication = root.section("authentication");
    let settings = block.and_then(|block| block.section("sources"));
    let mut sources: Vec<Source> = Vec::new();
    let mut links = Vec::new();
    let mut places = BTreeMap::new();

    for entry in registry(root) {
        let id = entry.needed("id");
        let name = entry.needed("name");
        let description = entry.get("description").and_then(|text| text.text()).map(|text| text.value);
        let default_enabled = entry.flag("default_enabled", true);
        let requires_auth = entry.flag("requires_auth", false);
        let Some((id, text)) = id.and_then(|text| Some((SourceId(usable_id(&text)?), text))) else { continue };
        if let Some(first) = places.insert(id.clone(), text.place.clone()) {
            let first = first.map(|place| place.to_string()).unwrap_or_default();
            text.complain(format!("a source called `{id}` was given before, at {first}; ids must differ"));
            continue;
        }
        let link = protection::read(&entry, &id, &tools, authentication.as_ref());
        let protection = link.as_ref().map(|link| Protection {
            server: link.server.clone(),
            required: link.required,
            because: link.because.clone(),
            provider: link.provider.clone(),
            scope_labels: BTreeMap::new(),
        });
        links.extend(link);
        sources.push(Source {
            admin_disabled: is_disabled(settings.as_ref(), &id),
            id,
            name: name.map(|text| text.value).unwrap_or_default(),
            description: description.filter(|text| !text.trim().is_empty()),
            default_enabled,
            requires_auth,
            protection,
        });
    }
    if let Some(settings) = settings {
        let ids: Vec<&str> = sources.iter().map(|source| source.id.as_str()).collect();
        settings.only_named(&ids, "no source has this id", "sources");
    }
    (sources, links)
}

/// The entries of the registry. Reported when there is no registry: nothing could ever be connected.
fn registry<'e>(root: &Entry<'e>) -> Vec<Entry<'e>> {
    let functions = match root.get("functions") {
        Some(section) => match section.block() {
            Some(section) => section.entries(),
            None => return Vec::new(),
        },
        None => Vec::new(),
    };
    let registries: Vec<_> =
        functions.iter().filter(|(_, function)| function.kind().as_deref() == Some(REGISTRY)).collect();
    if registries.is_empty() {
        let near = functions
            .iter()
            .find(|(_, function)| function.kind().is_some_and(|kind| nearest(&kind, [REGISTRY]).is_some()));
        match near {
            Some((_, function)) => function.complain(format!("unknown `_type`; did you mean `{REGISTRY}`?")),
            None => root.reading.complain(
                Some(&root.node.place),
                "functions",
                format!("none has `_type: {REGISTRY}`, whose `sources:` AIQ Connect offers; add it, or name the file that has it in `base:`"),
            ),
        }
    }
    registries
        .into_iter()
        .flat_map(|(_, registry)| registry.items("sources").unwrap_or_default())
        .filter_map(Entry::block)
        .collect()
}

fn is_disabled(settings: Option<&Entry<'_>>, id: &SourceId) -> bool {
    let Some(section) = settings.and_then(|settings| settings.section(id.as_str())) else { return false };
    section.only(KEYS);
    section.flag("disabled", false)
}

/// An id that can stand in the path of a URL as it is. Reported otherwise.
pub(super) fn usable_id(text: &Text<'_>) -> Option<String> {
    let id = &text.value;
    let is_usable = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if let Some(wrong) = id.chars().find(|c| !is_usable(*c)) {
        let wrong = if wrong == ' ' { "a space".to_owned() } else { format!("`{wrong}`") };
        text.complain(format!("must not hold {wrong}: it stands in URLs, so only A-Z a-z 0-9 `_` `-` `.` are usable"));
    } else if matches!(id.as_str(), "." | "..") {
        text.complain("must not be `.` or `..`: it stands in URLs");
    } else {
        return Some(id.clone());
    }
    None
}
