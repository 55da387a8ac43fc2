//! Token endpoint answers as they are in the field, brought into the shape of RFC 6749 §5 before they are read.

use serde_json::{Map, Value};

/// The canonical status and body: 200 with a token answer, 400 with an `error`, or `None` when it is neither.
///
/// Tolerated: form-encoded bodies, an error in a 200, numbers as strings, scopes with commas, no `token_type`.
pub(super) fn normalise(media_type: &str, status: u16, body: &[u8]) -> Option<(u16, Value)> {
    let mut fields = parse(media_type, body)?;
    if let Some(Value::String(code)) = fields.get("error") {
        return Some((400, serde_json::json!({ "error": code })));
    }
    if status != 200 || !matches!(fields.get("access_token"), Some(Value::String(token)) if !token.is_empty()) {
        return None;
    }
    fields.entry("token_type").or_insert_with(|| "bearer".into());
    let seconds = fields.remove("expires_in").and_then(|value| whole_seconds(&value));
    if let Some(seconds) = seconds {
        fields.insert("expires_in".into(), seconds.into());
    }
    if let Some(Value::String(scope)) = fields.get("scope") {
        let spaced = scope.replace(',', " ").split_whitespace().collect::<Vec<_>>().join(" ");
        fields.insert("scope".into(), spaced.into());
    }
    if matches!(fields.get("refresh_token"), Some(Value::String(token)) if token.is_empty()) {
        fields.remove("refresh_token");
    }
    fields.retain(|name, _| {
        ["access_token", "token_type", "expires_in", "scope", "refresh_token", "id_token"].contains(&name.as_str())
    });
    Some((200, Value::Object(fields)))
}

fn parse(media_type: &str, body: &[u8]) -> Option<Map<String, Value>> {
    if media_type == "application/x-www-form-urlencoded" {
        let pairs = url::form_urlencoded::parse(body);
        return Some(pairs.map(|(name, value)| (name.into_owned(), Value::from(value.into_owned()))).collect());
    }
    serde_json::from_slice(body).ok()
}

/// Whole, non-negative seconds. Anything else says nothing about the end; it never means "for ever".
fn whole_seconds(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::normalise;

    fn json(status: u16, body: &str) -> Option<(u16, serde_json::Value)> {
        normalise("application/json", status, body.as_bytes())
    }

    #[test]
    fn an_error_in_a_200_is_an_error() {
        assert_eq!(json(200, r#"{"error":"bad_verification_code"}"#).unwrap().0, 400);
    }

    #[test]
    fn a_form_encoded_answer_is_read_and_commas_separate_scopes() {
        let body = b"access_token=a&scope=repo%2Cread%3Aorg&expires_in=60";
        let (_, answer) = normalise("application/x-www-form-urlencoded", 200, body).unwrap();
        assert_eq!(answer["scope"], "repo read:org");
        assert_eq!(answer["expires_in"], 60);
        assert_eq!(answer["token_type"], "bearer");
    }

    #[test]
    fn only_whole_numbers_of_seconds_count_and_zero_is_one_of_them() {
        let expiry = |text: &str| {
            json(200, &format!(r#"{{"access_token":"a","expires_in":{text}}}"#)).unwrap().1["expires_in"].as_u64()
        };
        assert_eq!(expiry("3600"), Some(3600));
        assert_eq!(expiry(r#""3600""#), Some(3600));
        assert_eq!(expiry("0"), Some(0));
        for nonsense in [r#""3600abc""#, "-1", "1.5", "null", "{}"] {
            assert_eq!(expiry(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn an_answer_without_a_token_is_no_answer() {
        assert_eq!(json(200, "{}"), None);
        assert_eq!(json(200, r#"{"access_token":""}"#), None);
        assert_eq!(json(200, "<html>"), None);
        assert_eq!(json(302, r#"{"access_token":"a"}"#), None);
    }
}
