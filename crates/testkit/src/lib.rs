//! What tests of the whole server stand on: a real server on a free port, HTTP and WebSocket clients, a clock, a relay
//! that cuts connections, foreign programs, a real browser, odd input and checks of a ledger.
//!
//! Not in here: anything that knows a dialect. A dialect's tests bring its router and its words.

mod browser;
mod client;
mod clock;
mod events;
mod ledger;
mod odd;
mod poll;
mod program;
mod proxy;
mod raw;
mod server;
mod server_program;

pub use browser::{Browser, sample};
pub use client::{Answer, Http, Socket};
pub use clock::ManualClock;
pub use events::{Events, ServerEvent, StreamEnd};
pub use ledger::{by_area, check_once, check_page, check_tests};
pub use odd::{odd_texts, odd_values};
pub use poll::Poll;
pub use program::Program;
pub use proxy::Proxy;
pub use raw::{RawHttp, RawRequest};
pub use reqwest::{RequestBuilder as Request, multipart};
pub use server::TestServer;
pub use server_program::ServerProgram;
