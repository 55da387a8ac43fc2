use std::cell::RefCell;
use std::rc::Rc;

use yew::prelude::*;

/// The value of the last render, for callbacks that outlive theirs.
#[hook]
pub fn use_latest<T: 'static>(value: T) -> Rc<RefCell<T>>
where
    T: Clone,
{
    let latest = use_mut_ref(|| value.clone());
    *latest.borrow_mut() = value;
    latest
}
