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
    /// Nothing, and nobody answers.
    Failed,
    /// The list.
    Done,
}

/// Props of [`Panel`].
#[derive(Clone, PartialEq, Properties)]
pub struct PanelProps {
    /// Whether there is a list.
    pub loading: Loading,
    /// Every source, in the configured order.
    pub rows: Vec<SourceRowProps>,
    /// How many will be used.
    pub used: usize,
    /// Whether every source that could be used is.
    pub is_all_on: bool,
    /// The banner, if there is something to say.
    #[prop_or_default]
    pub children: Html,
    /// Called when the person moves the master switch.
    pub onall: Callback<bool>,
    /// Called when the person asks to load again.
    pub onreload: Callback<()>,
}

/// The person's sources: what is connected, what is used, and what to do.
#[component]
pub fn Panel(props: &PanelProps) -> Html {
    let (mine, open): (Vec<_>, Vec<_>) = props.rows.iter().cloned().partition(|row| row.source.per_user_auth.is_some());
    html! {
        <section class="panel" aria-labelledby="panel-title" data-testid="panel">
            <h2 id="panel-title" class="panel-title" tabindex="-1">{ words::TITLE }</h2>
            { props.children.clone() }
            { match props.loading {
                Loading::Waiting => html! { <Skeleton /> },
                Loading::Failed => html! {
                    <div class="panel-none" data-testid="load-error">
                        <p>{ words::CANT_LOAD }</p>
                        <button type="button" class="button" onclick={props.onreload.reform(|_: MouseEvent| ())}>{ words::TRY_AGAIN }</button>
                    </div>
                },
                Loading::Done if props.rows.is_empty() => html! {
                    <div class="panel-none" data-testid="empty"><p>{ words::EMPTY }</p></div>
                },
                Loading::Done => html! {
                    <>
                        <div class="panel-all">
                            <span aria-hidden="true">{ words::USE_ALL }</span>
                            <Switch is_on={props.is_all_on} label={words::USE_ALL} describedby={Some(AttrValue::from("panel-used"))}
                                testid="master-switch" onswitch={&props.onall} />
                        </div>
                        if !mine.is_empty() {
                            <SourceList id="mine" title={words::YOUR_ACCOUNTS} rows={mine} />
                        }
                        if !open.is_empty() {
                            <SourceList id="open" title={words::ALWAYS} rows={open} />
                        }
                        <footer class="panel-foot">
                            <p id="panel-used">{ words::used(props.used, props.rows.len()) }</p>
                            <p>{ words::OWN_EYES }</p>
                        </footer>
                    </>
                },
            } }
        </section>
    }
}
