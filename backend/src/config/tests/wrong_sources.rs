//! Sources and servers that are wrong.

use super::error;

fn error_of(sources: &str, rest: &str) -> String {
    error(
        &format!(
            "functions:\n  search: {{_type: search}}\n  data_sources:\n    _type: data_source_registry\n    sources:\n{sources}{rest}"
        ),
        &[],
    )
}

#[test]
fn ids_that_are_missing_twice_or_unusable_in_urls_are_told() {
    assert_eq!(
        error_of(
            "      - {id: a, name: A}\n      - {name: B}\n      - {id: a, name: C}\n      - {id: 'a/b', name: D}\n      \
             - {id: my source, name: E}\n      - {id: .., name: F}\n      - {id: g}\n      - text\n",
            ""
        ),
        "config.yml:7:9: functions.data_sources.sources[1].id: is missing; add it\n\
         config.yml:8:14: functions.data_sources.sources[2].id: a source called `a` was given before, at config.yml:6:14; ids must differ\n\
         config.yml:9:14: functions.data_sources.sources[3].id: must not hold `/`: it stands in URLs, so only A-Z a-z 0-9 `_` `-` `.` are usable\n\
         config.yml:10:14: functions.data_sources.sources[4].id: must not hold a space: it stands in URLs, so only A-Z a-z 0-9 `_` `-` `.` are usable\n\
         config.yml:11:14: functions.data_sources.sources[5].id: must not be `.` or `..`: it stands in URLs\n\
         config.yml:12:9: functions.data_sources.sources[6].name: is missing; add it\n\
         config.yml:13:9: functions.data_sources.sources[7]: is a single value; a block of keys is needed"
    );
}

#[test]
fn tools_and_auth_providers_that_name_nothing_are_told_with_the_nearest_name() {
    assert_eq!(
        error_of(
            "      - {id: a, name: A, tools: [serach, search]}\n      \
             - {id: b, name: B, tools: [docs_tools__read], per_user_auth: {required: true, auth_provider: docs_oath}}\n      \
             - {id: c, name: C, tools: [search__deep, elsewhere, docs_tools2]}\n",
            "function_groups:\n  docs_tools: {_type: per_user_mcp_client, server: {auth_provider: nobody, url: 'https://docs.example'}}\n\
             authentication:\n  docs_oauth: {_type: mcp_oauth2}\n"
        ),
        "config.yml:6:34: functions.data_sources.sources[0].tools[0]: no function or function group is called `serach`; did you mean `search`?\n\
         config.yml:7:100: functions.data_sources.sources[1].per_user_auth.auth_provider: `authentication` has no `docs_oath`; did you mean `docs_oauth`?\n\
         config.yml:8:34: functions.data_sources.sources[2].tools[0]: no function or function group is called `search__deep`; functions and groups: `data_sources`, `docs_tools`, `search`\n\
         config.yml:8:48: functions.data_sources.sources[2].tools[1]: no function or function group is called `elsewhere`; functions and groups: `data_sources`, `docs_tools`, `search`\n\
         config.yml:8:59: functions.data_sources.sources[2].tools[2]: no function or function group is called `docs_tools2`; did you mean `docs_tools`?\n\
         config.yml:10:68: function_groups.docs_tools.server.auth_provider: `authentication` has no `nobody`; names under `authentication`: `docs_oauth`"
    );
    assert_eq!(
        error_of("      - {id: b, name: B, per_user_auth: {required: true, auth_provider: x}}\n", ""),
        "config.yml:6:73: functions.data_sources.sources[0].per_user_auth.auth_provider: `authentication` has no `x`; there are no names under `authentication`"
    );
}

