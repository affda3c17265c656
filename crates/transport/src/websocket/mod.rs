//! WebSockets: the wire format, the task that pumps one socket, and the way in through HTTP.
//!
//! No dialect is known here; a dialect implements [`Protocol`].

pub mod codec;
mod outbox;
pub mod protocol;
pub mod pump;
pub mod upgrade;
mod work;

pub use self::{
    codec::{Frame, close_code},
    protocol::{Close, Outgoing, Protocol, Step, Work},
    pump::SocketLimits,
    upgrade::{Upgrade, UpgradeError},
};
