//! Logs and metrics of a role.

use std::{sync::OnceLock, time::Duration};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();

/// Upper bounds of the buckets of whatever is measured in bytes: 16 KiB to 1 GiB.
const BYTES: [f64; 9] = {
    let mut bounds = [16.0 * 1024.0; 9];
    let mut at = 1;
    while at < bounds.len() {
        bounds[at] = bounds[at - 1] * 4.0;
        at += 1;
    }
    bounds
};
/// How often what was measured is put into its buckets. Until then each single measurement takes memory, also when
/// nobody ever asks for the metrics.
const UPKEEP: Duration = Duration::from_secs(5);

/// Starts logging to standard error (`RUST_LOG` filters; `json` for machines) and collecting metrics.
pub fn start(json: bool) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn,hyper=warn"));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second start, as in tests, keeps the first.
    let _ = if json { logs.json().try_init() } else { logs.with_ansi(false).try_init() };
    let bytes = Matcher::Suffix("_bytes".to_owned());
    let builder = PrometheusBuilder::new().set_buckets_for_metric(bytes, &BYTES).expect("there are bounds");
    if let Ok(handle) = builder.install_recorder() {
        keep_up(METRICS.get_or_init(|| handle).clone());
    }
}

/// A plain thread: a role may start its metrics before its runtime.
fn keep_up(metrics: PrometheusHandle) {
    let keeping = std::thread::Builder::new().name("metrics".into()).spawn(move || {
        loop {
            std::thread::sleep(UPKEEP);
            metrics.run_upkeep();
        }
    });
    if let Err(error) = keeping {
        tracing::error!(%error, "metrics are not looked after: they take more memory with every measurement");
    }
}

/// The metrics in Prometheus' text form.
pub fn render() -> String {
    METRICS.get().map(PrometheusHandle::render).unwrap_or_default()
}
