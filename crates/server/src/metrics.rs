//! Figures for Prometheus: those of the process, and a place for those of other crates. What messaging counts is
//! registered by whoever counts it.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use parlance_core::Core;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

/// The form of the answer, as Prometheus knows it.
const FORM: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All figures of this process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
}

impl Metrics {
    /// The figures of the process and of a core.
    #[must_use]
    pub fn new(core: Core) -> Self {
        let mut metrics = Self::of_process();
        metrics.registry.register_collector(Box::new(Connected { core }));
        metrics
    }

    fn of_process() -> Self {
        let mut registry = Registry::default();
        registry.register(
            "parlance_build",
            "The running program",
            Info::new(vec![
                ("version", env!("CARGO_PKG_VERSION")),
                ("os", std::env::consts::OS),
                ("arch", std::env::consts::ARCH),
            ]),
        );
        registry.register_collector(Box::new(Process {
            started_unix_seconds: unix_seconds(),
        }));
        Self { registry }
    }

    /// Where other crates register their figures. To be done before [`Metrics::routes`].
    pub fn registry(&mut self) -> &mut Registry {
        &mut self.registry
    }

    /// `GET /metrics`.
    pub fn routes(self) -> Router {
        let registry = Arc::new(self.registry);
        Router::new().route("/metrics", get(async move || answer(&registry)))
    }
}

fn answer(registry: &Registry) -> Response {
    let mut text = String::new();
    match prometheus_client::encoding::text::encode(&mut text, registry) {
        Ok(()) => ([(CONTENT_TYPE, FORM)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn unix_seconds() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64())
}

/// Who is connected, read anew for each answer.
struct Connected {
    core: Core,
}

impl std::fmt::Debug for Connected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connected")
    }
}

impl Collector for Connected {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let (sessions, users) = self.core.connected();
        for (name, help, figure) in [
            (
                "parlance_sessions",
                "Live connections of signed-in users",
                sessions,
            ),
            (
                "parlance_users_online",
                "People with at least one live connection",
                users,
            ),
        ] {
            #[expect(clippy::cast_precision_loss, reason = "a metric is a double anyway")]
            gauge(&mut encoder, name, help, figure as f64)?;
        }
        Ok(())
    }
}

/// Figures that the system keeps about this process, read anew for each answer.
#[derive(Debug)]
struct Process {
    started_unix_seconds: f64,
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        gauge(
            &mut encoder,
            "process_start_time_seconds",
            "Start, in seconds since 1970",
            self.started_unix_seconds,
        )?;
        if let Some(seconds) = cpu_seconds() {
            let counter = ConstCounter::new(seconds);
            let metric = encoder.encode_descriptor(
                "process_cpu_seconds",
                "Processor time used, in seconds",
                None,
                prometheus_client::metrics::MetricType::Counter,
            )?;
            counter.encode(metric)?;
        }
        let figures = [
            (
                "process_resident_memory_bytes",
                "Memory in use, in bytes",
                status_kib("VmRSS:").map(|kib| kib * 1024),
            ),
            (
                "process_virtual_memory_bytes",
                "Address space, in bytes",
                status_kib("VmSize:").map(|kib| kib * 1024),
            ),
            ("process_threads", "Threads", status_kib("Threads:")),
            ("process_open_fds", "Open files and sockets", open_files()),
            (
                "process_max_fds",
                "Most files and sockets the process may open",
                crate::open_files::current(),
            ),
        ];
        for (name, help, figure) in figures {
            if let Some(figure) = figure {
                #[expect(clippy::cast_precision_loss, reason = "a metric is a double anyway")]
                gauge(&mut encoder, name, help, figure as f64)?;
            }
        }
        Ok(())
    }
}

fn gauge(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    value: f64,
) -> Result<(), std::fmt::Error> {
    let metric =
        encoder.encode_descriptor(name, help, None, prometheus_client::metrics::MetricType::Gauge)?;
    ConstGauge::new(value).encode(metric)
}

/// User and system time from `/proc/self/stat`; `None` where there is no such file.
fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program may hold spaces and brackets, so fields count from the last bracket.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    #[expect(clippy::cast_precision_loss, reason = "a metric is a double anyway")]
    Some((user + system) as f64 / rustix::param::clock_ticks_per_second() as f64)
}

/// The number behind a name in `/proc/self/status`; sizes there are in KiB.
fn status_kib(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status
        .lines()
        .find_map(|line| line.strip_prefix(name))?
        .split_whitespace()
        .next()?
        .parse()
        .ok()
}

fn open_files() -> Option<u64> {
    // The listing itself holds one open.
    Some((std::fs::read_dir("/proc/self/fd").ok()?.count() as u64).saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use prometheus_client::metrics::counter::Counter;

    use super::*;

    async fn text(metrics: Metrics) -> String {
        use axum::http::Request;
        use tower::ServiceExt;
        let request = Request::get("/metrics").body(axum::body::Body::empty()).unwrap();
        let response = metrics.routes().oneshot(request).await.unwrap();
        assert_eq!(response.headers()[CONTENT_TYPE], FORM);
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    }

    fn figure(text: &str, name: &str) -> f64 {
        let line = text
            .lines()
            .find(|line| line.starts_with(&format!("{name} ")))
            .expect(name);
        line.rsplit(' ').next().unwrap().parse().unwrap()
    }

    #[tokio::test]
    async fn figures_of_the_process_are_true() {
        let text = text(Metrics::of_process()).await;
        assert!(figure(&text, "process_resident_memory_bytes") > 1e6);
        assert!(figure(&text, "process_open_fds") >= 3.0);
        assert!(figure(&text, "process_max_fds") >= figure(&text, "process_open_fds"));
        assert!(figure(&text, "process_start_time_seconds") > 1.5e9);
        assert!(figure(&text, "process_cpu_seconds_total") >= 0.0);
        assert!(text.contains(&format!(
            "parlance_build_info{{version=\"{}\"",
            env!("CARGO_PKG_VERSION")
        )));
        assert!(text.ends_with("# EOF\n"));
    }

    #[tokio::test]
    async fn figures_of_others_are_shown() {
        let mut metrics = Metrics::of_process();
        let sent: Counter = Counter::default();
        metrics
            .registry()
            .register("parlance_messages_sent", "Messages sent", sent.clone());
        sent.inc_by(3);
        assert_eq!(figure(&text(metrics).await, "parlance_messages_sent_total"), 3.0);
    }
}
