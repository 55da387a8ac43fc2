//! What tests may ask of the stack they run against: to restart a process, or to start the service a second time.
//!
//! One connection, one line of JSON each way. A key of this one run guards it; every process stays ours to end.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, sleep};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::stack::Stack;

const GLANCE: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(5);
const LONGEST: u64 = 4096;

/// One wish.
struct Wish {
    verb: String,
    name: String,
    /// Variables that differ from what the process is usually told.
    env: BTreeMap<String, String>,
}

/// Runs `work` with the address at which wishes about `stack` are heard meanwhile.
pub fn while_hearing<T>(stack: &Mutex<Stack<'_>>, key: &str, work: impl FnOnce(SocketAddr) -> T) -> Result<T> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("there is no free port on 127.0.0.1")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let is_over = AtomicBool::new(false);
    Ok(thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((connection, _)) => answer(connection, stack, key),
                    Err(_) => sleep(GLANCE),
                }
            }
        });
        let done = work(address);
        is_over.store(true, Ordering::Relaxed);
        done
    }))
}

/// A caller that went away has lost its answer, and nothing else is lost.
fn answer(mut connection: TcpStream, stack: &Mutex<Stack<'_>>, key: &str) {
    let said = hear(&connection, key).and_then(|wish| fulfil(stack, &wish));
    let line = said.unwrap_or_else(|error| json!({ "error": format!("{error:#}") }));
    writeln!(connection, "{line}").ok();
}

fn hear(connection: &TcpStream, key: &str) -> Result<Wish> {
    connection.set_nonblocking(false)?;
    connection.set_read_timeout(Some(PATIENCE))?;
    let mut line = String::new();
    BufReader::new(connection.take(LONGEST)).read_line(&mut line)?;
    let wish: Value = serde_json::from_str(&line).context("a wish is one line of JSON")?;
    if wish["key"] != key {
        bail!("that is not the key");
    }
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let env = wish["env"].as_object().into_iter().flatten();
    Ok(Wish {
        verb: text(&wish["verb"]).context("a wish has a verb")?,
        name: text(&wish["name"]).context("a wish names a process")?,
        env: env.filter_map(|(name, value)| Some((name.clone(), text(value)?))).collect(),
    })
}

fn fulfil(stack: &Mutex<Stack<'_>>, wish: &Wish) -> Result<Value> {
    let mut stack = stack.lock().map_err(|_| anyhow::anyhow!("a thread died while it held the stack"))?;
    match wish.verb.as_str() {
        "restart" => stack.restart(&wish.name, &wish.env)?,
        "start" => stack.add(&wish.name, &wish.env)?,
        "end" => return stack.end(&wish.name).map(|()| json!({})),
        other => bail!("a stack does not {other}; it can restart, start and end"),
    }
    Ok(json!({ "id": stack.id(&wish.name)? }))
}
