//! `parlance serve`: puts the parts together, listens, and stops in order. Every part is made elsewhere.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn;
use parlance_core::files::ObjectFiles;
use parlance_core::query::FindUserByUid;
use parlance_core::types::DEFAULT_TENANT;
use parlance_core::{
    Actor, Core, CoreOptions, Error, ErrorKind, Limits, PasswordCost, SqliteOptions, SystemClock,
};
use parlance_transport::http::{Drained, Server, ServerLimits, load_tls, request_id};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::config::{Config, Synchronous};
use crate::control::Control;
use crate::data_dir::{self, DataDir};
use crate::failure::Failure;
use crate::metrics::Metrics;
use crate::secrets::{self, AdminPassword, Secrets};
use crate::user::Operator;
use crate::{cors, demo, front, health, object_files, signal};

/// Name of the database in the data directory.
pub(crate) const DATABASE: &str = "parlance.db";
/// Where the bytes of files lie in the data directory.
const FILES: &str = "files";
/// The account that the first start makes.
const ADMIN_UID: &str = "admin";

/// What the server begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// What its users made.
    Own,
    /// Also people, groups and messages to play with.
    Demo,
}

/// Serves until a signal asks to stop.
///
/// # Errors
/// When the server cannot be started.
pub async fn run(
    config: Config,
    mut secrets: Secrets,
    data: DataDir,
    content: Content,
) -> Result<(), Failure> {
    secrets.fit_for(config.listen.ip())?;
    let stopping = signal::stopping()?;
    let tls = match (&config.tls.certificate, &config.tls.key) {
        (Some(certificate), Some(key)) => {
            Some(load_tls(certificate, key).map_err(|error| Failure::new(error.to_string(), ""))?)
        }
        _ => None,
    };
    let listener = bind(config.listen).await?;
    let address = listener
        .local_addr()
        .map_err(|error| cannot_listen(config.listen, &error))?;
    if let Some(files) = object_files::configured(&config)? {
        object_files::check_at_start(&files).await?;
    }
    let core = open_core(&config, &secrets, data.path()).await?;
    let made = bootstrap(&core, &mut secrets).await?;
    let demo_signature = match content {
        Content::Demo => Some(demo::load(&core, address.ip()).await?),
        Content::Own => None,
    };
    let _control = open_control(data.path(), &core);
    let server = Server {
        listeners: vec![listener],
        router: router(&config, &secrets, &core, stopping.clone()),
        tls,
        limits: ServerLimits {
            connections_max: config.limits.connections_max,
            ..ServerLimits::default()
        },
        shutdown: stopping,
    };
    data.write_address(address)?;
    announce(&config, address, made.as_deref(), demo_signature.as_deref());
    let drained = server.run().await;
    data.forget_address();
    if let Drained::Left(connections) = drained {
        tracing::warn!(
            connections,
            "some connections did not end in time and were cut off"
        );
    }
    close_core(core).await;
    tracing::info!("stopped");
    Ok(())
}

/// Opens the core over the database in a data directory that this process holds.
pub(crate) async fn open_core(config: &Config, secrets: &Secrets, data: &Path) -> Result<Core, Failure> {
    let path = data.join(DATABASE);
    data_dir::make_private(&path).map_err(|error| {
        Failure::new(
            format!("cannot make the database {}: {error}", path.display()),
            "make the user the server runs as the owner of the data directory",
        )
    })?;
    let objects = object_files::configured(config)?.map(|files| files as Arc<dyn ObjectFiles>);
    let mut database = SqliteOptions::new(&path);
    database.synchronous = match config.sqlite.synchronous {
        Synchronous::Full => parlance_core::Synchronous::Full,
        Synchronous::Normal => parlance_core::Synchronous::Normal,
    };
    let options = CoreOptions {
        database,
        files: data.join(FILES),
        objects,
        token_key: secrets.token_signing_key.clone(),
        sealing_key: secrets.sealing_key,
        password_cost: PasswordCost::default(),
        limits: limits(config),
        clock: Arc::new(SystemClock),
    };
    Core::open(options).await.map_err(|error| {
        Failure::new(
            format!("cannot open the database {}: {error}", path.display()),
            "run: parlance doctor; if it is damaged, put back a backup of the whole data directory",
        )
    })
}

/// Waits until everything acknowledged is in the database file, and closes it.
pub(crate) async fn close_core(core: Core) {
    if let Err(error) = core.settle_devices().await {
        tracing::warn!(%error, "some devices will be given again what their connections have brought them");
    }
    if let Err(error) = tokio::task::spawn_blocking(move || core.close()).await {
        tracing::error!(%error, "the database was not closed in order");
    }
}

