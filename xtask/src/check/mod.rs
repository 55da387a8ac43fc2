//! `cargo xtask demo --check`: the path from a click to a row, walked by two people at once, on everything real.

pub mod expectations;
mod outside;
pub mod person;

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use self::expectations::Expectations;
use self::person::Person;
use crate::demo::WORKERS;
use crate::demo::plan::Plan;
use crate::demo::stack::Stack;
use crate::project::Project;
use crate::say;
use crate::setup::{self, Purpose};
use crate::suites::Tally;

const TOKEN_LIFE: Duration = Duration::from_secs(8);
/// Longer than a token lives.
const OUTLIVES: Duration = Duration::from_secs(12);
/// Long enough to disconnect meanwhile.
const OVERLAPS: Duration = Duration::from_secs(6);

/// Sets up, and fails unless everything holds.
pub fn verb() -> Result<()> {
    let project = Project::find()?;
    setup::ready(&project, Purpose::Demo)?;
    let Tally { passed, failed } = run(&project)?;
    println!("\n{passed} passed, {failed} failed");
    ensure!(failed == 0, "{failed} of {} expectations do not hold", passed + failed);
    Ok(())
}

/// Starts a stack on free ports and checks it.
pub fn run(project: &Project) -> Result<Tally> {
    let plan = Plan::new(project, "check", None, TOKEN_LIFE)?;
    let mut stack = Stack::start(project, plan)?;
    let mut expect = Expectations::default();
    let walked = walk(project, &mut stack, &mut expect);
    // When a process has died, that is the reason for whatever went wrong.
    stack.ensure_alive()?;
    let logs = stack.plan.folder.join("logs");
    walked.with_context(|| format!("the check could not go on; what the processes say is in {}", logs.display()))?;
    Ok(expect.tally())
}

fn walk(project: &Project, stack: &mut Stack<'_>, expect: &mut Expectations) -> Result<()> {
    different_processes(project, stack, expect)?;
    let plan = &stack.plan;
    let mut alice = Person::new("alice", &plan.public_url())?;
    let mut bob = Person::new("bob", &plan.public_url())?;
    for person in [&mut alice, &mut bob] {
        arrive(person, expect)?;
    }
    own_rows_each(project, &mut alice, &mut bob, expect)?;
    renewal_in_a_job(plan, &mut alice, expect)?;
    two_sources(project, &mut bob, expect)?;
    disconnecting(plan, &mut alice, &mut bob, expect)
}

fn different_processes(project: &Project, stack: &Stack<'_>, expect: &mut Expectations) -> Result<()> {
    let mut all = Vec::new();
    for name in ["backend", "scheduler", "nat", "mcp", "tickets", "provider"] {
        all.push(stack.id(name)?);
        say::line("process", format!("{name} {}", stack.id(name)?));
    }
    let workers = outside::worker_ids(project, &stack.plan)?;
    for id in &workers {
        say::line("process", format!("worker {id}"));
    }
    expect.that("all workers are at the scheduler", workers.len() == WORKERS, || format!("{workers:?}"));
    all.extend(workers);
    let different = all.iter().collect::<BTreeSet<_>>().len() == all.len();
    expect.that("every process has an id of its own", different, || format!("{all:?}"));
    Ok(())
}

fn arrive(person: &mut Person, expect: &mut Expectations) -> Result<()> {
    let name = person.name;
    let seen = person.sign_in().with_context(|| format!("{name} could not sign in"))?;
    expect.that(&format!("{name} is signed in as {name}"), seen == name, || seen.clone());
    let before = person.status()?;
    expect.that(&format!("{name}'s source starts disconnected"), before == "disconnected", || before.clone());
    let flow = person.connect().with_context(|| format!("{name} could not connect"))?;
    expect.that(&format!("{name}'s sign-in at the source succeeded"), flow == "succeeded", || flow.clone());
    let status = person.status()?;
    expect.that(&format!("{name}'s source is connected"), status == "connected", || status.clone());
    Ok(())
}

