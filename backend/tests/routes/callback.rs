//! `GET /v1/auth/mcp/{source}/callback`

mod exchange;
mod issuer;
mod link;
mod return_to;
mod stored;
