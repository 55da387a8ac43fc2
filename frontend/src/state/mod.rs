//! What the page knows and what follows from it. Pure: no browser, no clock, no requests.

pub mod banner;
pub mod blocker;
pub mod connections;
pub mod desk;
pub mod flow;
pub mod job;
pub mod job_feed;
pub mod job_wait;
pub mod live;
pub mod moment;
pub mod news_link;
pub mod pace;
pub mod prompt;
pub mod row_event;
pub mod row_state;
pub mod search;
pub mod session;
pub mod sources;
pub mod switches;
pub mod theme;
pub mod wait_event;
pub mod walk;
