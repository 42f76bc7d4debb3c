//! What calls of tools took, as metrics: by niche, release and tool.
//!
//! Labels are bounded: a call is counted here only when its tool is one that its release lists, and releases come from
//! admins. Customers are no label; what each of them used is in Postgres, written with the call.

use metrics::{Label, counter, histogram};
use openclaw_platform::{Digest, tool_calls::Took};
use openclaw_plugins::Spent;

/// Characters of a digest that tell a release from the others: `sha256:` and twelve digits.
const DIGEST_CHARS: usize = 19;

/// Whose tool was called.
#[derive(Debug, Clone, Copy)]
pub(super) struct Called<'a> {
    pub(super) niche: &'a str,
    pub(super) release: Digest,
    /// One that the release lists.
    pub(super) tool: &'a str,
}

impl Called<'_> {
    fn labels(&self) -> Vec<Label> {
        let mut release = self.release.to_string();
        release.truncate(DIGEST_CHARS);
        vec![
            Label::new("niche", self.niche.to_owned()),
            Label::new("release", release),
            Label::new("tool", self.tool.to_owned()),
        ]
    }

    /// Counts a call that ended with `outcome` and what it `spent`; gives what is kept of that.
    pub(super) fn ended(&self, outcome: &'static str, spent: &Spent) -> Took {
        let labels = self.labels();
        let mut of_outcome = labels.clone();
        of_outcome.push(Label::from_static_parts("outcome", outcome));
        counter!("niche_tool_calls_total", of_outcome).increment(1);
        let took = took(spent);
        for (name, used) in [
            ("niche_tool_cpu_microseconds_total", took.cpu_micros),
            ("niche_tool_requests_total", took.requests),
            ("niche_tool_egress_bytes_total", took.egress_bytes),
            ("niche_tool_ingress_bytes_total", took.ingress_bytes),
            ("niche_tool_refusals_total", i64::from(took.refusals)),
        ] {
            counter!(name, labels.clone()).increment(used.unsigned_abs());
        }
        // One that never began had none.
        if spent.peak_memory > 0 {
            histogram!("niche_tool_memory_bytes", labels.clone()).record(spent.peak_memory as f64);
        }
        if let Some(bytes) = spent.storage_bytes {
            histogram!("niche_tool_storage_bytes", labels).record(bytes as f64);
        }
        took
    }
}

/// Counts a call that reached no release: why.
pub(super) fn unserved(reason: &'static str) {
    counter!("niche_tool_calls_unserved_total", "reason" => reason).increment(1);
}

/// What a call used, as it is kept.
fn took(spent: &Spent) -> Took {
    let most = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    Took {
        cpu_micros: i64::try_from(spent.cpu.as_micros()).unwrap_or(i64::MAX),
        peak_memory_bytes: most(spent.peak_memory as u64),
        requests: i64::from(spent.requests),
        egress_bytes: most(spent.egress_bytes),
        ingress_bytes: most(spent.ingress_bytes),
        storage_bytes: spent.storage_bytes.map(most),
        refusals: i32::try_from(spent.refusals).unwrap_or(i32::MAX),
        ungranted: i32::try_from(spent.ungranted).unwrap_or(i32::MAX),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;

    #[test]
    fn all_that_a_call_spent_is_counted_and_kept() {
        let spent = Spent {
            cpu: Duration::from_micros(1_500),
            wall: Duration::from_secs(1),
            peak_memory: 1 << 20,
            log_lines: 1,
            requests: 2,
            egress_bytes: 300,
            ingress_bytes: 4_000,
            storage_bytes: Some(50),
            refusals: 6,
            ungranted: 5,
        };
        let recorder = PrometheusBuilder::new().build_recorder();
        let called = Called { niche: "hello", release: Digest([0xab; 32]), tool: "greet" };
        let took = metrics::with_local_recorder(&recorder, || called.ended("ok", &spent));
        let expected = Took {
            cpu_micros: 1_500,
            peak_memory_bytes: 1 << 20,
            requests: 2,
            egress_bytes: 300,
            ingress_bytes: 4_000,
            storage_bytes: Some(50),
            refusals: 6,
            ungranted: 5,
        };
        assert_eq!(took, expected);
        let shown = recorder.handle().render();
        let labels = r#"niche="hello",release="sha256:abababababab",tool="greet""#;
        for line in [
            format!(r#"niche_tool_calls_total{{{labels},outcome="ok"}} 1"#),
            format!("niche_tool_cpu_microseconds_total{{{labels}}} 1500"),
            format!("niche_tool_requests_total{{{labels}}} 2"),
            format!("niche_tool_egress_bytes_total{{{labels}}} 300"),
            format!("niche_tool_ingress_bytes_total{{{labels}}} 4000"),
            format!("niche_tool_refusals_total{{{labels}}} 6"),
            format!("niche_tool_memory_bytes_sum{{{labels}}} 1048576"),
            format!("niche_tool_storage_bytes_sum{{{labels}}} 50"),
        ] {
            assert!(shown.lines().any(|shown| shown == line), "{line} is not in:\n{shown}");
        }
    }
}
