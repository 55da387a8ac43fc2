//! Loopback ports: free ones, and who sits on one that is not.

use std::fs;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
use std::path::Path;

use anyhow::{Context, Result, bail};

/// `N` different free ports.
pub fn free<const N: usize>() -> Result<[u16; N]> {
    // All are held until all are chosen, or the system would hand out the same one twice.
    let mut held = Vec::with_capacity(N);
    let mut ports = [0; N];
    for port in &mut ports {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("there is no free port on 127.0.0.1")?;
        *port = listener.local_addr()?.port();
        held.push(listener);
    }
    Ok(ports)
}

/// Fails when something listens on `port`, on either kind of loopback: a browser that is sent to `localhost` may try both.
pub fn ensure_free(port: u16) -> Result<()> {
    let v4 = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let v6 = TcpListener::bind((Ipv6Addr::LOCALHOST, port));
    let taken = |error: &std::io::Error| error.kind() == std::io::ErrorKind::AddrInUse;
    if v4.as_ref().is_err_and(taken) || v6.as_ref().is_err_and(taken) {
        let who = owner(port).map_or(String::new(), |(pid, name)| format!(" by process {pid} ({name})"));
        bail!(
            "port {port} is in use{who}. Stop that, or choose another port: `cargo xtask demo --port {}`",
            port.wrapping_add(1).max(1024)
        );
    }
    v4.map(drop).with_context(|| format!("port {port} of 127.0.0.1 cannot be used"))
}

/// The process that listens on `port`, if the system lets us see it.
fn owner(port: u16) -> Option<(u32, String)> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|path| fs::read_to_string(path).unwrap_or_default());
    let socket = format!("socket:[{}]", tables.iter().find_map(|table| listening_inode(table, port))?);
    for process in fs::read_dir("/proc").ok()?.filter_map(Result::ok) {
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let Ok(files) = fs::read_dir(process.path().join("fd")) else { continue };
        let holds = |file: fs::DirEntry| fs::read_link(file.path()).is_ok_and(|link| link == Path::new(&socket));
        if files.filter_map(Result::ok).any(holds) {
            let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            return Some((pid, name.trim().to_owned()));
        }
    }
    None
}

/// The inode of the socket that listens on `port`, from a table in the format of `/proc/net/tcp`.
fn listening_inode(table: &str, port: u16) -> Option<&str> {
    const LISTEN: &str = "0A";
    let address = format!(":{port:04X}");
    table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>()).find_map(|fields| {
        let listens = fields.get(1)?.ends_with(&address) && *fields.get(3)? == LISTEN;
        listens.then(|| fields.get(9).copied()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_named_with_its_process_and_the_way_out() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let said = ensure_free(port).unwrap_err().to_string();
        assert!(said.contains(&format!("port {port} is in use by process {}", std::process::id())), "{said}");
        assert!(said.contains("--port"), "{said}");
        drop(listener);
        ensure_free(port).unwrap();
    }

    #[test]
    fn free_ports_differ() {
        let [a, b, c] = free().unwrap();
        assert!(a != b && b != c && a != c);
    }
}
