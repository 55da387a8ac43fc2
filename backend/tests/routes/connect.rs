//! `GET` (the launch page) and `POST /v1/auth/mcp/{source}/connect`

mod announce;
mod discovery;
mod launch;
