//! Links in the documentation lead somewhere: files that are there, and headings that they have.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Folders that are made, not written.
const MADE: &[&str] = &["target", "dist", "node_modules"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().canonicalize().unwrap()
}

fn pages(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() {
            // A link to a folder would be walked twice or for ever.
            if !name.starts_with('.') && !MADE.contains(&name) && !path.is_symlink() {
                found.extend(pages(&path));
            }
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
    found
}

/// The lines outside of fenced blocks, without `code`.
fn prose(text: &str) -> Vec<String> {
    let mut is_inside = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_inside = !is_inside;
        } else if !is_inside {
            lines.push(line.to_owned());
        }
    }
    lines
}

/// What headings are called in links: as GitHub makes it.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let headings = prose(text).into_iter().filter_map(|line| {
        let title = line.trim_start_matches('#');
        (title.len() < line.len()).then(|| title.strip_prefix(' ').map(str::to_owned)).flatten()
    });
    headings
        .map(|title| {
            let kept = title.to_lowercase();
            let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            let name = kept.map(|c| if c == ' ' { '-' } else { c }).collect::<String>();
            let times = seen.entry(name.clone()).and_modify(|times| *times += 1).or_default();
            if *times == 0 { name } else { format!("{name}-{times}") }
        })
        .collect()
}

/// The targets of `[words](target)`, outside of `code`.
fn targets(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in prose(text) {
        let outside: String = line.split('`').step_by(2).collect::<Vec<_>>().join("code");
        let links = outside.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        found.extend(links.map(|target| target.trim().to_owned()));
    }
    found
}

/// Why a link of `page` leads nowhere.
fn wrong(page: &Path, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = if file.is_empty() { page.to_owned() } else { page.parent().unwrap().join(file) };
    let Ok(path) = path.canonicalize() else { return Some(format!("there is no {file}")) };
    if !path.starts_with(root()) {
        return Some(format!("{file} is outside of the repository"));
    }
    if anchor.is_empty() {
        return None;
    }
    let has_it = fs::read_to_string(&path).is_ok_and(|text| anchors(&text).contains(anchor));
    (!has_it).then(|| format!("{} has no heading #{anchor}", path.display()))
}

#[test]
fn every_link_of_every_page_leads_to_a_file_or_heading_that_is_there() {
    let pages = pages(&root());
    assert!(pages.len() > 10, "{pages:?}");
    let mut all_wrong = Vec::new();
    let mut checked = 0;
    for page in pages {
        for target in targets(&fs::read_to_string(&page).unwrap()) {
            checked += 1;
            all_wrong.extend(wrong(&page, &target).map(|why| format!("{}: ({target}) {why}", page.display())));
        }
    }
    assert!(checked > 20, "only {checked} links were found");
    assert!(all_wrong.is_empty(), "{}", all_wrong.join("\n"));
}

#[test]
fn headings_are_found_as_they_are_linked() {
    let text = "# What's *new*?\n## A & B\n```sh\n# not one\n```\n## A & B\n#### `job_unknown`\n### AIQ 2.1 and 2.2\n";
    let expected = ["whats-new", "a--b", "a--b-1", "job_unknown", "aiq-21-and-22"];
    assert_eq!(anchors(text), expected.map(str::to_owned).into());
}

#[test]
fn links_in_code_are_no_links_and_others_are_found() {
    let text = "See [a](b.md#c) and `[x](y)`, [`d`](e.md).\n```\n[f](g)\n```\n";
    assert_eq!(targets(text), ["b.md#c", "e.md"]);
}

#[test]
fn a_link_to_nowhere_is_noticed() {
    let page = root().join("README.md");
    assert!(wrong(&page, "not-there.md").is_some());
    assert!(wrong(&page, "ARCHITECTURE.md#not-there").is_some());
    assert!(wrong(&page, "../../etc/passwd").is_some());
    assert_eq!(wrong(&page, "ARCHITECTURE.md#where-things-are"), None);
    assert_eq!(wrong(&page, "https://example.com/x"), None);
}
