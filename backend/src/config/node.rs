//! A YAML tree in which every node and every key knows its place.

use std::rc::Rc;

use super::errors::Place;

/// A node. Shared, because an alias is the same node again.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) value: Value,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    /// Text as it was written. `plain` means without quotes: only such text can be a number, a boolean or nothing.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Rc<Node>>),
    Mapping(Vec<(Key, Rc<Node>)>),
}

/// A key of a mapping.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) name: String,
    pub(super) place: Place,
    /// Taken over by `<<`: the mapping may still name it itself.
    pub(super) inherited: bool,
}

impl Node {
    pub(super) fn nothing(place: Place) -> Self {
        Self { place, value: Value::Scalar { text: String::new(), plain: true } }
    }

    /// Nothing was written, or `null`.
    pub(super) fn is_nothing(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// What it is, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match &self.value {
            _ if self.is_nothing() => "nothing",
            Value::Scalar { .. } => "a single value",
            Value::List(_) => "a list",
            Value::Mapping(_) => "a block of keys",
        }
    }

    /// The entry of a mapping.
    pub(super) fn get(&self, name: &str) -> Option<(&Key, &Rc<Node>)> {
        let Value::Mapping(entries) = &self.value else { return None };
        entries.iter().find(|(key, _)| key.name == name).map(|(key, node)| (key, node))
    }
}

/// Lays `over` on `base` as NAT does: blocks of keys are merged, everything else is replaced. Keys keep the order of `base`.
pub(super) fn merge(base: &Rc<Node>, over: &Rc<Node>) -> Rc<Node> {
    let (Value::Mapping(below), Value::Mapping(above)) = (&base.value, &over.value) else { return over.clone() };
    let mut entries = below.clone();
    for (key, node) in above {
        match entries.iter_mut().find(|(known, _)| known.name == key.name) {
            Some(entry) => *entry = (key.clone(), merge(&entry.1, node)),
            None => entries.push((key.clone(), node.clone())),
        }
    }
    Rc::new(Node { place: over.place.clone(), value: Value::Mapping(entries) })
}
