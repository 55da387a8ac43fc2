//! English. Words are chosen from codes, never taken from a server.

pub mod banner;
pub mod blocker;
pub mod composer;
pub mod details;
pub mod job;
pub mod news;
pub mod page;
pub mod panel;
pub mod prompt;
pub mod row;
pub mod time;

/// "A", "A and B", "A, B and C".
pub fn list(names: &[impl AsRef<str>]) -> String {
    match names {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [rest @ .., last] => {
            let rest: Vec<_> = rest.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", rest.join(", "), last.as_ref())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_joined_as_people_write_them() {
        assert_eq!(list(&["A"]), "A");
        assert_eq!(list(&["A", "B"]), "A and B");
        assert_eq!(list(&["A", "B", "C"]), "A, B and C");
    }
}
