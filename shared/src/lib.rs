//! The wire contract: every body that crosses between the service, its page, its workers and AIQ.
//!
//! Types only, no I/O. The backend and the page compile the same ones, so a field cannot mean two things.
//! Readers are tolerant: unknown fields are ignored and unknown words degrade to `Unknown`.

mod changed;
mod data_source;
mod fault;
mod flow;
mod job;
mod job_event;
mod job_registration;
mod per_user_auth;
mod problem;
mod session;
mod source_actions;
mod submission;
mod worker;

pub use changed::Changed;
pub use data_source::DataSource;
pub use fault::{FaultCode, FaultReport};
pub use flow::{Flow, FlowState, Intent};
pub use job::{JobReport, JobState, JobStatus, SubmitAnswer, SubmitRequest};
pub use job_event::{JobAuthEnded, JobAuthRequired, JobEvent, JobWait, SkipReason, WaitAction, WaitRequest};
pub use job_registration::{RegisterJob, RegisteredJob};
pub use per_user_auth::{AuthStatus, PerUserAuth};
pub use problem::Problem;
pub use session::{Person, SessionView};
pub use source_actions::{ConnectAnswer, ConnectRequest, DisconnectAnswer, StatusAnswer};
pub use submission::{AuthRequired, BlockedSource, BlockedStatus, Preflight};
pub use worker::{ReconnectRequired, ResolveRequest, ResolvedToken};