#[test]
fn settings_for_what_does_not_exist_are_told() {
    assert_eq!(
        error_of(
            "      - {id: incidents, name: A, per_user_auth: {required: true}}\n      - {id: docs, name: B}\n",
            "aiq_connect:\n  sources:\n    dosc: {disabled: true}\n    docs: {disable: true}\n  servers:\n    incident: {url: x}\n    \
             incidents: {client_di: x, token_endpoint_auth_method: client_secret_psot, client_id: y, url: '//x'}\n"
        ),
        "config.yml:10:5: aiq_connect.sources.dosc: no source has this id; did you mean `docs`?\n\
         config.yml:11:12: aiq_connect.sources.docs.disable: unknown key; did you mean `disabled`?\n\
         config.yml:13:5: aiq_connect.servers.incident: no protected source is at a server of this id; did you mean `incidents`?\n\
         config.yml:14:17: aiq_connect.servers.incidents.client_di: unknown key; did you mean `client_id`?\n\
         config.yml:14:59: aiq_connect.servers.incidents.token_endpoint_auth_method: `client_secret_psot` is no method that is supported; did you mean `client_secret_post`?\n\
         config.yml:14:98: aiq_connect.servers.incidents.url: is not a URL; write it whole, such as `https://mcp.example.com/mcp`"
    );
}

#[test]
fn server_addresses_that_must_not_be_used_are_told() {
    let group = |id: &str, url: &str| format!("  {id}: {{_type: per_user_mcp_client, server: {{url: '{url}'}}}}\n");
    assert_eq!(
        error_of(
            "      - {id: a, name: A, tools: [ga]}\n      - {id: b, name: B, tools: [gb]}\n      - {id: c, name: C, tools: [gc]}\n      \
             - {id: d, name: D, tools: [gd]}\n      - {id: e, name: E, tools: [ge]}\n",
            &format!(
                "function_groups:\n{}{}{}{}{}",
                group("ga", "ftp://a.example"),
                group("gb", "http://b.example/mcp"),
                group("gc", "http://[::1]:1/mcp"),
                group("gd", "https://me:planted@d.example"),
                group("ge", "https://e.example/#f")
            )
        ),
        "config.yml:12:50: function_groups.ga.server.url: must begin with `https://` or `http://`\n\
         config.yml:13:50: function_groups.gb.server.url: must begin with `https://`: tokens travel to it\n\
         config.yml:14:50: function_groups.gc.server.url: is on this machine; set `aiq_connect.outbound.allow_loopback: true` for development\n\
         config.yml:15:50: function_groups.gd.server.url: must not carry a user name or password\n\
         config.yml:16:50: function_groups.ge.server.url: must not have a `#` fragment"
    );
}

#[test]
fn one_server_at_two_addresses_is_told() {
    assert_eq!(
        error_of(
            "      - {id: a, name: A, tools: [ga], per_user_auth: {mcp_server_id: s, required: true}}\n      \
             - {id: b, name: B, tools: [gb], per_user_auth: {mcp_server_id: s, required: true}}\n",
            "function_groups:\n  ga: {_type: per_user_mcp_client, server: {url: 'https://a.example'}}\n  \
             gb: {_type: per_user_mcp_client, server: {url: 'https://b.example'}}\n"
        ),
        "config.yml:10:50: function_groups.gb.server.url: source `b` has server `s` at another address than source `a`; give one of them an `mcp_server_id` of its own, or settle it by `aiq_connect.servers.s.url`"
    );
}

#[test]
fn a_file_without_a_registry_is_told() {
    assert_eq!(
        error("llms: {}\n", &[]),
        "config.yml:1:1: functions: none has `_type: data_source_registry`, whose `sources:` AIQ Connect offers; add it, or name the file that has it in `base:`"
    );
    assert_eq!(
        error("functions:\n  data:\n    _type: data_source_registy\n", &[]),
        "config.yml:3:5: functions.data: unknown `_type`; did you mean `data_source_registry`?"
    );
    assert_eq!(error("functions: [a]\n", &[]), "config.yml:1:12: functions: is a list; a block of keys is needed");
}
