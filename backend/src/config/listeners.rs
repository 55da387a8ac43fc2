//! The two listeners: one for people, one for workers.

use std::net::SocketAddr;

use super::reader::{Entry, Reading, Text};
use crate::vault::Secret;

/// The keys of `aiq_connect.worker`.
pub(super) const WORKER_KEYS: &[&str] = &["bind", "insecure"];

/// The shortest worker key that is taken, in characters.
pub const SHORTEST_WORKER_KEY: usize = 16;

/// Where workers ask for tokens.
#[derive(Clone, Debug)]
pub struct WorkerListener {
    /// Loopback, unless `insecure`.
    pub bind: SocketAddr,
    /// The keys that are valid now. None: every worker is refused.
    pub keys: Vec<Secret>,
    /// Other machines may reach it over plain http, because something else protects the way.
    pub insecure: bool,
}

/// An address, and where it was written.
pub(super) type Written<'e> = (SocketAddr, Option<Text<'e>>);

pub(super) fn public<'e>(reading: &'e Reading<'e>, block: Option<&Entry<'e>>) -> Option<Written<'e>> {
    address(reading.variable("AIQ_CONNECT_BIND").or_else(|| block?.filled("bind")), 8000)
}

pub(super) fn worker<'e>(
    reading: &'e Reading<'e>,
    block: Option<&Entry<'e>>,
    public: Option<&Written<'e>>,
) -> Option<WorkerListener> {
    let section = block.and_then(|block| block.section("worker"));
    if let Some(section) = &section {
        section.only(WORKER_KEYS);
    }
    let insecure = section.as_ref().is_some_and(|section| section.flag("insecure", false));
    let keys = reading.variable("AIQ_CONNECT_WORKER_KEY").map_or_else(Vec::new, |text| worker_keys(&text));
    let written = reading.variable("AIQ_CONNECT_WORKER_BIND").or_else(|| section.as_ref()?.filled("bind"));
    let (bind, written) = address(written, 8001)?;
    if !bind.ip().is_loopback()
        && !insecure
        && let Some(written) = &written
    {
        written.complain(format!(
            "{bind} can be reached from other machines, and tokens would travel in the clear; \
             bind it to 127.0.0.1, or set `aiq_connect.worker.insecure: true` where the network itself is encrypted"
        ));
    }
    // Port 0 is a free one, another each time.
    if let Some((public, elsewhere)) = public.filter(|(public, _)| *public == bind && bind.port() != 0)
        && let Some(text) = written.as_ref().or(elsewhere.as_ref())
    {
        text.complain(format!("{public} would be the address of both listeners; people and workers need one each"));
    }
    Some(WorkerListener { bind, keys, insecure })
}

/// The address that was written, else this machine at the default port.
fn address(written: Option<Text<'_>>, default_port: u16) -> Option<Written<'_>> {
    let Some(text) = written else { return Some((SocketAddr::from(([127, 0, 0, 1], default_port)), None)) };
    let Ok(address) = text.value.parse() else {
        text.complain("must be an IP address and a port, such as `127.0.0.1:8000` or `[::1]:8000`");
        return None;
    };
    Some((address, Some(text)))
}

fn worker_keys(text: &Text<'_>) -> Vec<Secret> {
    let keys: Vec<&str> = text.value.split(',').map(str::trim).collect();
    for (index, key) in keys.iter().enumerate() {
        let which = if keys.len() == 1 { "the key".to_owned() } else { format!("key {} of {}", index + 1, keys.len()) };
        if key.chars().count() < SHORTEST_WORKER_KEY {
            text.complain(format!(
                "{which} is shorter than {SHORTEST_WORKER_KEY} characters; make one with `openssl rand -hex 32`"
            ));
        } else if !key.chars().all(|c| c.is_ascii_graphic()) {
            // It travels as a bearer token (RFC 6750 §2.1).
            text.complain(format!(
                "{which} may hold visible ASCII characters only; make one with `openssl rand -hex 32`"
            ));
        }
    }
    keys.into_iter().map(Secret::new).collect()
}