fn limits(config: &Config) -> Limits {
    Limits {
        recall_window_seconds: config.messages.recall_window_seconds,
        edit_window_seconds: config.messages.edit_window_seconds,
        content_bytes_max: config.messages.content_bytes_max,
        title_chars_max: config.limits.title_chars_max,
        group_members_max: config.groups.members_max,
        token_ttl_seconds: config.tokens.ttl_seconds,
        logins_failed_per_minute: config.limits.logins_failed_per_minute,
        sessions_per_user_max: config.limits.sessions_per_user_max,
        upload_bytes_max: config.limits.upload_bytes_max,
        signature_window_seconds: config.platform.signature_window_seconds,
        ticket_ttl_seconds: config.platform.ticket_ttl_seconds,
    }
}

fn router(config: &Config, secrets: &Secrets, core: &Core, stopping: watch::Receiver<bool>) -> Router {
    let asked = core.clone();
    let ready = move || {
        let core = asked.clone();
        async move { core.ready().await.map_err(|error| error.to_string()) }
    };
    let routes = Router::new()
        .merge(health::routes(ready, stopping))
        .merge(Metrics::new(core.clone()).routes())
        .merge(front::routes(config, secrets, core));
    cors::around(routes, &config.cors_origins).layer(from_fn(request_id::track))
}

async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address)
        .await
        .map_err(|error| cannot_listen(address, &error))
}

fn cannot_listen(address: SocketAddr, error: &io::Error) -> Failure {
    let remedy = match error.kind() {
        io::ErrorKind::AddrInUse => format!(
            "another program listens there; stop it, or take a free port with --listen {}",
            SocketAddr::new(address.ip(), 0)
        ),
        io::ErrorKind::PermissionDenied => {
            "ports below 1024 need a right of their own (CAP_NET_BIND_SERVICE); choose a higher one"
                .to_owned()
        }
        _ => "choose an address of this machine with --listen".to_owned(),
    };
    Failure::new(format!("cannot listen on {address}: {error}"), remedy)
}

/// Makes the default tenant and its administrator if they are missing. Returns the administrator's password if it was
/// generated and is used for the first time.
async fn bootstrap(core: &Core, secrets: &mut Secrets) -> Result<Option<String>, Failure> {
    let cannot = |error: Error| {
        Failure::new(
            format!("the administrator cannot be made: {error}"),
            "run: parlance doctor",
        )
    };
    let system = Actor::system(DEFAULT_TENANT);
    let admin = core
        .query(
            &system,
            FindUserByUid {
                uid: ADMIN_UID.to_owned(),
            },
        )
        .await;
    let password = match admin {
        Ok(_) => None,
        Err(error) if error.kind == ErrorKind::UserMissing => Some(secrets.admin_password()?),
        Err(error) => return Err(cannot(error)),
    };
    // Core wants a password even where it needs none; an unknown one does no harm should it need it after all.
    let unused = secrets::random_password();
    let text = password.as_ref().map_or(unused.as_str(), AdminPassword::text);
    core.bootstrap(text, &secrets.app_key, &secrets.app_secret)
        .await
        .map_err(cannot)?;
    Ok(match password {
        Some(AdminPassword::Generated(text)) => Some(text),
        _ => None,
    })
}

/// Opens the way for the command line. A server without it serves all the same.
fn open_control(data: &Path, core: &Core) -> Option<Control> {
    let opened = Control::open(data, Operator::new(core.clone()));
    opened
        .map_err(|error| {
            tracing::warn!(%error, "`parlance user` cannot reach this server; it works once the server is stopped");
        })
        .ok()
}

/// Tells whoever started the server where it is. Scripts read this, so it goes to standard output and not to the log.
fn announce(
    config: &Config,
    address: SocketAddr,
    admin_password: Option<&str>,
    demo_signature: Option<&str>,
) {
    let scheme = if config.tls.certificate.is_some() {
        "https"
    } else {
        "http"
    };
    let mut text = String::new();
    if let Some(password) = admin_password {
        let file = config.data_dir.join(secrets::FILE);
        _ = writeln!(
            text,
            "The user {ADMIN_UID} was made with the password {password} (kept in {})",
            file.display()
        );
    }
    _ = writeln!(
        text,
        "Parlance {} is listening on {scheme}://{address}",
        env!("CARGO_PKG_VERSION")
    );
    if let Some(signature) = demo_signature {
        text.push_str(&demo::instructions(scheme, address, signature));
    }
    let mut out = io::stdout().lock();
    // A closed standard output is no reason not to serve.
    _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    tracing::info!(%address, data_dir = %config.data_dir.display(), "listening");
}
