//! The processes of the demo, and what each is told.

use std::process::Command;

use super::plan::{INTROSPECTION_CLIENT, Plan, SIGN_IN_CLIENT};
use super::secrets;
use super::service::{Ready, Service};
use crate::project::Project;
use crate::setup::backend;
use crate::setup::python::{self, Environment};

/// How many jobs run at the same time.
pub const WORKERS: usize = 3;

/// The second service's name.
const REPLICA: &str = "replica";

/// Every process, the one that needs longest to start first.
pub fn services(project: &Project, plan: &Plan) -> Vec<Service> {
    vec![
        nat(project, plan),
        scheduler(project, plan),
        workers(project, plan),
        mcp(project, plan),
        tickets(project, plan),
        provider(project, plan),
        service(project, plan),
    ]
}

/// The process of this name: one of [`services`], or `replica`.
pub fn named(project: &Project, plan: &Plan, name: &str) -> Option<Service> {
    if name == REPLICA {
        return Some(replica(project, plan));
    }
    services(project, plan).into_iter().find(|service| service.name == name)
}

fn nat(project: &Project, plan: &Plan) -> Service {
    let mut command = python_program(project, &python::WORKFLOW, "nat");
    command.args(["serve", "--config_file", "demo/nat.yml"]);
    // It hands jobs over and needs no credential of the workers.
    source_environment(&mut command, plan);
    nat_environment(&mut command, plan);
    Service {
        name: "nat",
        what: "the NeMo Agent Toolkit, which runs the research jobs",
        without: "Without it no question is answered.",
        command,
        ready: Ready::Answers(format!("{}/health", plan.nat_url())),
    }
}

fn scheduler(project: &Project, plan: &Plan) -> Service {
    let mut command = python_program(project, &python::WORKFLOW, "dask");
    command.args(["scheduler", "--host", "127.0.0.1", "--no-dashboard", "--port"]).arg(plan.scheduler.to_string());
    Service {
        name: "scheduler",
        what: "the Dask scheduler, which hands the jobs to workers",
        without: "Without it no job starts.",
        command,
        ready: Ready::Listens(plan.scheduler),
    }
}

fn workers(project: &Project, plan: &Plan) -> Service {
    let mut command = python_program(project, &python::WORKFLOW, "dask");
    command.args(["worker", &plan.scheduler_url(), "--host", "127.0.0.1", "--nworkers"]).arg(WORKERS.to_string());
    command
        .args(["--nthreads", "1", "--no-dashboard", "--memory-limit", "0"])
        // What a job needs is loaded before the first job comes.
        .args(["--preload", "aiq_connect.nat.preload", "--local-directory"])
        .arg(plan.state("dask"));
    job_environment(&mut command, plan);
    Service {
        name: "workers",
        what: "three Dask workers, processes of their own that call the MCP server for people",
        without: "Without them jobs wait for ever.",
        command,
        ready: Ready::Says("Registered to:", WORKERS),
    }
}

fn mcp(project: &Project, plan: &Plan) -> Service {
    let mut command = python_program(project, &python::MCP, "python");
    command.arg("demo/mcp/server.py").env("DEMO_MCP_PORT", plan.mcp.to_string()).env("DEMO_MCP_URL", plan.mcp_url());
    introspection_environment(&mut command, plan);
    Service {
        name: "mcp",
        what: "FastMCP, the protected server whose incidents belong to people",
        without: "Without it no job can read incidents.",
        command,
        ready: Ready::Says("ready ", 1),
    }
}

fn tickets(project: &Project, plan: &Plan) -> Service {
    let mut command = python_program(project, &python::MCP, "python");
    command
        .args(["demo/mcp/server.py", "--source", "tickets"])
        .env("DEMO_TICKETS_PORT", plan.tickets.to_string())
        .env("DEMO_TICKETS_URL", plan.tickets_url());
    introspection_environment(&mut command, plan);
    Service {
        name: "tickets",
        what: "FastMCP, the protected server whose tickets belong to people",
        without: "Without it no job can read tickets.",
        command,
        ready: Ready::Says("ready ", 1),
    }
}

