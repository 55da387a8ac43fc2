//! The verdict: what the provider's log, the database and the workers say together.

use std::collections::BTreeSet;
use std::fs;

use anyhow::Result;

use super::count::{Line, Log};
use super::database::Row;
use super::killer::Kill;
use super::stack::{Ended, SERVICES};
use super::workers::Count;
use crate::check::expectations::Expectations;
use crate::demo::plan::Plan;
use crate::suites::Tally;

/// So many stories are told.
const STORIES: usize = 3;
/// So many lines of a story are enough to see how it ends.
const STORY: usize = 40;

/// Everything that was seen.
pub struct Seen {
    /// Every grant at its end: those that people replaced when they connected again, and those that are there now.
    pub grants: Vec<Row>,
    /// Every process killed.
    pub kills: Vec<Kill>,
    /// How many holders had to be killed.
    pub wanted: usize,
    /// What the workers have counted, as one.
    pub count: Count,
    /// Workers that were given a token at least once.
    pub workers: usize,
    /// Processes of the service that ended by themselves.
    pub ended: Vec<Ended>,
    /// How often PostgreSQL crashed.
    pub crashes: usize,
    /// How far clocks were ahead, in seconds, as their processes told.
    pub clocks: BTreeSet<i64>,
    /// After how many milliseconds a token may be renewed.
    pub life: u64,
    /// Those whose grant was not renewed any more after the last kill.
    pub stuck: Vec<String>,
}

/// A grant with the provider's log of it.
struct Known<'s> {
    row: &'s Row,
    line: &'s Line,
    /// When whoever held its lease was killed, and how it stood after that.
    kills: Vec<(u64, &'s Row)>,
}

/// Prints the table and every expectation.
pub fn pass(plan: &Plan, seen: &Seen, wanted_workers: usize) -> Result<Tally> {
    let log = Log::read(&fs::read_to_string(plan.log("provider"))?)?;
    let mut expect = Expectations::default();
    let known = known(seen, &log);
    expect.that("each sign-in at the provider is one grant, and each grant one sign-in", known.is_some(), || {
        format!("{} sign-ins, {} grants", log.lines.len(), seen.grants.len())
    });
    let known = known.unwrap_or_default();
    table(seen, &log, &known);
    ran(seen, &mut expect, wanted_workers);
    nothing_lost(plan, seen, &known, &mut expect);
    nothing_asked_twice(plan, seen, &log, &known, &mut expect);
    Ok(expect.tally())
}

/// Each grant with its line: the first, the second, … of the same person.
fn known<'s>(seen: &'s Seen, log: &'s Log) -> Option<Vec<Known<'s>>> {
    let mut lines: Vec<&Line> = log.lines.iter().collect();
    let mut known = Vec::new();
    for row in &seen.grants {
        let place = lines.iter().position(|line| line.user == row.user)?;
        let held = seen.kills.iter().flat_map(|kill| kill.held.iter().map(|held| (kill.at, held)));
        let kills = held.filter(|(_, held)| held.grant == row.grant).collect();
        known.push(Known { row, line: lines.remove(place), kills });
    }
    lines.is_empty().then_some(known)
}

impl Known<'_> {
    /// Answers with new tokens that are in no row: the provider gave so many more than the versions have risen.
    fn lost(&self) -> i128 {
        i128::from(self.line.renewals()) - (i128::from(self.row.version) - 1)
    }

    /// Whether what is lost was on its way to a process that was killed: while its lease lasted, nobody else could ask.
    fn was_lost_by_a_kill(&self) -> bool {
        let Some(last) = self.line.last_renewal() else { return false };
        let mut kills = self.kills.iter().filter(|(_, held)| held.version == self.row.version);
        self.lost() == 1 && kills.any(|(_, held)| held.lease.as_ref().is_some_and(|lease| last.came_at <= lease.until))
    }

    /// Requests that no expiry explains.
    fn surplus(&self, life: u64) -> u64 {
        self.line.refreshes.len() as u64 - self.line.expiries(life)
    }
}

