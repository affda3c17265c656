//! Turns the signals of the system into one question that any task can wait on: is the server asked to stop? What
//! stopping means is up to who listens.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::failure::Failure;

/// Exit code of a process that is stopped at once by a second signal, as shells have it for SIGINT.
const AT_ONCE: i32 = 130;

/// Becomes true at the first SIGTERM or SIGINT. A second one ends the process at once.
///
/// # Errors
/// When the system does not let signals be caught.
pub fn stopping() -> Result<watch::Receiver<bool>, Failure> {
    let catch =
        |kind| signal(kind).map_err(|error| Failure::new(format!("signals cannot be caught: {error}"), ""));
    let mut terminate = catch(SignalKind::terminate())?;
    let mut interrupt = catch(SignalKind::interrupt())?;
    let (stop, stopping) = watch::channel(false);
    tokio::spawn(async move {
        let name = either(&mut terminate, &mut interrupt).await;
        tracing::info!(
            signal = name,
            "stopping; a second signal ends the process at once"
        );
        stop.send_replace(true);
        let name = either(&mut terminate, &mut interrupt).await;
        tracing::warn!(signal = name, "ended at once");
        std::process::exit(AT_ONCE);
    });
    Ok(stopping)
}

async fn either(terminate: &mut Signal, interrupt: &mut Signal) -> &'static str {
    tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    }
}
