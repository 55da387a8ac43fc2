//! The AIQ Connect page and panel.
