//! What `check` found: findings under headings, as text for people or as JSON.

use std::fmt;

use serde::Serialize;

use super::Ended;

/// Everything that was found, in the order it is told.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    sections: Vec<Section>,
}

/// Findings about one thing.
#[derive(Debug, Serialize)]
pub(super) struct Section {
    title: String,
    findings: Vec<Finding>,
}

#[derive(Debug, Serialize)]
struct Finding {
    level: Level,
    text: String,
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Level {
    Ok,
    Note,
    Warning,
}

impl Report {
    /// Begins a section; what is told next belongs to it.
    pub(super) fn section(&mut self, title: impl Into<String>) -> &mut Section {
        self.sections.push(Section { title: title.into(), findings: Vec::new() });
        let last = self.sections.len() - 1;
        &mut self.sections[last]
    }

    /// How the verb ends.
    pub(super) fn ended(&self) -> Ended {
        if self.warnings() > 0 { Ended::WithWarnings } else { Ended::Well }
    }

    fn warnings(&self) -> usize {
        let all = self.sections.iter().flat_map(|section| &section.findings);
        all.filter(|finding| finding.level == Level::Warning).count()
    }
}

impl Section {
    /// As it should be.
    pub(super) fn ok(&mut self, text: impl Into<String>) {
        self.tell(Level::Ok, text.into());
    }

    /// Worth knowing.
    pub(super) fn note(&mut self, text: impl Into<String>) {
        self.tell(Level::Note, text.into());
    }

    /// Does not work, or will not for somebody.
    pub(super) fn warning(&mut self, text: impl Into<String>) {
        self.tell(Level::Warning, text.into());
    }

    fn tell(&mut self, level: Level, text: String) {
        self.findings.push(Finding { level, text });
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for section in self.sections.iter().filter(|section| !section.findings.is_empty()) {
            writeln!(f, "{}", section.title)?;
            for Finding { level, text } in &section.findings {
                let mark = match level {
                    Level::Ok => "ok      ",
                    Level::Note => "note    ",
                    Level::Warning => "warning ",
                };
                writeln!(f, "  {mark} {text}")?;
            }
            writeln!(f)?;
        }
        match self.warnings() {
            0 => writeln!(f, "All is well."),
            1 => writeln!(f, "1 warning."),
            many => writeln!(f, "{many} warnings."),
        }
    }
}
