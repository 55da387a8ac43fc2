//! The fenced blocks of the guide, with the marks in their info strings, and the steps that people take between them.

/// What happens to a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Executed on a running demo, or compared with what the step before it said.
    Run,
    /// Read by our own code, as what this name says.
    Parse(String),
    /// Not tested; the guide lists it under this name.
    ByHand(String),
}

/// One fenced block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Where it begins, from 1.
    pub line: usize,
    /// The first word of its info string.
    pub language: String,
    /// The words after it.
    pub mark: Mark,
    /// What is in it, every line with its end.
    pub text: String,
}

/// What a test has to look at, in the order of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// A fenced block.
    Block(Block),
    /// `<!-- walk: alice signs in -->`: what the text around it asks the reader to do with a browser.
    Walk {
        /// Where it stands, from 1.
        line: usize,
        /// What is done.
        words: String,
    },
}

impl Piece {
    /// The block, if it is one.
    pub fn block(&self) -> Option<&Block> {
        if let Self::Block(block) = self { Some(block) } else { None }
    }
}

/// Reads a page. A block without a mark, or with one that is not known, is an error.
pub fn read(page: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        let text = line.trim_start();
        if let Some(words) = text.strip_prefix("<!-- walk:") {
            let words = words.strip_suffix("-->").ok_or(format!("line {}: a walk has to end on its line", at + 1))?;
            pieces.push(Piece::Walk { line: at + 1, words: words.trim().to_owned() });
        }
        let Some(info) = text.strip_prefix("```") else { continue };
        let indent = &line[..line.len() - text.len()];
        let mut inside = String::new();
        loop {
            let (_, next) = lines.next().ok_or(format!("line {}: the block does not end", at + 1))?;
            if next.trim() == "```" {
                break;
            }
            inside.push_str(next.strip_prefix(indent).unwrap_or(next));
            inside.push('\n');
        }
        let (language, mark) = marked(info).map_err(|wrong| format!("line {}: {wrong}", at + 1))?;
        pieces.push(Piece::Block(Block { line: at + 1, language, mark, text: inside }));
    }
    Ok(pieces)
}

fn marked(info: &str) -> Result<(String, Mark), String> {
    let words: Vec<_> = info.split_whitespace().collect();
    let mark = match words[..] {
        [_, "run"] => Mark::Run,
        [_, "parse", name] => Mark::Parse(name.to_owned()),
        [_, "by-hand", name] => Mark::ByHand(name.to_owned()),
        _ => return Err(format!("`{info}` is not marked `run`, `parse NAME` or `by-hand NAME` after its language")),
    };
    Ok((words[0].to_owned(), mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_and_walks_are_found_in_order_and_without_their_indent() {
        let page = "# A\n<!-- walk: bob signs in -->\n1. so:\n   ```yaml parse own/nat.yml\n   a:\n     b: 1\n   ```\n";
        let block = Block {
            line: 4,
            language: "yaml".to_owned(),
            mark: Mark::Parse("own/nat.yml".to_owned()),
            text: "a:\n  b: 1\n".to_owned(),
        };
        let walk = Piece::Walk { line: 2, words: "bob signs in".to_owned() };
        assert_eq!(read(page), Ok(vec![walk, Piece::Block(block)]));
    }

    #[test]
    fn a_block_without_a_mark_or_an_end_is_an_error_that_names_its_line() {
        for page in ["\n```yaml\na: 1\n```\n", "\n```\n```\n", "\n```sh parse\n```\n", "\n```sh run\necho\n"] {
            assert!(read(page).is_err_and(|wrong| wrong.starts_with("line 2: ")), "{page}");
        }
    }
}
