//! What is written, in words.

use super::super::report::{Report, Section};
use crate::config::{Because, ClientSource, Config, Server, Source};

pub(super) fn explain(config: &Config, report: &mut Report) {
    sources(config, report.section("Sources"));
    servers(config, report.section("Servers"));
    people(config, report.section("People"));
    let traps = report.section("What AIQ would trip over");
    for trap in &config.traps {
        traps.warning(trap.to_string());
    }
}

fn sources(config: &Config, section: &mut Section) {
    for source in &config.sources {
        section.ok(format!("{} \"{}\": {}", source.id, source.name, protection(source)));
        if source.admin_disabled {
            section.note(format!("{} is turned off (`aiq_connect.sources.{}.disabled`)", source.id, source.id));
        }
    }
    if config.servers.is_empty() {
        section.warning("no source is protected: nobody has anything to connect");
    }
}

fn protection(source: &Source) -> String {
    let Some(protection) = &source.protection else { return "needs no account".to_owned() };
    let because = match &protection.because {
        Because::Block => "its `per_user_auth` block says so".to_owned(),
        Because::Group { name, kind } => format!("its tools are of the group `{name}` of `_type: {kind}`"),
    };
    let need = if protection.required { "protected" } else { "takes an account, and works without" };
    format!("{need}, because {because}; server `{}`", protection.server)
}

fn servers(config: &Config, section: &mut Section) {
    for server in config.servers.values() {
        let url = server.url.as_ref().map_or("no address", |url| url.as_str());
        section.ok(format!("{} at {url}: {}; {}", server.id, client(server), scopes(server)));
        if let Some(issuer) = &server.issuer {
            section.note(format!("{}: no other authorization server than {issuer} is taken", server.id));
        }
        if let Some(why) = &server.incomplete {
            section.warning(format!("{} cannot be connected: {why}", server.id));
        }
    }
}

fn client(server: &Server) -> String {
    match &server.client {
        ClientSource::Registered { client_id, client_secret, .. } => {
            let kind = if client_secret.is_some() { "confidential" } else { "public" };
            format!("pre-registered {kind} client `{client_id}`")
        }
        ClientSource::Dynamic { client_name } => {
            format!("registers itself (RFC 7591) as \"{client_name}\"")
        }
    }
}

fn scopes(server: &Server) -> String {
    if server.scopes.is_empty() {
        return "asks for the scopes that the server names".to_owned();
    }
    format!("asks for {}", server.scopes.join(" "))
}

fn people(config: &Config, section: &mut Section) {
    if let Some(sign_in) = &config.sign_in {
        section.ok(format!("sign in at {} as client `{}`", sign_in.issuer, sign_in.client_id));
    }
    if let Some(known) = &config.identity.tokens {
        match &known.audience {
            Some(audience) => {
                section
                    .ok(format!("are known by tokens of {} for `{audience}`, as a bearer or `idToken`", known.issuer));
            }
            None => section.warning(format!(
                "are known by tokens of {} for anybody (`aiq_connect.allow_any_audience`): every service that gets \
                 one could use it here",
                known.issuer
            )),
        }
    }
    if let Some(name) = &config.identity.local_user {
        section.note(format!("are all one: everybody on this machine is `{name}` (`aiq_connect.local_user`)"));
    }
    if !config.has_people() {
        section.warning(
            "cannot be told apart, so personal sources are off: set AIQ_JWT_ISSUER and AIQ_JWT_AUDIENCE, or \
             `aiq_connect.sign_in`",
        );
    }
    match &config.upstream {
        Some(upstream) => section.ok(format!("their jobs are handed to {}", upstream.url)),
        None => section.note("cannot submit jobs here: `aiq_connect.upstream` is not set"),
    }
    let waiting = &config.waiting;
    section.ok(format!(
        "a job waits {} s for its owner, and {} wait at once at most",
        waiting.length.num_seconds(),
        waiting.most
    ));
}
