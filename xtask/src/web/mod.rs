//! A person with a browser, over plain HTTP: keeps cookies, follows redirects, fills in forms.

mod cookies;
mod form;
mod visitor;

pub use self::visitor::{Page, Visitor};
