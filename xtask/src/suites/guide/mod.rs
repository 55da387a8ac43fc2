//! The guide, walked from its first line to its last on a stack of its own: what it tells the reader to do is done, and
//! what it shows has to come.

mod blocks;
mod compare;
mod configurations;
mod nat;
mod shell;
mod walk;

use anyhow::{Context, Result, ensure};

use self::blocks::{Block, Mark, Piece};
use self::shell::Terminal;
use self::walk::Walkers;
use super::counts::Tally;
use crate::check::expectations::Expectations;
use crate::demo::{self, plan::Plan, stack::Stack};
use crate::project::Project;

const GUIDE: &str = "docs/source/customization/mcp-tools.md";
/// The command that the stack of this suite stands for.
const START: &str = "cargo xtask demo";

/// Starts a stack as the demo does and walks.
pub fn run(project: &Project) -> Result<Tally> {
    let page = std::fs::read_to_string(project.root.join(GUIDE)).with_context(|| format!("{GUIDE} is not there"))?;
    let pieces = blocks::read(&page).map_err(|wrong| anyhow::anyhow!("{GUIDE}, {wrong}"))?;
    let plan = Plan::new(project, "guide", None, demo::TOKEN_LIFE)?;
    let mut expect = Expectations::default();
    let blocks: Vec<_> = pieces.iter().filter_map(Piece::block).collect();
    nat::takes_every_file(project, &plan.folder.join("state"), &blocks, &mut expect)?;
    let steps = steps(pieces)?;
    let mut stack = Stack::start(project, plan)?;
    let terminal = Terminal::open(project, stack.plan.folder.clone())?;
    let mut walkers = Walkers::at(stack.plan.public_url());
    for Step { line, deed, shown } in steps {
        let done = match &deed {
            Deed::Walk(words) => walkers.step(words),
            Deed::Block(block) => terminal.run(&block.language, &block.text),
        };
        stack.ensure_alive()?;
        let what = match &deed {
            Deed::Walk(words) => words.clone(),
            Deed::Block(block) => block.text.lines().next().unwrap_or_default().to_owned(),
        };
        let (holds, found) = match (&done, &shown) {
            (Err(error), _) => (false, format!("{error:#}")),
            (Ok(_), None) => (true, String::new()),
            (Ok(said), Some(shown)) => (is_shown(shown, said), said.clone()),
        };
        expect.that(&format!("{GUIDE}:{line}: {what}"), holds, || found);
    }
    Ok(expect.tally())
}

/// Something to do, and what the guide shows after it.
struct Step {
    line: usize,
    deed: Deed,
    shown: Option<Block>,
}

enum Deed {
    Walk(String),
    Block(Block),
}

/// Puts what is shown to what it is shown of.
fn steps(pieces: Vec<Piece>) -> Result<Vec<Step>> {
    let mut steps: Vec<Step> = Vec::new();
    let mut is_started = false;
    for piece in pieces {
        match piece {
            Piece::Walk { line, words } => steps.push(Step { line, deed: Deed::Walk(words), shown: None }),
            Piece::Block(block) if block.mark != Mark::Run => {}
            Piece::Block(block) if ["text", "json"].contains(&block.language.as_str()) => {
                let line = block.line;
                let last = steps.last_mut().filter(|step| step.shown.is_none());
                last.with_context(|| format!("{GUIDE}:{line}: shows what nothing said"))?.shown = Some(block);
            }
            Piece::Block(block) if !is_started => {
                ensure!(block.text.trim() == START, "{GUIDE}:{}: the guide has to begin with `{START}`", block.line);
                is_started = true;
            }
            Piece::Block(block) => steps.push(Step { line: block.line, deed: Deed::Block(block), shown: None }),
        }
    }
    Ok(steps)
}

fn is_shown(shown: &Block, said: &str) -> bool {
    if shown.language == "text" {
        return compare::text(&shown.text, said);
    }
    let values = (serde_json::from_str(&shown.text), serde_json::from_str(said));
    matches!(values, (Ok(shown), Ok(said)) if compare::json(&shown, &said))
}
