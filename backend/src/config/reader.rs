//! Takes typed values out of the tree and collects what is wrong with them.

use std::{cell::RefCell, rc::Rc};

use super::{
    environment::Environment,
    errors::{Place, Problem, advice},
    expressions::expand,
    node::{Node, Value},
    yaml,
};

/// One reading of a configuration.
pub(super) struct Reading<'e> {
    pub(super) environment: &'e dyn Environment,
    problems: RefCell<Vec<(Option<Place>, Problem)>>,
}

impl<'e> Reading<'e> {
    pub(super) fn new(environment: &'e dyn Environment) -> Self {
        Self { environment, problems: RefCell::default() }
    }

    pub(super) fn complain(&self, place: Option<&Place>, key: &str, message: impl Into<String>) {
        let shown = place.map(ToString::to_string);
        let problem = Problem { place: shown, key: Some(key.to_owned()), message: message.into() };
        let mut problems = self.problems.borrow_mut();
        if !problems.iter().any(|(_, known)| *known == problem) {
            problems.push((place.cloned(), problem));
        }
    }

    /// What was wrong: variables first, then in the order of the files.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|(place, _)| place.as_ref().map(|place| (place.file.clone(), place.line, place.column)));
        problems.into_iter().map(|(_, problem)| problem).collect()
    }

    /// A variable that is set and not empty, as a value.
    pub(super) fn variable(&'e self, name: &str) -> Option<Text<'e>> {
        let value = self.environment.filled(name)?.trim().to_owned();
        Some(Text { reading: self, value, place: None, key: name.to_owned(), origin: String::new() })
    }
}

/// A node under the path of its key.
#[derive(Clone)]
pub(super) struct Entry<'e> {
    pub(super) reading: &'e Reading<'e>,
    pub(super) node: Rc<Node>,
    pub(super) path: String,
}

/// A value as text, that knows where it came from.
#[derive(Clone)]
pub(super) struct Text<'e> {
    reading: &'e Reading<'e>,
    pub(super) value: String,
    pub(super) place: Option<Place>,
    pub(super) key: String,
    /// The variables it was made from, for messages.
    origin: String,
}

impl Text<'_> {
    /// Reports a problem with this value. The message must not carry the value where it may be a secret.
    pub(super) fn complain(&self, message: impl AsRef<str>) {
        self.reading.complain(self.place.as_ref(), &self.key, format!("{}{}", message.as_ref(), self.origin));
    }
}

impl<'e> Entry<'e> {
    /// The root of a file.
    pub(super) fn root(reading: &'e Reading<'e>, node: Rc<Node>) -> Self {
        Self { reading, node, path: String::new() }
    }

    pub(super) fn complain(&self, message: impl AsRef<str>) {
        self.reading.complain(Some(&self.node.place), &self.path, message.as_ref());
    }

    /// The value of a key; `None` when nothing was written there, or when it is not a block of keys.
    pub(super) fn get(&self, name: &str) -> Option<Self> {
        let (_, node) = self.node.get(name)?;
        (!node.is_nothing()).then(|| self.child(name, node))
    }

    fn child(&self, name: &str, node: &Rc<Node>) -> Self {
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        Self { reading: self.reading, node: node.clone(), path }
    }

    /// The block of keys under a key. Anything else there is reported.
    pub(super) fn section(&self, name: &str) -> Option<Self> {
        self.get(name)?.block()
    }

    /// This value, if it is a block of keys. Reported otherwise.
    pub(super) fn block(self) -> Option<Self> {
        if matches!(self.node.value, Value::Mapping(_)) {
            return Some(self);
        }
        self.complain(format!("is {}; a block of keys is needed", self.node.kind()));
        None
    }

    /// The entries of this block, in order; those without a value too.
    pub(super) fn entries(&self) -> Vec<(String, Self)> {
        let Value::Mapping(entries) = &self.node.value else { return Vec::new() };
        entries.iter().map(|(key, node)| (key.name.clone(), self.child(&key.name, node))).collect()
    }

    /// The names of this block's keys.
    pub(super) fn names(&self) -> Vec<String> {
        self.entries().into_iter().map(|(name, _)| name).collect()
    }

    /// Reports every key of this block that is not one of `known`.
    pub(super) fn only(&self, known: &[&str]) {
        self.only_named(known, "unknown key", "known keys");
    }

    /// Reports every key that names nothing: `wrong` says what it should have named, `these` what there is.
    pub(super) fn only_named(&self, known: &[&str], wrong: &str, these: &str) {
        let Value::Mapping(entries) = &self.node.value else { return };
        for (key, node) in entries.iter().filter(|(key, _)| !known.contains(&key.name.as_str())) {
            let advice = advice(&key.name, known.iter().copied(), these);
            self.reading.complain(Some(&key.place), &self.child(&key.name, node).path, format!("{wrong}{advice}"));
        }
    }

