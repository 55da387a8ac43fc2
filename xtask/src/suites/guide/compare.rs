//! Whether a step said what the guide shows. `…` stands for whatever differs from run to run.

use serde_json::Value;

/// Line by line; `…` in a line is any text, a line of `…` alone is any number of lines.
pub fn text(shown: &str, said: &str) -> bool {
    let trimmed = |text: &str| text.trim_end().lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
    lines(&trimmed(shown), &trimmed(said))
}

/// Every field that is shown has to be there and be the same; what is there besides does no harm.
pub fn json(shown: &Value, said: &Value) -> bool {
    match (shown, said) {
        (Value::Object(shown), Value::Object(said)) => {
            shown.iter().all(|(name, value)| said.get(name).is_some_and(|found| json(value, found)))
        }
        (Value::Array(shown), Value::Array(said)) => {
            shown.len() == said.len() && shown.iter().zip(said).all(|(shown, said)| json(shown, said))
        }
        (Value::String(shown), Value::String(said)) => line(shown, said),
        _ => shown == said,
    }
}

fn lines(shown: &[String], said: &[String]) -> bool {
    match shown {
        [] => said.is_empty(),
        [first, rest @ ..] if first == "…" => (0..=said.len()).any(|skip| lines(rest, &said[skip..])),
        [first, rest @ ..] => said.split_first().is_some_and(|(next, after)| line(first, next) && lines(rest, after)),
    }
}

fn line(shown: &str, said: &str) -> bool {
    let Some((head, tail)) = shown.split_once('…') else { return shown == said };
    let Some(rest) = said.strip_prefix(head) else { return false };
    rest.char_indices().map(|(at, _)| at).chain([rest.len()]).any(|at| line(tail, &rest[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_stand_for_any_text_and_for_any_lines() {
        for (shown, said, same) in [
            ("a\nb\n", "a\nb", true),
            ("a\nb", "a\nc", false),
            ("a\n…\nz", "a\nb\nc\nz", true),
            ("a\n…\nz", "a\nz", true),
            ("a\n…\nz", "a\nb", false),
            ("id: …, end", "id: 17, end", true),
            ("id: …, end", "id: 17", false),
            ("a", "a\nb", false),
            ("", "a", false),
        ] {
            assert_eq!(text(shown, said), same, "{shown:?} {said:?}");
        }
    }

    #[test]
    fn what_is_shown_of_json_has_to_be_there_and_the_rest_may() {
        let said = serde_json::json!({"a": 1, "list": [{"id": "x-17", "more": true}]});
        for (shown, same) in [
            (serde_json::json!({"a": 1}), true),
            (serde_json::json!({"a": 2}), false),
            (serde_json::json!({"list": [{"id": "x-…"}]}), true),
            (serde_json::json!({"list": []}), false),
            (serde_json::json!({"b": null}), false),
        ] {
            assert_eq!(json(&shown, &said), same, "{shown}");
        }
    }
}