fn provider(project: &Project, plan: &Plan) -> Service {
    let mut command = project.command("node");
    command
        .arg("demo/provider/server.mjs")
        .env("PROVIDER_PORT", plan.provider.to_string())
        .env("AIQ_PUBLIC_URL", plan.public_url())
        .env("DEMO_CONTROL_KEY", &plan.control_key)
        .env("DEMO_ACCESS_TOKEN_SECONDS", plan.token_life.as_secs().to_string())
        .env("DEMO_ISSUED_FILE", plan.state(secrets::ISSUED));
    source_environment(&mut command, plan);
    tickets_client_environment(&mut command, plan);
    introspection_environment(&mut command, plan);
    sign_in_environment(&mut command, plan);
    Service {
        name: "provider",
        what: "oidc-provider, where people sign in and allow access",
        without: "Without it nobody can sign in or connect, and tokens end.",
        command,
        ready: Ready::Says("ready ", 1),
    }
}

fn service(project: &Project, plan: &Plan) -> Service {
    let mut command = project.command(backend::program(project));
    command
        .args(["serve", "--config", "demo/aiq-connect.yml"])
        .env("AIQ_PUBLIC_URL", plan.public_url())
        .env("AIQ_CONNECT_BIND", format!("127.0.0.1:{}", plan.backend))
        .env("AIQ_CONNECT_WORKER_BIND", format!("127.0.0.1:{}", plan.broker))
        .env("AIQ_CONNECT_DATABASE_URL", format!("sqlite:///{}", plan.state("aiq-connect.db").display()))
        .env("AIQ_CONNECT_KEY_FILE", plan.state("aiq-connect.key"))
        .env("PROVIDER_ISSUER", plan.issuer());
    sign_in_environment(&mut command, plan);
    tickets_client_environment(&mut command, plan);
    job_environment(&mut command, plan);
    nat_environment(&mut command, plan);
    Service {
        name: "backend",
        what: "AIQ Connect, the page and the keeper of the tokens",
        without: "Without it nobody can use the page, and jobs get no tokens.",
        command,
        ready: Ready::Says("ready ", 1),
    }
}

/// The service once more: another process on the same database, known to browsers by the same address.
fn replica(project: &Project, plan: &Plan) -> Service {
    let mut service = service(project, plan);
    service
        .command
        .env("AIQ_CONNECT_BIND", format!("127.0.0.1:{}", plan.replica))
        .env("AIQ_CONNECT_WORKER_BIND", format!("127.0.0.1:{}", plan.replica_broker));
    Service { name: REPLICA, what: "AIQ Connect once more, on the same database", ..service }
}

/// What everything that runs a job has to know.
fn job_environment(command: &mut Command, plan: &Plan) {
    command.env("AIQ_CONNECT_WORKER_URL", plan.broker_url()).env("AIQ_CONNECT_WORKER_KEY", &plan.worker_key);
    source_environment(command, plan);
}

/// Where the protected sources are.
fn source_environment(command: &mut Command, plan: &Plan) {
    command.env("DEMO_MCP_URL", plan.mcp_url()).env("DEMO_TICKETS_URL", plan.tickets_url());
}

/// What both sides of the client that was registered by hand have to know.
fn tickets_client_environment(command: &mut Command, plan: &Plan) {
    command.env("DEMO_TICKETS_CLIENT_SECRET", &plan.tickets_secret);
}

/// What `demo/nat.yml` names.
fn nat_environment(command: &mut Command, plan: &Plan) {
    command
        .env("DEMO_NAT_PORT", plan.nat.to_string())
        .env("NAT_DASK_SCHEDULER_ADDRESS", plan.scheduler_url())
        .env("NAT_JOB_STORE_DB_URL", format!("sqlite+aiosqlite:///{}", plan.state("nat-jobs.db").display()));
}

fn introspection_environment(command: &mut Command, plan: &Plan) {
    command
        .env("PROVIDER_ISSUER", plan.issuer())
        .env("DEMO_INTROSPECTION_CLIENT_ID", INTROSPECTION_CLIENT)
        .env("DEMO_INTROSPECTION_CLIENT_SECRET", &plan.introspection_secret);
}

fn sign_in_environment(command: &mut Command, plan: &Plan) {
    command
        .env("PROVIDER_ISSUER", plan.issuer())
        .env("DEMO_SIGN_IN_CLIENT_ID", SIGN_IN_CLIENT)
        .env("DEMO_SIGN_IN_CLIENT_SECRET", &plan.sign_in_secret);
}

fn python_program(project: &Project, environment: &Environment, name: &str) -> Command {
    let mut command = project.command(environment.program(project, name));
    command
        // What it says shall be in the log when it says it.
        .env("PYTHONUNBUFFERED", "1")
        .env("NO_PROXY", "127.0.0.1,localhost")
        .env("VIRTUAL_ENV", environment.at(project));
    command
}
