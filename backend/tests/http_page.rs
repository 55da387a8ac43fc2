//! `docs/http.md` lists every URL there is, with who may call it, and none that is not.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use aiq_connect::http::{Caller, PEOPLE, Route, WORKERS};

fn row(route: &Route) -> String {
    let caller = match route.caller {
        Caller::Anyone => "anyone",
        Caller::Person => "a person",
        Caller::Worker => "a worker",
    };
    format!("| {} | `{}` | {caller} |", route.method, route.path)
}

/// The rows of one section of the page, without what they do.
fn rows_under(page: &str, heading: &str) -> Vec<String> {
    let section = page.split(&format!("## {heading}\n")).nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| ") && line.contains('`'));
    rows.map(|line| line.split_inclusive('|').take(4).collect()).collect()
}

#[test]
fn the_page_of_urls_is_the_table_that_the_routers_are_made_from() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/http.md");
    let page = std::fs::read_to_string(path).unwrap();
    for (heading, routes) in [("For people and their browsers", PEOPLE), ("For workers", WORKERS)] {
        let expected: Vec<String> = routes.iter().map(row).collect();
        assert_eq!(rows_under(&page, heading), expected, "{heading}");
    }
}
