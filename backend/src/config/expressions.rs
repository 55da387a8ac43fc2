//! `${VAR}` and `${VAR:-default}`.
//!
//! NAT replaces them in the text of the file before it reads the YAML, so an expression may stand where YAML itself would
//! not take it (`[${SCOPE}]`, `${MOTTO:-a: b}`), but a value with a `#` or a line break then changes the document. Here
//! the characters of an expression are shielded while the YAML is read, each by one that means nothing to YAML, and
//! expressions are replaced in values afterwards: NAT's files are read, places stay exact, and no value breaks anything.

use super::environment::Environment;

/// Plane 15, private use: `SHIELD + c` stands for the character `c` of plane 0.
const SHIELD: u32 = 0xF_0000;

/// Shields every expression of a file.
pub(super) fn shield(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        let expression = end_of(from).map_or("", |end| &from[..end]);
        if expression.is_empty() || expression.contains(['\n', '\r']) {
            out.push_str("${");
            rest = &from[2..];
        } else {
            out.extend(expression.chars().map(|c| match u32::from(c) {
                plain @ 0x20..=0xFFFD => char::from_u32(SHIELD + plain).unwrap_or(c),
                _ => c,
            }));
            rest = &from[expression.len()..];
        }
    }
    out + rest
}

/// Undoes [`shield`].
pub(super) fn unshield(text: &str) -> String {
    text.chars()
        .map(|c| match u32::from(c) {
            shielded @ 0xF_0020..=0xF_FFFD => char::from_u32(shielded - SHIELD).unwrap_or(c),
            _ => c,
        })
        .collect()
}

/// A value with its expressions replaced.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Expanded {
    pub(super) text: String,
    /// The variables it names, set or not.
    pub(super) variables: Vec<String>,
}

/// Replaces the expressions of one value.
///
/// # Errors
///
/// The expression that is of another form.
pub(super) fn expand(text: &str, environment: &dyn Environment) -> Result<Expanded, String> {
    let mut out = Expanded::default();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let (before, from) = rest.split_at(start);
        // `\${` is how NAT writes a literal `${`.
        if let Some(literal) = before.strip_suffix('\\') {
            out.text.push_str(literal);
            out.text.push_str("${");
            rest = &from[2..];
            continue;
        }
        out.text.push_str(before);
        let end = end_of(from).ok_or_else(|| from.to_owned())?;
        let inner = &from[2..end - 1];
        let (name, default) = inner.split_at(inner.find(|c| !is_name(c)).unwrap_or(inner.len()));
        let default = match default.strip_prefix(":-").or_else(|| default.strip_prefix('-')) {
            Some(default) => Some(default),
            None if default.is_empty() => None,
            None => return Err(from[..end].to_owned()),
        };
        if name.is_empty() {
            return Err(from[..end].to_owned());
        }
        out.variables.push(name.to_owned());
        // As in NAT, an empty variable takes the default too.
        match (environment.get(name).filter(|value| !value.is_empty()), default) {
            (Some(value), _) => out.text.push_str(&value),
            (None, Some(default)) => {
                let inner = expand(default, environment)?;
                out.text.push_str(&inner.text);
                out.variables.extend(inner.variables);
            }
            (None, None) => {}
        }
        rest = &from[end..];
    }
    out.text.push_str(rest);
    Ok(out)
}

/// Where the expression that `text` begins with ends, past its brace.
fn end_of(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return Some(index + 1),
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{expand, shield, unshield};

    fn expanded(text: &str) -> Result<String, String> {
        let environment = BTreeMap::from([("SET", "value"), ("EMPTY", ""), ("ODD", "a: b # ${SET}")]);
        expand(text, &environment).map(|expanded| expanded.text)
    }

    #[test]
    fn expressions_are_replaced_as_nat_does() {
        for (text, expected) in [
            ("${SET}", "value"),
            ("a${SET}b${SET}c", "avaluebvaluec"),
            ("[${UNSET}]", "[]"),
            ("${UNSET:-http://host:1/path}", "http://host:1/path"),
            ("${EMPTY:-default}", "default"),
            ("${SET:-default}", "value"),
            ("${UNSET:-}", ""),
            ("${UNSET:-${SET}/mcp}", "value/mcp"),
            ("${UNSET:-${ALSO:-{}}}", "{}"),
            ("$SET and $ stay", "$SET and $ stay"),
            (r"\${SET}", "${SET}"),
            ("file://${SET}.md", "file://value.md"),
        ] {
            assert_eq!(expanded(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_value_is_never_read_as_an_expression() {
        assert_eq!(expanded("${ODD}").unwrap(), "a: b # ${SET}");
    }

    #[test]
    fn other_forms_are_refused() {
        assert_eq!(expanded("a ${SET:?must be set} b"), Err("${SET:?must be set}".to_owned()));
        assert_eq!(expanded("${SET:+other}"), Err("${SET:+other}".to_owned()));
        assert_eq!(expanded("${}"), Err("${}".to_owned()));
        assert_eq!(expanded("x ${SET"), Err("${SET".to_owned()));
    }

    #[test]
    fn shielding_keeps_the_length_and_can_be_undone() {
        let text = "a: [${A:-[x, y]: #}, ${ü}] # ${\nb: ${C";
        let shielded = shield(text);
        assert_eq!(shielded.chars().count(), text.chars().count());
        assert!(!shielded.contains(":-"));
        assert!(shielded.contains("${\nb: ${C"));
        assert_eq!(unshield(&shielded), text);
    }
}
