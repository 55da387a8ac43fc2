//! The browser. Nothing outside this folder knows `web_sys`.

pub mod chance;
pub mod clock;
pub mod dom;
pub mod event_stream;
pub mod leader;
pub mod listen;
pub mod memory;
pub mod nudges;
pub mod sign_in_window;
pub mod wall;
