//! Every component in every state, rendered without a browser.

mod asking;
mod page;
mod panel;
mod prompt;
mod source_row;

use yew::{BaseComponent, LocalServerRenderer};

/// What a component is, as HTML.
async fn render<C: BaseComponent>(props: C::Properties) -> String {
    LocalServerRenderer::<C>::with_props(props).hydratable(false).render().await
}

/// The words alone, as a person reads them.
fn text(html: &str) -> String {
    let mut text = String::new();
    let mut is_tag = false;
    for character in html.chars() {
        match character {
            '<' => is_tag = true,
            '>' => {
                is_tag = false;
                text.push(' ');
            }
            _ if !is_tag => text.push(character),
            _ => {}
        }
    }
    let text = text.replace("&#x27;", "'").replace("&amp;", "&").replace("&quot;", "\"");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// How often something stands in the HTML.
fn count(html: &str, needle: &str) -> usize {
    html.matches(needle).count()
}

/// The policy forbids what only a careless page needs.
fn assert_clean(html: &str) {
    assert_eq!(count(html, " style="), 0, "inline style: {html}");
    assert_eq!(count(html, " onclick="), 0, "inline handler: {html}");
}
