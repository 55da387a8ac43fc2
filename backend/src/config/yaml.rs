//! Reads YAML into a tree with places.
//!
//! Built on the events of `saphyr-parser` and not on a crate's tree, because those keep the last of two equal keys or stop
//! at the first such pair without naming it, forget where a key stands, and know no merge keys (`<<`), which NAT's own
//! reader does.

use std::{collections::BTreeMap, path::Path, rc::Rc};

use saphyr_parser::{Event, Marker, Parser, ScalarStyle};

use super::{
    errors::{ConfigError, Place, Problem},
    expressions::{shield, unshield},
    node::{Key, Node, Value},
};

/// No configuration is deeper; a file that is could exhaust the stack.
const DEEPEST: usize = 64;

/// Reads one document.
pub(super) fn parse(text: &str, file: &Rc<Path>) -> Result<Rc<Node>, ConfigError> {
    let mut builder = Builder { file, open: Vec::new(), anchors: BTreeMap::new(), root: None, problems: Vec::new() };
    let shielded = shield(text.trim_start_matches('\u{feff}'));
    let mut parser = Parser::new_from_str(&shielded);
    let stopped = loop {
        match parser.next_event() {
            None => break None,
            Some(Err(error)) => break Some((*error.marker(), format!("not YAML: {}", unshield(error.info())))),
            Some(Ok((event, span))) => {
                if let Err(message) = builder.take(event, span.start) {
                    break Some((span.start, message));
                }
            }
        }
    };
    if let Some((marker, message)) = stopped {
        builder.complain(marker, None, message);
    }
    if !builder.problems.is_empty() {
        return Err(ConfigError { problems: builder.problems });
    }
    Ok(builder.root.unwrap_or_else(|| Rc::new(Node::nothing(Place { file: file.clone(), line: 1, column: 1 }))))
}

/// A list or mapping that has begun.
struct Open {
    place: Place,
    anchor: usize,
    inside: Inside,
}

enum Inside {
    List(Vec<Rc<Node>>),
    Mapping { entries: Vec<(Key, Rc<Node>)>, key: Option<Key> },
}

struct Builder<'t> {
    file: &'t Rc<Path>,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Rc<Node>>,
    root: Option<Rc<Node>>,
    problems: Vec<Problem>,
}

impl Builder<'_> {
    fn place(&self, marker: Marker) -> Place {
        Place { file: self.file.clone(), line: marker.line(), column: marker.col() + 1 }
    }

    fn complain(&mut self, marker: Marker, key: Option<String>, message: String) {
        let place = Some(self.place(marker).to_string());
        self.problems.push(Problem { place, key, message });
    }

    fn take(&mut self, event: Event<'_>, marker: Marker) -> Result<(), String> {
        match event {
            Event::DocumentStart(_) if self.root.is_some() => {
                Err("a second YAML document begins here; the file must hold one".to_owned())
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {
                Ok(())
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some(node) => self.insert(node.clone(), marker),
                None => Err("this alias stands inside the block that it names".to_owned()),
            },
            Event::Scalar(text, style, anchor, tag) => {
                // A tag such as `!!str` settles the type just as quotes do.
                let plain = style == ScalarStyle::Plain && tag.is_none();
                let value = Value::Scalar { text: unshield(&text), plain };
                self.close(Node { place: self.place(marker), value }, anchor, marker)
            }
            Event::SequenceStart(anchor, _) => self.begin(marker, anchor, Inside::List(Vec::new())),
            Event::MappingStart(anchor, _) => {
                self.begin(marker, anchor, Inside::Mapping { entries: Vec::new(), key: None })
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(Open { place, anchor, inside }) = self.open.pop() else { return Ok(()) };
                let value = match inside {
                    Inside::List(items) => Value::List(items),
                    Inside::Mapping { entries, .. } => Value::Mapping(entries),
                };
                self.close(Node { place, value }, anchor, marker)
            }
        }
    }

    fn begin(&mut self, marker: Marker, anchor: usize, inside: Inside) -> Result<(), String> {
        if self.open.len() == DEEPEST {
            return Err(format!("more than {DEEPEST} levels of nesting"));
        }
        if matches!(self.open.last(), Some(Open { inside: Inside::Mapping { key: None, .. }, .. })) {
            return Err("a key must be a single value, not a list or a block".to_owned());
        }
        self.open.push(Open { place: self.place(marker), anchor, inside });
        Ok(())
    }

    fn close(&mut self, node: Node, anchor: usize, marker: Marker) -> Result<(), String> {
        let node = Rc::new(node);
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        self.insert(node, marker)
    }

    fn insert(&mut self, node: Rc<Node>, marker: Marker) -> Result<(), String> {
        let place = self.place(marker);
        match self.open.last_mut().map(|open| &mut open.inside) {
            None => self.root = Some(node),
            Some(Inside::List(items)) => items.push(node),
            Some(Inside::Mapping { entries, key }) => match key.take() {
                None => match &node.value {
                    Value::Scalar { text, .. } => *key = Some(Key { name: text.clone(), place, inherited: false }),
                    _ => return Err("a key must be a single value, not a list or a block".to_owned()),
                },
                Some(named) if named.name == "<<" => inherit(entries, &node)?,
                Some(named) => {
                    let earlier = entries.iter().position(|(known, _)| known.name == named.name);
                    match earlier {
                        Some(index) if entries[index].0.inherited => entries[index] = (named, node),
                        Some(index) => {
                            let first = entries[index].0.place.line;
                            let message = format!("this key was given before, at line {first}; remove one of the two");
                            let path = self.path(&named.name);
                            let place = Some(named.place.to_string());
                            self.problems.push(Problem { place, key: Some(path), message });
                        }
                        None => entries.push((named, node)),
                    }
                }
            },
        }
        Ok(())
    }

    /// The path of a key in the innermost open mapping.
    fn path(&self, name: &str) -> String {
        let mut path = String::new();
        for open in &self.open {
            match &open.inside {
                Inside::List(items) => path = format!("{path}[{}]", items.len()),
                Inside::Mapping { key: Some(key), .. } => {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(&key.name);
                }
                Inside::Mapping { key: None, .. } => {}
            }
        }
        if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
    }
}

/// Merge keys: takes over what is not there yet.
fn inherit(entries: &mut Vec<(Key, Rc<Node>)>, from: &Node) -> Result<(), String> {
    match &from.value {
        Value::Mapping(inherited) => {
            for (key, node) in inherited {
                if !entries.iter().any(|(known, _)| known.name == key.name) {
                    entries.push((Key { inherited: true, ..key.clone() }, node.clone()));
                }
            }
            Ok(())
        }
        Value::List(several) => several.iter().try_for_each(|one| inherit(entries, one)),
        Value::Scalar { .. } => Err("`<<` must name a block of keys, or a list of such blocks".to_owned()),
    }
}
