"""Which job is asking."""

from nat.builder.context import Context

from aiq_connect.errors import JobUnknown

# The gate writes it on the request that starts the job; the toolkit carries it into the worker.
HEADER = "X-AIQ-Connect-Job"


def current_job() -> str:
    """Return the id of the job that runs in this context, or raise `JobUnknown`.

    Behind plain NeMo Agent Toolkit the gate names it in a header; AIQ uses it as the id of the run.
    """
    context = Context.get()
    headers = context.metadata.headers
    job_id = (headers.get(HEADER) if headers else None) or context.workflow_run_id
    if not job_id:
        raise JobUnknown("there is no job here, so there is nobody whose account could be used")
    return str(job_id)
