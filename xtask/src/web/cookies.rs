//! A browser's cookies, as far as RFC 6265 §5 matters here: host, path and deletion.
//!
//! `Secure` is not looked at: everything here is loopback, which browsers trust like https.

use std::collections::BTreeMap;

use url::Url;

/// Cookies by host, path and name.
#[derive(Default)]
pub struct Cookies(BTreeMap<(String, String, String), String>);

impl Cookies {
    /// Keeps, or forgets, what one `Set-Cookie` header says.
    pub fn set(&mut self, from: &Url, header: &str) {
        let mut parts = header.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { return };
        let mut path = default_path(from.path());
        let mut is_over = value.is_empty();
        for (key, setting) in parts.filter_map(|part| part.split_once('=')) {
            match key.to_ascii_lowercase().as_str() {
                "path" if setting.starts_with('/') => setting.clone_into(&mut path),
                "max-age" => is_over |= setting.parse::<i64>().is_ok_and(|seconds| seconds <= 0),
                // Nobody sets a date in the past but to delete, and everybody who does takes the epoch.
                "expires" => is_over |= setting.contains("1970"),
                _ => {}
            }
        }
        let key = (host(from), path, name.to_owned());
        if is_over {
            self.0.remove(&key);
        } else {
            self.0.insert(key, value.to_owned());
        }
    }

    /// The `Cookie` header for a request, or `None`.
    pub fn header(&self, to: &Url) -> Option<String> {
        let host = host(to);
        let fitting = self.0.iter().filter(|((of, path, _), _)| *of == host && covers(path, to.path()));
        let pairs: Vec<_> = fitting.map(|((_, _, name), value)| format!("{name}={value}")).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

fn default_path(of: &str) -> String {
    match of.rfind('/') {
        Some(0) | None => "/".to_owned(),
        Some(last) => of[..last].to_owned(),
    }
}

fn covers(path: &str, requested: &str) -> bool {
    requested.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || path.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn a_cookie_goes_back_to_its_host_and_below_its_path_only() {
        let mut cookies = Cookies::default();
        cookies.set(&url("http://localhost:1/a"), "one=1; Path=/; HttpOnly");
        cookies.set(&url("http://127.0.0.1:2/interaction/x"), "two=2; path=/auth/x");
        assert_eq!(cookies.header(&url("http://localhost:9/b")).as_deref(), Some("one=1"));
        assert_eq!(cookies.header(&url("http://127.0.0.1:2/auth/x/next")).as_deref(), Some("two=2"));
        assert_eq!(cookies.header(&url("http://127.0.0.1:2/auth/xy")), None);
    }

    #[test]
    fn a_cookie_that_is_over_is_forgotten() {
        let mut cookies = Cookies::default();
        let at = url("http://localhost/");
        cookies.set(&at, "one=1; Path=/");
        cookies.set(&at, "one=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(cookies.header(&at), None);
    }
}
