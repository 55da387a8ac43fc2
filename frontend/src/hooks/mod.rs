//! Effects: when the page asks the service, listens, remembers and speaks. State stays in `state`.

pub mod use_announcer;
pub mod use_blocker;
pub mod use_clock;
pub mod use_connections;
pub mod use_desk;
pub mod use_job_streams;
pub mod use_jobs;
pub mod use_kept_focus;
pub mod use_latest;
pub mod use_listing_news;
pub mod use_news;
pub mod use_row_events;
pub mod use_session;
pub mod use_sign_ins;
pub mod use_slow;
pub mod use_tabs;
pub mod use_theme;
pub mod use_title;
pub mod use_visibility;
pub mod use_waits;