fn table(seen: &Seen, log: &Log, known: &[Known<'_>]) {
    let leases: usize = seen.kills.iter().map(|kill| kill.held.len()).sum();
    let lost = known.iter().filter(|grant| grant.was_lost_by_a_kill()).count();
    let requests: usize = log.lines.iter().map(|line| line.refreshes.len()).sum();
    let sum = |of: &dyn Fn(&Known<'_>) -> u64| known.iter().map(of).sum::<u64>();
    let of = |name| seen.kills.iter().filter(|kill| kill.name == name).count();
    println!();
    for (what, number) in [
        ("processes killed", SERVICES.map(|name| of(name).to_string()).join(" + ")),
        ("of these while they held a lease", holders(seen).to_string()),
        ("leases that they held", leases.to_string()),
        ("of these between sending and commit", lost.to_string()),
        ("crashes of PostgreSQL", seen.crashes.to_string()),
        ("expiries", sum(&|grant| grant.line.expiries(seen.life)).to_string()),
        ("token requests", requests.to_string()),
        ("answered with new tokens", sum(&|grant| grant.line.renewals()).to_string()),
        ("grants revoked", seen.grants.iter().filter(|row| row.fault.is_some()).count().to_string()),
        ("people asked to reconnect", asked(seen).len().to_string()),
        ("questions answered", seen.count.answered.to_string()),
        ("changes of token seen by workers", seen.count.tokens.to_string()),
        ("slowest answer", format!("{:.1} s", seen.count.slowest)),
        ("other errors of workers", format!("{:?}", seen.count.errors)),
    ] {
        println!("{what:<40} {number:>12}");
    }
    println!();
}

/// That the soak was one.
fn ran(seen: &Seen, expect: &mut Expectations, workers: usize) {
    expect.that(&format!("{workers} workers were given tokens"), seen.workers == workers, || seen.workers.to_string());
    let wanted = seen.wanted;
    expect.that(
        &format!("at least {wanted} processes were killed while they held a lease"),
        holders(seen) >= wanted,
        || format!("{} of {} kills", holders(seen), seen.kills.len()),
    );
    expect.that("PostgreSQL crashed and came back once", seen.crashes == 1, || seen.crashes.to_string());
    let clocks = seen.clocks.iter().any(|ahead| (80..=100).contains(ahead))
        && seen.clocks.iter().any(|ahead| (-100..=-80).contains(ahead));
    expect.that("one clock was 90 s ahead, and later the other 90 s behind", clocks, || format!("{:?}", seen.clocks));
    let own: Vec<_> = seen.ended.iter().filter(|ended| !ended.is_excused).map(|ended| ended.what.as_str()).collect();
    expect.that("no process ended by itself", own.is_empty(), || own.join("\n"));
}

/// That no grant was lost but where nobody can help it.
fn nothing_lost(plan: &Plan, seen: &Seen, known: &[Known<'_>], expect: &mut Expectations) {
    let sentence = "no grant was revoked, but where a process was killed between sending and commit";
    none(plan, known, expect, sentence, |grant| grant.row.fault.is_some() && !grant.was_lost_by_a_kill());
    let sentence = "and only there is a refresh token of the provider in no row";
    none(plan, known, expect, sentence, |grant| grant.lost() != 0 && !grant.was_lost_by_a_kill());
    let revoked = known.iter().filter(|grant| grant.row.fault.is_some());
    let excused: BTreeSet<_> = revoked.map(|grant| grant.row.user.as_str()).collect();
    let others: Vec<_> = asked(seen).into_iter().filter(|user| !excused.contains(user)).collect();
    expect.that("nobody else was asked to reconnect", others.is_empty(), || format!("{:?}", seen.count.refusals));
    expect.that("in the end every grant is renewed again", seen.stuck.is_empty(), || seen.stuck.join(", "));
    let definitive: Vec<_> = seen.count.errors.keys().filter(|kind| !kind.starts_with("transient")).collect();
    expect.that("workers saw no other error than those that pass", definitive.is_empty(), || format!("{definitive:?}"));
    expect
        .that("no worker was given a token whose time was over", seen.count.over == 0, || seen.count.over.to_string());
}

/// That nothing was asked of the provider without need.
fn nothing_asked_twice(plan: &Plan, seen: &Seen, log: &Log, known: &[Known<'_>], expect: &mut Expectations) {
    let sentence = "no grant has more token requests than expiries, and kills of those who held its lease";
    none(plan, known, expect, sentence, |grant| grant.surplus(seen.life) > grant.kills.len() as u64);
    expect.that("every refresh used a token that the provider had given", log.strays == 0, || log.strays.to_string());
}

/// That no grant is such; else the stories of some that are.
fn none(
    plan: &Plan,
    known: &[Known<'_>],
    expect: &mut Expectations,
    sentence: &str,
    is_such: impl Fn(&Known<'_>) -> bool,
) {
    let such: Vec<_> = known.iter().filter(|grant| is_such(grant)).collect();
    expect.that(sentence, such.is_empty(), || {
        let told: Vec<_> = such.iter().take(STORIES).map(|grant| story(plan, grant)).collect();
        format!("{} such, of {}\n{}", such.len(), known.len(), told.join("\n"))
    });
}

fn holders(seen: &Seen) -> usize {
    seen.kills.iter().filter(|kill| !kill.held.is_empty()).count()
}

fn asked(seen: &Seen) -> BTreeSet<&str> {
    seen.count.refusals.keys().filter_map(|refusal| refusal.split(' ').next()).collect()
}

/// What the provider and the service say about one grant.
fn story(plan: &Plan, grant: &Known<'_>) -> String {
    let Known { row, line, kills } = grant;
    let mut lines = vec![format!("the story of {}'s grant {}, now {row:?}:", row.user, row.grant)];
    lines.extend(kills.iter().map(|(at, kill)| format!("  killed at {at} with its lease: {kill:?}")));
    let from = line.refreshes.len().saturating_sub(STORY);
    lines.extend(line.refreshes[from..].iter().map(|request| format!("  provider: {request}")));
    for name in SERVICES {
        let log = fs::read_to_string(plan.log(name)).unwrap_or_default();
        let told: Vec<_> = log.lines().filter(|told| told.contains(&row.grant)).collect();
        lines.extend(told[told.len().saturating_sub(STORY)..].iter().map(|told| format!("  {name}: {told}")));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::soak::database::Lease;

    /// A grant whose provider has answered so many refreshes, the last at 9 s; its row; whose lease was left behind.
    fn judged(renewals: usize, version: u64, kill: Option<(u64, u64)>) -> bool {
        let mut log = vec![request("authorization_code", 0, None, Some(0))];
        let first = 10_000 - renewals as u64 * 1_000;
        log.extend((0..renewals).map(|at| request("refresh_token", first + at as u64 * 1_000, Some(at), Some(at + 1))));
        let log = Log::read(&log.join("\n")).unwrap();
        let row = |version, until| Row {
            user: "alice".to_owned(),
            grant: "g".to_owned(),
            version,
            fault: None,
            lease: Some(Lease { pid: 1, until }),
            in_doubt: true,
        };
        let left = kill.map(|(version, until)| row(version, until));
        let kills = left.iter().map(|row| (1, row)).collect();
        Known { row: &row(version, 0), line: &log.lines[0], kills }.was_lost_by_a_kill()
    }

    fn request(grant_type: &str, came: u64, used: Option<usize>, given: Option<usize>) -> String {
        let hash = |number: Option<usize>| number.map_or("null".to_owned(), |number| format!("\"{number}\""));
        format!(
            "{{\"event\":\"token\",\"came_at\":{came},\"answered_at\":{came},\"grant_type\":\"{grant_type}\",\
             \"client_id\":\"c\",\"account\":\"alice\",\"status\":200,\"used_sha256\":{},\"given_sha256\":{}}}",
            hash(used),
            hash(given)
        )
    }

    #[test]
    fn an_answer_is_lost_by_a_kill_if_it_was_of_the_killed_ones_lease() {
        assert!(judged(3, 3, Some((3, 9_001))));
    }

    #[test]
    fn an_answer_that_came_after_the_lease_was_lost_by_somebody_else() {
        assert!(!judged(3, 3, Some((3, 8_999))));
    }

    #[test]
    fn a_kill_at_an_earlier_version_or_none_at_all_excuses_nothing() {
        assert!(!judged(3, 3, Some((2, 9_001))));
        assert!(!judged(3, 3, None));
    }

    #[test]
    fn nothing_is_lost_when_every_answer_is_stored_and_more_than_one_cannot_be() {
        assert!(!judged(3, 4, Some((4, 9_001))));
        assert!(!judged(3, 2, Some((2, 9_001))));
    }
}
