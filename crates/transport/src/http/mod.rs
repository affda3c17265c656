//! HTTP: accepting connections, what every request passes through, and who the caller is.
//!
//! Answers in a dialect's form are made by the dialect; this module only asks for them.

pub mod client_addr;
pub mod draining;
pub mod event_stream;
pub mod form;
pub mod limit;
pub mod request_id;
pub mod route_table;
pub mod serve_file;
pub mod server;
pub mod written;

pub use self::{
    client_addr::{AddressList, Caller, InternalGuard, InternalRefusal, Route, caller},
    draining::Draining,
    event_stream::{EventSource, event_stream},
    form::{Form, FormError, Part},
    limit::{BodyLimit, CallerRate, RateKey, RateLimiter, body_limit},
    request_id::{REQUEST_ID, RequestId},
    serve_file::{FileCache, FileContent, file_response, served_as},
    server::{Drained, PeerAddr, Server, ServerLimits, TlsFileError, load_tls, use_ring},
};
