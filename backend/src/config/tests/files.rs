use std::path::Path;

use super::{EMPTY_REGISTRY, Folder, error};
use crate::config::{Database, load};

#[test]
fn a_base_is_merged_below_and_keeps_the_order_of_its_keys() {
    let folder = Folder::with(&[
        ("root.yml", "authentication:\n  one: {_type: mcp_oauth2, client_id: first}\n"),
        (
            "nat.yml",
            "base: root.yml\n\
             authentication:\n  one: {server_url: https://one.example/mcp, client_id: second}\n\
             functions:\n  data_sources:\n    _type: data_source_registry\n    sources:\n      - {id: gone, name: Gone}\n",
        ),
        (
            "top.yml",
            "base: ${NAT:-./nat.yml}\n\
             functions:\n  data_sources:\n    sources:\n      \
             - {id: one, name: One, per_user_auth: {required: true}}\n\
             aiq_connect: {public_url: https://aiq.example}\n",
        ),
    ]);
    let config = folder.load("top.yml", &[]).unwrap();
    assert_eq!(config.sources.iter().map(|source| source.id.as_str()).collect::<Vec<_>>(), ["one"]);
    let server = config.server_of(&config.sources[0]).unwrap();
    assert_eq!(server.url.as_ref().unwrap().as_str(), "https://one.example/mcp");
    assert!(format!("{:?}", server.client).contains("second"));
    assert_eq!(config.public_url.as_str(), "https://aiq.example/");
}

#[test]
fn a_problem_in_a_base_names_that_file() {
    let folder = Folder::with(&[
        ("nat.yml", &format!("{EMPTY_REGISTRY}aiq_connect:\n  bnid: 127.0.0.1:1\n")),
        ("top.yml", "base: nat.yml\naiq_connect:\n  public_url: nonsense\n"),
    ]);
    assert_eq!(
        folder.error("top.yml", &[]),
        "nat.yml:3:3: aiq_connect.bnid: unknown key; did you mean `bind`?\n\
         top.yml:3:15: aiq_connect.public_url: is not a URL; write it whole, such as `https://mcp.example.com/mcp`"
    );
}

#[test]
fn a_base_that_is_not_there_is_told_with_the_nearest_file() {
    let folder = Folder::with(&[("nat.yml", ""), ("top.yml", "a: 1\nbase: nta.yml\n")]);
    assert_eq!(folder.error("top.yml", &[]), "top.yml:2:7: base: there is no file `nta.yml`; did you mean `nat.yml`?");
}

#[test]
fn a_base_that_stands_on_itself_is_refused() {
    let folder = Folder::with(&[("a.yml", "base: b.yml\n"), ("b.yml", "x: 1\nbase: ./a.yml\n")]);
    assert_eq!(
        folder.error("a.yml", &[]),
        "b.yml:2:7: base: `./a.yml` stands, directly or through others, on this file itself; break the circle"
    );
}

#[test]
fn a_base_must_be_one_path() {
    let folder = Folder::with(&[("a.yml", "base: [b.yml, c.yml]\n"), ("d.yml", "base: .\n")]);
    assert_eq!(folder.error("a.yml", &[]), "a.yml:1:7: base: is a list; the path of one file is needed");
    assert_eq!(folder.error("d.yml", &[]), "d.yml:1:7: base: `.` is not a file");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = load(Path::new("no-such.yml"), &std::collections::BTreeMap::<&str, &str>::new()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no-such.yml: cannot be read: No such file or directory (os error 2); name the file with `--config FILE`"
    );
}

#[test]
fn a_file_without_keys_says_what_it_holds() {
    assert_eq!(error("", &[]), "config.yml:1:1: the file holds nothing; keys such as `functions:` are needed");
    assert_eq!(error("- a\n", &[]), "config.yml:1:1: the file holds a list; keys such as `functions:` are needed");
}

#[test]
fn a_file_that_is_not_utf8_is_told_with_the_line() {
    let folder = Folder::with(&[]);
    std::fs::write(folder.path().join("latin.yml"), b"a: 1\nb: caf\xe9\n").unwrap();
    assert_eq!(folder.error("latin.yml", &[]), "latin.yml:2: not UTF-8 text; save the file as UTF-8");
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_no_problem() {
    let text = format!("\u{feff}{EMPTY_REGISTRY}aiq_connect:\r\n  database: {{url: 'sqlite:///x.db'}}\r\n");
    let config = super::config(&text, &[]);
    assert!(matches!(&config.database, Database::Sqlite { path } if path == Path::new("x.db")));
}
