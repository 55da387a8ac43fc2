//! The AIQ Connect service.
