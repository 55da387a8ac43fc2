use yew::prelude::*;

use super::source_row::{SourceRow, SourceRowProps};

/// Props of [`SourceList`].
#[derive(Clone, PartialEq, Properties)]
pub struct SourceListProps {
    /// Names the list.
    pub id: AttrValue,
    /// The heading.
    pub title: AttrValue,
    /// In the configured order: people learn positions.
    pub rows: Vec<SourceRowProps>,
}

/// A heading and its sources.
#[component]
pub fn SourceList(props: &SourceListProps) -> Html {
    let heading = format!("sources-{}", props.id);
    html! {
        <div class="sources">
            <h3 class="sources-title" id={heading.clone()} tabindex="-1">
                { &props.title }{ " " }<span class="sources-count">{ props.rows.len() }</span>
            </h3>
            <ul class="sources-list" aria-labelledby={heading}>
                { for props.rows.iter().map(|row| html! { <SourceRow key={row.source.id.clone()} ..row.clone() /> }) }
            </ul>
        </div>
    }
}
