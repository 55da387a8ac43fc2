//! A person with a browser, over plain HTTP: keeps cookies, follows redirects, fills in forms.

pub mod call;
mod cookies;
mod form;
mod visitor;

pub use self::visitor::{Page, Visitor};