    /// NAT's `_type`, without the package that may precede it.
    pub(super) fn kind(&self) -> Option<String> {
        let Value::Scalar { text, .. } = &self.node.get("_type")?.1.value else { return None };
        let kind = expand(text, self.reading.environment).ok()?.text;
        Some(kind.rsplit('/').next().unwrap_or_default().trim().to_owned())
    }

    /// This value as text, with its expressions replaced. Reported when it is no single value.
    pub(super) fn text(&self) -> Option<Text<'e>> {
        let Value::Scalar { text, .. } = &self.node.value else {
            self.complain(format!("is {}; a single value is needed", self.node.kind()));
            return None;
        };
        let Ok(expanded) = expand(text, self.reading.environment) else {
            self.complain("only `${VAR}` and `${VAR:-default}` are understood here");
            return None;
        };
        Some(Text {
            reading: self.reading,
            value: expanded.text,
            place: Some(self.node.place.clone()),
            key: self.path.clone(),
            origin: origin(&expanded.variables),
        })
    }

    /// Whether this text is made from variables.
    fn is_made_from_variables(&self) -> bool {
        self.text().is_some_and(|text| !text.origin.is_empty())
    }

    /// The text under a key; empty text made from variables counts as not written, other empty text is reported.
    pub(super) fn filled(&self, name: &str) -> Option<Text<'e>> {
        let entry = self.get(name)?;
        let text = entry.text()?;
        if text.value.trim().is_empty() {
            if text.origin.is_empty() {
                entry.complain("is empty; give a value, or remove the key");
            }
            return None;
        }
        Some(Text { value: text.value.trim().to_owned(), ..text })
    }

    /// The text under a key that must be there.
    pub(super) fn needed(&self, name: &str) -> Option<Text<'e>> {
        let place = &self.node.place;
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        match self.get(name) {
            None => self.reading.complain(Some(place), &path, "is missing; add it"),
            Some(entry) if matches!(entry.node.value, Value::Scalar { .. }) => {
                let text = entry.text()?;
                if !text.value.trim().is_empty() {
                    return self.filled(name);
                }
                text.complain("is empty; give a value");
            }
            Some(entry) => drop(entry.text()),
        }
        None
    }

    /// The yes or no under a key, as YAML 1.1 spells it, because that is what NAT's own reader takes.
    pub(super) fn flag(&self, name: &str, default: bool) -> bool {
        let Some(entry) = self.get(name) else { return default };
        let Some(text) = entry.text() else { return default };
        match text.value.trim().to_lowercase().as_str() {
            "true" | "yes" | "on" => true,
            "false" | "no" | "off" => false,
            "" if !text.origin.is_empty() => default,
            _ => {
                text.complain("must be `true` or `false`");
                default
            }
        }
    }

    /// The items under a key, each as `key[index]`. A variable may hold the whole list: `${SCOPES:-[a, b]}`.
    pub(super) fn items(&self, name: &str) -> Option<Vec<Self>> {
        let entry = self.get(name)?;
        let node = match &entry.node.value {
            Value::Scalar { plain: true, .. } if entry.is_made_from_variables() => entry.list_in_text()?,
            _ => entry.node.clone(),
        };
        let Value::List(items) = &node.value else {
            entry.complain(format!("is {}; a list is needed, such as [one, two]", node.kind()));
            return None;
        };
        let item = |(index, node): (usize, &Rc<Node>)| Self {
            reading: self.reading,
            node: node.clone(),
            path: format!("{}[{index}]", entry.path),
        };
        Some(items.iter().enumerate().map(item).collect())
    }

    /// The texts of the list under a key. Empty ones are reported.
    pub(super) fn texts(&self, name: &str) -> Option<Vec<Text<'e>>> {
        let read = |item: Self| {
            let text = item.text()?;
            if text.value.trim().is_empty() {
                text.complain("is empty; give a value, or remove it");
                return None;
            }
            Some(Text { value: text.value.trim().to_owned(), ..text })
        };
        Some(self.items(name)?.into_iter().filter_map(read).collect())
    }

    /// The list that variables hold; `None` when they hold nothing.
    fn list_in_text(&self) -> Option<Rc<Node>> {
        let text = self.text().filter(|text| !text.value.trim().is_empty())?;
        let parsed = yaml::parse(&text.value, &self.node.place.file).ok();
        match parsed {
            Some(node) if matches!(node.value, Value::List(_)) => Some(at(&node, &self.node.place)),
            _ => {
                text.complain("a list is needed, such as [one, two]");
                None
            }
        }
    }
}

/// The same node, moved to the place of the value that held it.
fn at(node: &Rc<Node>, place: &Place) -> Rc<Node> {
    let value = match &node.value {
        Value::List(items) => Value::List(items.iter().map(|item| at(item, place)).collect()),
        other => other.clone(),
    };
    Rc::new(Node { place: place.clone(), value })
}

fn origin(variables: &[String]) -> String {
    match variables {
        [] => String::new(),
        names => {
            format!(" (made from {})", names.iter().map(|name| format!("`${{{name}}}`")).collect::<Vec<_>>().join(", "))
        }
    }
}
