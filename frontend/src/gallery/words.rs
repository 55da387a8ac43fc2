//! `docs/words.md`: every word people read, for those who review words and not code.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use aiq_connect_shared::{FaultCode, JobState, SkipReason};

use super::outline::plain;
use super::{asking, moment, panel, prompts, rows, site};
use crate::components::source_row::SourceRowProps;
use crate::state::blocker::Tone;
use crate::state::connections::{Connections, News};
use crate::state::desk::DeskNews;
use crate::state::flow::Ended;
use crate::state::job_wait::{WaitNews, WaitTrouble};
use crate::text::en;

const HEAD: &str = "# Words\n\nWhat people read, state by state. Written by `cargo xtask words` from `frontend/src/text/en`; a test fails \
                    while it is not what the code says.\nThe sample person is connected to ServiceNow as mona-lisa, and it is 14:01.\n";

#[test]
fn the_list_of_words_is_what_the_code_says() {
    let words = words();
    let new = site::folder().join("words.md");
    fs::create_dir_all(site::folder()).unwrap();
    fs::write(&new, &words).unwrap();
    let listed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/words.md");
    let listed = fs::read_to_string(listed).unwrap_or_default();
    let changed = words.lines().zip(listed.lines().chain(std::iter::repeat(""))).find(|(new, old)| new != old);
    assert!(
        words == listed,
        "docs/words.md is stale: run `cargo xtask words` and read what changed, from {changed:?} on"
    );
}

fn words() -> String {
    let mut text = HEAD.to_owned();
    for set in rows::all() {
        row_table(&mut text, set.title, &set.states);
    }
    banners(&mut text);
    blocker(&mut text);
    jobs(&mut text);
    prompts(&mut text);
    notes(&mut text);
    announcements(&mut text);
    constants(&mut text);
    text
}

fn table(text: &mut String, title: &str, columns: &[&str], rows: impl IntoIterator<Item = Vec<String>>) {
    writeln!(text, "\n## {title}\n\n| {} |\n|{}", columns.join(" | "), "---|".repeat(columns.len())).unwrap();
    for row in rows {
        let cells: Vec<_> = row.iter().map(|cell| cell.replace('|', "\\|").replace('\n', "<br>")).collect();
        writeln!(text, "| {} |", cells.join(" | ")).unwrap();
    }
}

fn row_table(text: &mut String, title: &str, rows: &[(String, SourceRowProps)]) {
    let columns = ["scene", "state", "status line", "second line", "action", "blocks"];
    table(
        text,
        title,
        &columns,
        rows.iter().map(|(name, props)| {
            let facts = en::row::RowFacts {
                name: &props.source.name,
                auth: props.source.per_user_auth.as_ref(),
                is_on: props.is_on,
                flow_ends: props.flow.as_ref().map(|flow| flow.expires_at),
                moment: props.moment,
            };
            let words = en::row::words(&props.row, &facts);
            let status = props.as_of.map_or(words.status.clone(), |at| en::row::as_of(&words.status, at, props.moment));
            let action = props.row.action().map(|action| format!("**{}**", en::row::action(action)));
            let blocks = if props.row.blocks() { "yes" } else { "no" };
            vec![
                name.clone(),
                format!("`{}`", props.row.word()),
                status,
                words.second.unwrap_or_default(),
                action.unwrap_or_default(),
                blocks.to_owned(),
            ]
        }),
    );
}

fn banners(text: &mut String) {
    table(
        text,
        "Banners",
        &["scene", "kind", "title", "second line"],
        panel::banners().iter().map(|(name, banner)| {
            let words = en::banner::words(banner, "aiq.example", moment());
            vec![(*name).to_owned(), format!("`{}`", banner.word()), words.title, words.second.unwrap_or_default()]
        }),
    );
    writeln!(text, "\nBehind “{}”: {}", en::banner::HOW, en::banner::how("aiq.example")).unwrap();
}

fn blocker(text: &mut String) {
    let columns = ["scene", "title", "text", "sends without", "why Send does not send"];
    table(
        text,
        "What keeps a question from being sent",
        &columns,
        asking::blocked().iter().map(|(name, blocker)| {
            let blocking = blocker.blocking();
            let names: Vec<_> = blocking.iter().map(|item| item.source.name.as_str()).collect();
            let is_ready = blocker.tone() == Tone::Ready;
            let unless_ready = |words: String| if is_ready { String::new() } else { words };
            vec![
                (*name).to_owned(),
                en::blocker::title(blocker.tone(), &names),
                en::blocker::text(blocker.tone(), names.len()).to_owned(),
                unless_ready(en::blocker::disable(names.len())),
                unless_ready(en::blocker::why_not(&names)),
            ]
        }),
    );
    let troubles = asking::troubles();
    let troubles = troubles.iter().map(|(name, trouble)| vec![(*name).to_owned(), en::composer::trouble(trouble)]);
    table(text, "Why a question was not sent", &["trouble", "words"], troubles);
}

