//! Logs and metrics of a role.

use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_util::MetricKindMask;
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
/// How long a series stays that nothing is added to. Releases come and go, and each has series of its own: without this
/// those of retired ones would take memory, and a place in every answer, until the process ends.
const IDLE: Duration = Duration::from_secs(24 * 60 * 60);
/// How often it is looked for such series, also when nobody asks for the metrics.
const PRUNE: Duration = Duration::from_secs(60 * 60);
/// How often what was measured is put into its buckets. Until then each single measurement takes memory, also when
/// nobody ever asks for the metrics.
const UPKEEP: Duration = Duration::from_secs(5);

/// Starts logging to standard error (`RUST_LOG` filters; `json` for machines) and collecting metrics.
pub fn start(json: bool) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn,hyper=warn"));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second start, as in tests, keeps the first.
    let _ = if json { logs.json().try_init() } else { logs.with_ansi(false).try_init() };
    if let Ok(handle) = builder(IDLE).install_recorder() {
        keep_up(METRICS.get_or_init(|| handle).clone());
    }
}

/// Forgets counters and histograms that nothing was added to for `idle`. Gauges stay: they say how something is, also when
/// it does not change.
fn builder(idle: Duration) -> PrometheusBuilder {
    let bytes = Matcher::Suffix("_bytes".to_owned());
    let builder = PrometheusBuilder::new().set_buckets_for_metric(bytes, &BYTES).expect("there are bounds");
    builder.idle_timeout(MetricKindMask::COUNTER | MetricKindMask::HISTOGRAM, Some(idle))
}

/// A plain thread: a role may start its metrics before its runtime.
fn keep_up(metrics: PrometheusHandle) {
    let keeping = std::thread::Builder::new().name("metrics".into()).spawn(move || {
        let mut pruned = Instant::now();
        loop {
            std::thread::sleep(UPKEEP);
            metrics.run_upkeep();
            if pruned.elapsed() >= PRUNE {
                // Whoever renders is who looks.
                let _ = metrics.render();
                pruned = Instant::now();
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_that_nothing_is_added_to_any_more_are_forgotten_and_others_stay() {
        let idle = Duration::from_millis(300);
        let recorder = builder(idle).build_recorder();
        let metrics = recorder.handle();
        let used = |release: &'static str| {
            metrics::with_local_recorder(&recorder, || {
                metrics::counter!("calls_total", "release" => release).increment(1);
                metrics::histogram!("memory_bytes", "release" => release).record(1.0);
                metrics::gauge!("open").set(1.0);
            });
        };
        used("retired");
        let began = Instant::now();
        while metrics.render().contains("retired") {
            used("active");
            assert!(began.elapsed() < Duration::from_secs(20), "{}", metrics.render());
            std::thread::sleep(idle / 30);
        }
        assert!(began.elapsed() >= idle);
        let shown = metrics.render();
        assert!(shown.contains(r#"calls_total{release="active"}"#) && shown.contains("open 1"), "{shown}");
        used("retired");
        assert!(
            metrics.render().contains(r#"calls_total{release="retired"} 1"#),
            "it begins anew when it is called again"
        );
    }
}
