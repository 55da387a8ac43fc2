//! Free ports of loopback, below those that the kernel gives to outgoing connections: a stopped server finds its own again.

use std::net::TcpListener;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

const FIRST: u32 = 20_000;
const COUNT: u32 = 12_000;

/// A port nobody listens on now. Two processes begin their search at different places.
pub fn free() -> Option<u16> {
    static TRIED: AtomicU32 = AtomicU32::new(0);
    (0..COUNT).find_map(|_| {
        let tried = TRIED.fetch_add(1, Ordering::Relaxed);
        let place = process::id().wrapping_mul(37).wrapping_add(tried) % COUNT;
        let port = u16::try_from(FIRST + place).ok()?;
        TcpListener::bind(("127.0.0.1", port)).is_ok().then_some(port)
    })
}
