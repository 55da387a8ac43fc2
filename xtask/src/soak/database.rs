//! The soak's own PostgreSQL, and what the database says about grants.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout, Stdio};

use aiq_connect_test_postgres::{Database, SUPERUSER, Server, postgres};
use anyhow::{Context, Result, anyhow, bail, ensure};

use crate::demo::plan::Plan;
use crate::group::Group;
use crate::project::Project;

/// Everything about every grant that matters here, oldest person first.
const GRANTS: &str = "SELECT p.sub, g.id, g.version, g.fault, g.lease_owner, g.lease_until, g.in_doubt_since \
                      FROM aiq_connect.grants g JOIN aiq_connect.principals p ON p.id = g.principal ORDER BY p.sub";
const END: &str = "--- end";

/// One grant as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Whose.
    pub user: String,
    /// Which.
    pub grant: String,
    /// 1 for what the person brought, and one more for each stored answer to a refresh.
    pub version: u64,
    /// Why it does not work.
    pub fault: Option<String>,
    /// Who may refresh it.
    pub lease: Option<Lease>,
    /// Whether a refresh may have been sent whose answer is not stored.
    pub in_doubt: bool,
}

/// Who may refresh a grant, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The process.
    pub pid: u32,
    /// In milliseconds since 1970, by the database's clock.
    pub until: u64,
}

/// A session that is opened again when the database was away.
pub struct Asker<'a> {
    project: &'a Project,
    plan: &'a Plan,
    server: &'a Server,
    name: String,
    session: Option<Session<'a>>,
}

struct Session<'a> {
    _group: Group<'a>,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// A server for tests takes a commit for done before it is written, and would lose it in a crash. This database does not.
pub fn make_durable(database: &Database<'_>) -> Result<()> {
    // `fsync` may stay off: the machine does not crash, and what the server has written survives the server.
    database.superuser(&format!("ALTER DATABASE {} SET synchronous_commit = on", database.name()));
    let is_on = database.superuser("SHOW synchronous_commit");
    ensure!(is_on == "on", "PostgreSQL keeps `synchronous_commit` {is_on}");
    Ok(())
}

impl<'a> Asker<'a> {
    /// Asks nothing yet.
    pub fn new(project: &'a Project, plan: &'a Plan, database: &Database<'a>) -> Self {
        Self { project, plan, server: database.server(), name: database.name().to_owned(), session: None }
    }

    /// Every grant; an error when the database is away.
    pub fn grants(&mut self) -> Result<Vec<Row>> {
        let lines = self.ask(GRANTS).inspect_err(|_| self.session = None)?;
        lines.iter().map(|line| row(line)).collect()
    }

    fn ask(&mut self, sql: &str) -> Result<Vec<String>> {
        let session = match self.session.take() {
            Some(session) => session,
            None => self.open()?,
        };
        let session = self.session.insert(session);
        writeln!(session.questions, "{sql};\n\\echo '{END}'")?;
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if session.answers.read_line(&mut line)? == 0 {
                bail!("the database went away");
            }
            match line.trim_end() {
                END => return Ok(lines),
                line => lines.push(line.to_owned()),
            }
        }
    }

    fn open(&self) -> Result<Session<'a>> {
        let log = self.plan.log("psql");
        let errors = File::options().create(true).append(true).open(&log)?;
        let mut command = self.project.command(postgres().map_err(|error| anyhow!("{error}"))?.join("psql"));
        command
            .args(["-X", "-q", "-A", "-t", "-F", "|", "-v", "ON_ERROR_STOP=1", "-U", SUPERUSER, "-d", &self.name, "-h"])
            .arg(self.server.socket_folder())
            .args(["-p", &self.server.port().to_string()]);
        let mut group =
            Group::spawn(self.project, command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors))?;
        let leader = group.leader();
        let questions = leader.stdin.take().context("psql has no standard input")?;
        let answers = leader.stdout.take().context("psql has no standard output")?;
        Ok(Session { _group: group, questions, answers: BufReader::new(answers) })
    }
}

fn row(line: &str) -> Result<Row> {
    let fields: Vec<&str> = line.split('|').collect();
    let [user, grant, version, fault, owner, until, doubt] = fields[..] else { bail!("the database said `{line}`") };
    let lease = match owner.split_once('-') {
        None => None,
        Some((pid, _)) => Some(Lease {
            pid: pid.parse().with_context(|| format!("the holder `{owner}` does not say its process"))?,
            until: until.parse()?,
        }),
    };
    Ok(Row {
        user: user.to_owned(),
        grant: grant.to_owned(),
        version: version.parse()?,
        fault: (!fault.is_empty()).then(|| fault.to_owned()),
        lease,
        in_doubt: !doubt.is_empty(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_who_holds_the_lease() {
        let held = row("anna|g1|7||123-9e3c-11|1800000000000|1799999999000").unwrap();
        assert_eq!(held.lease, Some(Lease { pid: 123, until: 1_800_000_000_000 }));
        assert!(held.in_doubt && held.fault.is_none() && held.version == 7);
        let free = row("anna|g1|7|revoked|||").unwrap();
        assert!(free.lease.is_none() && !free.in_doubt && free.fault.as_deref() == Some("revoked"));
        assert!(row("anna|g1").is_err());
    }
}