fn jobs(text: &mut String) {
    table(
        text,
        "Questions already asked",
        &["scene", "status", "second line"],
        asking::every_job().iter().map(|(name, job)| {
            vec![
                (*name).to_owned(),
                en::job::status(job).to_owned(),
                en::job::second(job).unwrap_or_default().to_owned(),
            ]
        }),
    );
}

fn prompts(text: &mut String) {
    let mut rows = Vec::new();
    for (name, _, prompt) in prompts::all() {
        let heading = en::prompt::heading(&prompt);
        if let Some(heading) = &heading {
            let text = en::prompt::text(&prompt).unwrap_or_default().to_owned();
            rows.push(vec![name.to_owned(), format!("`{}`", prompt.phase().word()), heading.clone(), text]);
        }
        for item in &prompt.items {
            let words = en::prompt::item(item, heading.is_none(), moment());
            let phase = format!("`{}`", item.phase.word());
            rows.push(vec![name.to_owned(), phase, words.title.unwrap_or_default(), words.text]);
        }
    }
    table(text, "Research jobs that need their person", &["scene", "phase", "title", "text"], rows);
}

fn notes(text: &mut String) {
    let notes = asking::notes();
    let notes = notes.iter().map(|(name, toast, names)| vec![(*name).to_owned(), en::composer::toast(toast, names)]);
    table(text, "Notes", &["note", "words"], notes);
}

fn announcements(text: &mut String) {
    let id = || "ServiceNow".to_owned();
    let until = super::now() + chrono::TimeDelta::minutes(15);
    let wait = |news| DeskNews::Wait { job: "j1".to_owned(), news };
    let news = [
        News::Waiting(id()),
        News::WaitingForAll(vec![id(), "github".to_owned()]),
        News::WindowBlocked(id()),
        News::AllBlocked(vec![id(), "github".to_owned()]),
        News::Ended(id(), Ended::Succeeded),
        News::Ended(id(), Ended::Denied),
        News::Ended(id(), Ended::Failed(FaultCode::IdpUnreachable)),
        News::Ended(id(), Ended::Failed(FaultCode::Unknown)),
        News::Ended(id(), Ended::TimedOut),
        News::Ended(id(), Ended::Cancelled),
        News::Disconnected(id(), true),
        News::Disconnected(id(), false),
        News::NotDisconnected(id()),
        News::Rechecked(id(), true),
        News::Rechecked(id(), false),
        News::SignedOut,
        News::TurnedOn { on: 6, of: 6, skipped: vec![] },
        News::TurnedOn { on: 4, of: 6, skipped: vec![id(), "GitHub".to_owned()] },
    ];
    let mut said: Vec<_> = news.iter().map(|news| en::news::source(news, &Connections::default())).collect();
    said.push(en::news::ready());
    said.push(en::news::next("GitHub"));
    said.extend(
        [
            DeskNews::Blocked(vec![id()]),
            DeskNews::Blocked(vec![id(), id()]),
            DeskNews::Sent,
            DeskNews::Over(JobState::Success),
            DeskNews::Over(JobState::Failure),
            wait(WaitNews::Waits { id: id(), name: id(), until }),
            wait(WaitNews::Back { id: id(), name: id() }),
            wait(WaitNews::Without { name: id(), reason: SkipReason::Skipped }),
            wait(WaitNews::Longer { name: id(), until }),
            wait(WaitNews::Failed(WaitTrouble::Unreachable)),
            wait(WaitNews::Failed(WaitTrouble::Over)),
        ]
        .iter()
        .map(|news| en::news::desk(news, moment())),
    );
    table(
        text,
        "Spoken by screen readers",
        &["words", "how"],
        said.into_iter().map(|message| {
            let how = if message.is_urgent { "at once" } else { "in a pause" };
            vec![message.text, how.to_owned()]
        }),
    );
}

/// Words that are the same in every state, as the files of `text/en` hold them.
fn constants(text: &mut String) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/text/en");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files {
        let code = fs::read_to_string(&file).unwrap();
        let constants: Vec<_> = code.split("\npub const ").skip(1).filter_map(constant).collect();
        let before: Vec<_> = code.split("\npub const ").map(|part| part.lines().last().unwrap_or_default()).collect();
        let rows = constants
            .iter()
            .zip(before)
            .map(|(words, place)| vec![place.trim_start_matches("/// ").to_owned(), plain(words)]);
        let name = file.file_stem().unwrap().to_string_lossy();
        if !constants.is_empty() {
            table(text, &format!("Always the same: {name}"), &["where", "words"], rows);
        }
    }
}

/// The text of `NAME: &str = "…";`, which may go over several lines.
fn constant(code: &str) -> Option<String> {
    let literal = code.split_once(": &str =")?.1.trim_start().strip_prefix('"')?;
    let (literal, _) = literal.split_once("\";")?;
    Some(literal.replace("\\\n", "").split_whitespace().collect::<Vec<_>>().join(" "))
}
