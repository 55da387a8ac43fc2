//! The first form of a page: where it goes and what it would send.

/// A form, with the values that its fields already have.
#[derive(Debug, PartialEq, Eq)]
pub struct Form {
    /// As written; relative to the page.
    pub action: String,
    /// Names and values.
    pub fields: Vec<(String, String)>,
}

impl Form {
    /// Finds the first form that is posted.
    pub fn first_in(html: &str) -> Option<Self> {
        let mut forms = html.split("<form").skip(1).filter_map(|rest| {
            let (tag, inside) = rest.split_once('>')?;
            let is_posted = attribute(tag, "method").is_some_and(|method| method.eq_ignore_ascii_case("post"));
            is_posted.then(|| (attribute(tag, "action").unwrap_or_default(), inside))
        });
        let (action, inside) = forms.next()?;
        let inside = inside.split("</form").next()?;
        let fields = inside.split("<input").skip(1).filter_map(|rest| {
            let tag = rest.split('>').next()?;
            Some((attribute(tag, "name")?, attribute(tag, "value").unwrap_or_default()))
        });
        Some(Self { action, fields: fields.collect() })
    }

    /// Types `value` into the field `name`, if the form has it.
    pub fn fill(&mut self, name: &str, value: &str) {
        for field in self.fields.iter_mut().filter(|(of, _)| of == name) {
            value.clone_into(&mut field.1);
        }
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let mut rest = tag;
    while let Some(at) = rest.find(name) {
        let starts_a_word = rest[..at].ends_with(char::is_whitespace);
        let after = &rest[at + name.len()..];
        if let (true, Some(value)) = (starts_a_word, after.strip_prefix('=')) {
            return Some(plain(quoted(value)));
        }
        rest = after;
    }
    None
}

fn quoted(value: &str) -> &str {
    match value.chars().next() {
        Some(quote @ ('"' | '\'')) => value[1..].split(quote).next().unwrap_or_default(),
        _ => value.split(char::is_whitespace).next().unwrap_or_default().trim_end_matches('/'),
    }
}

fn plain(text: &str) -> String {
    text.replace("&quot;", "\"").replace("&#x2F;", "/").replace("&#39;", "'").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::Form;

    #[test]
    fn the_posted_form_is_found_with_its_fields() {
        let html = r#"<form role="search" action="/find"><input name="q"></form>
            <form autocomplete="off" action="/interaction/a?x=1&amp;y=2" method="post">
              <input type="hidden" name="prompt" value="login"/>
              <input required type="text" name="login" placeholder="name"><button>Sign in</button>
            </form><input name="outside">"#;
        let mut form = Form::first_in(html).unwrap();
        form.fill("login", "alice");
        form.fill("absent", "x");
        assert_eq!(form.action, "/interaction/a?x=1&y=2");
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(form.fields, [field("prompt", "login"), field("login", "alice")]);
    }

    #[test]
    fn a_page_without_a_posted_form_has_none() {
        assert_eq!(Form::first_in(r#"<form action="/find"></form>"#), None);
    }
}
