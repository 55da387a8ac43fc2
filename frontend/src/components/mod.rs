//! What people see. Props in, callbacks out; no requests, no clock, no browser.

pub mod banner;
pub mod blocker;
pub mod composer;
pub mod confirm_disconnect;
pub mod glyph;
pub mod header;
pub mod job_card;
pub mod job_list;
pub mod job_prompt;
pub mod live_regions;
pub mod mark;
pub mod panel;
pub mod popup_help;
pub mod skeleton;
pub mod source_details;
pub mod source_list;
pub mod source_row;
pub mod switch;
pub mod theme_picker;
pub mod toast;
pub mod welcome;

#[cfg(test)]
mod tests;
