//! `parlance serve`: puts the parts together, listens, and stops in order. Every part is made elsewhere.

use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::config::Config;
use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::metrics::Metrics;
use crate::secrets::Secrets;
use crate::{health, signal};

/// Longest wait for requests that were accepted before the server was asked to stop. Supervisors are promised an
/// end within 10 seconds.
const DRAIN_SECONDS_MAX: u64 = 8;

/// Serves until a signal asks to stop.
///
/// # Errors
/// When the server cannot be started or the listener fails.
pub async fn run(config: Config, secrets: Secrets, data: DataDir) -> Result<(), Failure> {
    secrets.fit_for(config.listen.ip())?;
    let stopping = signal::stopping()?;
    let listener = bind(config.listen).await?;
    let address = listener
        .local_addr()
        .map_err(|error| cannot_listen(config.listen, &error))?;
    let app = router(stopping.clone());
    data.write_address(address)?;
    announce(&config, address);
    serve(listener, app, stopping).await;
    data.forget_address();
    tracing::info!("stopped");
    Ok(())
}

fn router(stopping: watch::Receiver<bool>) -> Router {
    Router::new()
        .merge(health::routes(|| std::future::ready(Ok(())), stopping))
        .merge(Metrics::default().routes())
        .fallback(async || StatusCode::NOT_FOUND)
}

async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address)
        .await
        .map_err(|error| cannot_listen(address, &error))
}

fn cannot_listen(address: SocketAddr, error: &std::io::Error) -> Failure {
    let remedy = match error.kind() {
        std::io::ErrorKind::AddrInUse => format!(
            "another program listens there; stop it, or choose another port with --listen {}:0",
            address.ip()
        ),
        std::io::ErrorKind::PermissionDenied => {
            "ports below 1024 need a right of their own (CAP_NET_BIND_SERVICE); choose a higher one"
                .to_owned()
        }
        _ => "choose an address of this machine with --listen".to_owned(),
    };
    Failure::new(format!("cannot listen on {address}: {error}"), remedy)
}

/// Tells whoever started the server where it is. Scripts read this, so it goes to standard output and not to the log.
fn announce(config: &Config, address: SocketAddr) {
    let scheme = if config.tls.certificate.is_some() {
        "https"
    } else {
        "http"
    };
    let mut out = std::io::stdout().lock();
    // A closed standard output is no reason not to serve.
    _ = writeln!(
        out,
        "Parlance {} is listening on {scheme}://{address}",
        env!("CARGO_PKG_VERSION")
    );
    _ = out.flush();
    tracing::info!(%address, data_dir = %config.data_dir.display(), "listening");
}

async fn serve(listener: TcpListener, app: Router, stopping: watch::Receiver<bool>) {
    let mut asked = stopping.clone();
    let mut also_asked = stopping;
    let until_asked = async move {
        _ = asked.wait_for(|stop| *stop).await;
    };
    let out_of_time = async move {
        _ = also_asked.wait_for(|stop| *stop).await;
        tokio::time::sleep(Duration::from_secs(DRAIN_SECONDS_MAX)).await;
    };
    tokio::select! {
        _ = axum::serve(listener, app).with_graceful_shutdown(until_asked) => {}
        () = out_of_time => tracing::warn!("some requests did not finish in time and were cut off"),
    }
}
