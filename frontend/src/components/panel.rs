use yew::prelude::*;

use super::skeleton::Skeleton;
use super::source_list::SourceList;
use super::source_row::SourceRowProps;
use super::switch::Switch;
use crate::text::en::panel as words;

/// What the panel has to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loading {
    /// Nothing yet.
    Waiting,
    /// Nothing yet, for longer than usual.
    Slow,
    /// Nothing, and nobody answers: the banner says so.
    Failed,
    /// The list.
    Done,
}

/// Props of [`Panel`].
#[derive(Clone, PartialEq, Properties)]
pub struct PanelProps {
    /// Whether there is a list.
    pub loading: Loading,
    /// Every source that is to be shown, in the configured order.
    pub rows: Vec<SourceRowProps>,
    /// How many there are, shown or not.
    pub total: usize,
    /// What the person is looking for; `None` where there are too few sources to look for one.
    #[prop_or_default]
    pub search: Option<AttrValue>,
    /// How many will be used.
    pub used: usize,
    /// Whether every source that could be used is.
    pub is_all_on: bool,
    /// The banner, if there is something to say.
    #[prop_or_default]
    pub children: Html,
    /// Called when the person moves the master switch.
    pub onall: Callback<bool>,
    /// Called when the person types into the search field.
    #[prop_or_default]
    pub onsearch: Callback<InputEvent>,
    /// Called when the person wants to see all again.
    #[prop_or_default]
    pub onclear: Callback<()>,
}

/// The person's sources: what is connected, what is used, and what to do.
#[component]
pub fn Panel(props: &PanelProps) -> Html {
    let (mine, open): (Vec<_>, Vec<_>) = props.rows.iter().cloned().partition(|row| row.source.per_user_auth.is_some());
    let has_accounts = !mine.is_empty() || props.search.is_some();
    html! {
        <section class="panel" aria-labelledby="panel-title" data-testid="panel">
            <h2 id="panel-title" class="panel-title" tabindex="-1">{ words::TITLE }</h2>
            { props.children.clone() }
            { match props.loading {
                Loading::Waiting => html! { <Skeleton is_slow=false /> },
                Loading::Slow => html! { <Skeleton is_slow=true /> },
                Loading::Failed => html! { <div data-testid="load-error" /> },
                Loading::Done if props.total == 0 => html! {
                    <div class="panel-none" data-testid="empty"><p>{ words::EMPTY }</p></div>
                },
                Loading::Done => html! {
                    <>
                        <div class="panel-all">
                            <span aria-hidden="true">{ words::USE_ALL }</span>
                            <Switch is_on={props.is_all_on} label={words::USE_ALL} describedby={Some(AttrValue::from("panel-used"))}
                                testid="master-switch" onswitch={&props.onall} />
                        </div>
                        if let Some(text) = &props.search {
                            { search(text, props) }
                        }
                        if !mine.is_empty() {
                            <SourceList id="mine" title={words::YOUR_ACCOUNTS} rows={mine} />
                        }
                        if !open.is_empty() {
                            <SourceList id="open" title={words::ALWAYS} rows={open} />
                        }
                        <footer class="panel-foot">
                            <p id="panel-used">{ words::used(props.used, props.total) }</p>
                            if has_accounts {
                                <p>{ words::OWN_EYES }</p>
                            }
                        </footer>
                    </>
                },
            } }
        </section>
    }
}

/// The search field, and what it says when nothing is found.
fn search(text: &AttrValue, props: &PanelProps) -> Html {
    html! {
        <div class="panel-search" role="search">
            <label class="visually-hidden" for="source-search">{ words::SEARCH }</label>
            <input id="source-search" class="panel-search-text" type="search" autocomplete="off" value={text}
                placeholder={words::SEARCH} oninput={&props.onsearch} data-testid="source-search" />
            <div role="status">
                if props.rows.is_empty() {
                    <p class="panel-search-none" data-testid="no-match">
                        { words::no_match(text) }{ " " }
                        <button type="button" class="link" onclick={props.onclear.reform(|_: MouseEvent| ())}>{ words::CLEAR }</button>
                    </p>
                }
            </div>
        </div>
    }
}
