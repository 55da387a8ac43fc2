//! The same facts, asked of those who own them: the MCP server, the provider, Dask.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::person::SOURCE;
use crate::demo::plan::{INTROSPECTION_CLIENT, Plan};
use crate::project::Project;
use crate::run;
use crate::setup::python;
use crate::web::call::{Body, basic, post};

const WORKER_IDS: &str = "import json, os, sys; from distributed import Client; \
                          print(json.dumps(sorted(Client(sys.argv[1]).run(os.getpid).values())))";

/// The rows of one person, as the MCP server of the source itself lists them, each as the answers show it.
pub fn rows(project: &Project, source: &str, person: &str) -> Result<Vec<String>> {
    let mut command = project.command(python::MCP.program(project, "python"));
    let listed = run::answer(project, command.args(["demo/mcp/server.py", "--source", source, "--list", person]))?;
    let listed: Vec<Value> = serde_json::from_str(&listed.context("the MCP server's own list failed")?)?;
    let text = |row: &Value, field: &str| row[field].as_str().unwrap_or_default().to_owned();
    let mut rows: Vec<_> = listed
        .iter()
        .map(|row| format!("{} · {} · {}", text(row, "id"), text(row, "title"), text(row, "state")))
        .collect();
    rows.sort();
    Ok(rows)
}

/// The process ids of the workers, asked of the workers.
pub fn worker_ids(project: &Project, plan: &Plan) -> Result<Vec<u32>> {
    let mut command = project.command(python::WORKFLOW.program(project, "python"));
    let said = run::answer(project, command.args(["-c", WORKER_IDS, &plan.scheduler_url()]))?;
    Ok(serde_json::from_str(&said.context("Dask did not say which workers it has")?)?)
}

/// The access token that a worker gets for this job.
pub fn token_of(plan: &Plan, job: &str) -> Result<String> {
    let answer = post(
        &format!("{}/v1/worker/tokens/resolve", plan.broker_url()),
        &format!("Bearer {}", plan.worker_key),
        &Body::Json(&json!({ "job_id": job, "mcp_server_id": SOURCE })),
    )?;
    Ok(answer["access_token"].as_str().context("the worker's answer holds no token")?.to_owned())
}

/// Whether the provider takes this token for a living one (RFC 7662).
pub fn is_active(plan: &Plan, token: &str) -> Result<bool> {
    let credentials = basic(INTROSPECTION_CLIENT, &plan.introspection_secret);
    let url = format!("{}/token/introspection", plan.issuer());
    let answer = post(&url, &credentials, &Body::Form(&[("token", token)]))?;
    answer["active"].as_bool().context("the provider's answer does not say `active`")
}

/// How often the provider has answered a refresh with new tokens, by its own log.
pub fn refreshes(plan: &Plan) -> Result<usize> {
    let log = std::fs::read_to_string(plan.log("provider"))?;
    let events = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    Ok(events.filter(|event| event["grant_type"] == "refresh_token" && event["status"] == 200).count())
}
