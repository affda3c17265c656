//! Clients that others wrote, against the whole server: published samples as they were published, a real browser, and
//! the libraries that programs are built on. What they need lies in `tests/clients` and is installed
//! by `scripts/prepare.sh clients`.
//!
//! Not in here: what one dialect alone can show with our own clients; that is in its conformance tests.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

mod event_source;
mod platform;
mod platform_samples;
mod stompjs;

/// What the administrator logs in with.
const ADMIN_PASSWORD: &str = "for-these-tests-only";

/// What the server is told besides where its data lies.
const VARIABLES: [(&str, &str); 1] = [("PARLANCE_ADMIN_PASSWORD", ADMIN_PASSWORD)];
/// The program under test.
const PARLANCE: &str = env!("CARGO_BIN_EXE_parlance");
