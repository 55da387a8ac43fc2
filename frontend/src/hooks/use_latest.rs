use std::cell::RefCell;
use std::rc::Rc;

use yew::prelude::*;

/// The value of the last render, for callbacks that outlive theirs.
#[hook]
pub fn use_latest<T: Clone + 'static>(value: T) -> Rc<RefCell<T>> {
    let latest = use_mut_ref(|| value.clone());
    *latest.borrow_mut() = value;
    latest
}
