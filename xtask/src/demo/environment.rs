//! What a second terminal has to know to talk to a running stack.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::plan::Plan;

/// Writes `environment` into the stack's folder, for `.` in a shell; readable by its owner only, because of the key.
pub fn write(plan: &Plan) -> Result<PathBuf> {
    let path = plan.folder.join("environment");
    std::fs::remove_file(&path).ok();
    let file = File::options().create_new(true).write(true).mode(0o600).open(&path);
    let mut file = file.with_context(|| format!("cannot write {}", path.display()))?;
    let logs = plan.folder.join("logs").display().to_string();
    for (name, value) in [
        ("AIQ_PUBLIC_URL", plan.public_url()),
        ("AIQ_CONNECT_WORKER_URL", plan.broker_url()),
        ("AIQ_CONNECT_WORKER_KEY", plan.worker_key.clone()),
        ("NAT_DASK_SCHEDULER_ADDRESS", plan.scheduler_url()),
        ("DEMO_MCP_URL", plan.mcp_url()),
        ("PROVIDER_ISSUER", plan.issuer()),
        ("DEMO_CONTROL_KEY", plan.control_key.clone()),
        ("DEMO_LOGS", logs),
    ] {
        writeln!(file, "export {name}='{value}'")?;
    }
    Ok(path)
}
