//! Rules of this crate that no compiler holds: who may know whom, where words live, what the policy allows.

use std::fs;
use std::path::{Path, PathBuf};

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file with this ending under a folder, tests left out.
fn files(folder: &str, ending: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![here().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if name != "tests" {
                    folders.push(path);
                }
            } else if name != "tests" && path.extension().is_some_and(|extension| extension == ending) {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty(), "no .{ending} file under {folder}");
    found
}

fn assert_without(folder: &str, forbidden: &[&str]) {
    for (path, text) in files(folder, "rs") {
        for word in forbidden {
            assert!(!text.contains(word), "{} must not use {word}", path.display());
        }
    }
}

#[test]
fn only_platform_knows_the_browser() {
    for folder in ["src/state", "src/components", "src/hooks", "src/api", "src/text"] {
        assert_without(folder, &["web_sys::", "js_sys::"]);
    }
}

#[test]
fn state_and_words_are_pure() {
    for folder in ["src/state", "src/text"] {
        assert_without(folder, &["crate::platform", "crate::api", "crate::hooks", "crate::components", "gloo_"]);
    }
}

#[test]
fn components_get_props_and_ask_for_nothing() {
    assert_without("src/components", &["crate::platform", "crate::api", "crate::hooks", "gloo_", "spawn_local"]);
}

#[test]
fn effects_draw_nothing() {
    assert_without("src/hooks", &["crate::components", "html!"]);
}

#[test]
fn components_hold_no_words() {
    for (path, text) in files("src/components", "rs") {
        for literal in text.split("{ \"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let is_word = literal.chars().filter(|character| character.is_alphabetic()).count() > 1;
            assert!(!is_word, "{} says {literal:?}: every word belongs to text/", path.display());
        }
    }
}

#[test]
fn nothing_is_styled_or_scripted_inline() {
    let shell = fs::read_to_string(here().join("../index.html")).unwrap();
    for text in [" style=", "<style", "<script", " onload=", "javascript:"] {
        assert!(!shell.contains(text), "index.html contains {text}");
    }
    for folder in ["src/components", "src/hooks", "src/platform"] {
        assert_without(folder, &[" style=", "set_inner_html", "from_html_unchecked", "eval("]);
    }
    let trunk = fs::read_to_string(here().join("../Trunk.toml")).unwrap();
    assert!(trunk.contains("create_nonce = true") && trunk.contains("{{__TRUNK_NONCE__}}"));
}

#[test]
fn every_style_sheet_is_linked_and_fetches_nothing_from_elsewhere() {
    let shell = fs::read_to_string(here().join("../index.html")).unwrap();
    for (path, text) in files("styles", "css") {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(shell.contains(&format!("href=\"frontend/styles/{name}\"")), "{name} is not linked");
        assert!(!text.contains("url(") && !text.contains("@import"), "{name} fetches something");
    }
}

#[test]
fn no_file_is_longer_than_anybody_reads() {
    for (path, text) in files("src", "rs") {
        assert!(text.lines().count() <= 300, "{} is too long", path.display());
    }
}