fn own_rows_each(project: &Project, alice: &mut Person, bob: &mut Person, expect: &mut Expectations) -> Result<()> {
    let jobs = [alice.submit("my rows")?, bob.submit("my rows")?];
    let mut seen = Vec::new();
    for (person, job) in [alice, bob].into_iter().zip(&jobs) {
        let answer = person.report(job)?;
        say::line("answer", format!("to {}:\n{answer}", person.name));
        let (rows, own) = (rows_in(&answer), outside::rows(project, person::SOURCE, person.name)?);
        let name = person.name;
        expect.that(&format!("the MCP server has rows of {name}"), !own.is_empty(), || "none".to_owned());
        expect.that(&format!("{name}'s answer is the MCP server's own list for {name}"), rows == own, || {
            format!("{rows:?} instead of {own:?}")
        });
        seen.push(rows);
    }
    let shared: Vec<_> = seen[0].iter().filter(|row| seen[1].contains(row)).collect();
    expect.that("no row is in both answers", shared.is_empty(), || format!("{shared:?}"));
    Ok(())
}

fn renewal_in_a_job(plan: &Plan, person: &mut Person, expect: &mut Expectations) -> Result<()> {
    let before = outside::refreshes(plan)?;
    let job = person.submit(&waiting(OUTLIVES))?;
    let answer = person.report(&job)?;
    let renewed = answer.contains("The access token was renewed while this job ran");
    expect.that("a job that outlives its token goes on with a new one", renewed, || answer.clone());
    expect.that("and still has its rows", !rows_in(&answer).is_empty(), || answer.clone());
    let after = outside::refreshes(plan)?;
    expect.that("the provider's log shows the refresh", after > before, || format!("{after} before and after"));
    Ok(())
}

fn two_sources(project: &Project, person: &mut Person, expect: &mut Expectations) -> Result<()> {
    let name = person.name;
    let flow = person.connect_to(person::TICKETS).with_context(|| format!("{name} could not connect Service Desk"))?;
    let connected = flow == "succeeded";
    expect.that(&format!("{name} connects a source whose client was registered by hand"), connected, || flow.clone());
    let job = person.submit_to(&[person::SOURCE, person::TICKETS], "my rows of both")?;
    let answer = person.report(&job)?;
    say::line("answer", format!("to {name}:\n{answer}"));
    let mut own = outside::rows(project, person::SOURCE, name)?;
    own.extend(outside::rows(project, person::TICKETS, name)?);
    own.sort();
    let rows = rows_in(&answer);
    expect.that("one job reads both sources", rows == own, || format!("{rows:?} instead of {own:?}"));
    Ok(())
}

fn disconnecting(plan: &Plan, alice: &mut Person, bob: &mut Person, expect: &mut Expectations) -> Result<()> {
    let job = alice.submit(&waiting(OVERLAPS))?;
    alice.until_running(&job)?;
    let token = outside::token_of(plan, &job)?;
    let before = outside::is_active(plan, &token)?;
    expect
        .that("the token of alice's running job is alive at the provider", before, || "it is dead already".to_owned());

    let answer = alice.disconnect()?;
    let revoked = answer["revoked_at_provider"] == true;
    expect.that("disconnecting says that the provider confirmed it", revoked, || answer.to_string());
    let after = outside::is_active(plan, &token)?;
    expect.that("the provider calls alice's token dead", !after, || "it is still alive".to_owned());
    let refused = outside::token_of(plan, &job);
    expect.that("her running job gets no token any more", refused.is_err(), || "it got one".to_owned());

    let blocked = alice.ask("my rows")?;
    let said = format!("{} {}", blocked.status, blocked.body);
    let body = blocked.json().unwrap_or_default();
    let names_it = blocked.status == 409
        && body["error"] == "mcp_auth_required"
        && body["sources"][0]["source_id"] == person::SOURCE;
    expect.that("her next question is a 409 that names the source", names_it, || said);
    let answer = alice.report(&job)?;
    let says_so = rows_in(&answer).is_empty() && answer.contains("is not connected");
    expect.that("her running job ends without rows and says why", says_so, || answer.clone());
    let status = bob.status()?;
    expect.that("bob is still connected", status == "connected", || status.clone());
    Ok(())
}

/// A question that keeps its job busy between two calls of the source.
fn waiting(time: Duration) -> String {
    format!("my rows, wait {} seconds", time.as_secs())
}

/// The lines of an answer that are rows.
fn rows_in(answer: &str) -> Vec<String> {
    let mut rows: Vec<_> =
        answer.lines().map(str::trim).filter(|line| line.contains(" · ")).map(str::to_owned).collect();
    rows.sort();
    rows
}
