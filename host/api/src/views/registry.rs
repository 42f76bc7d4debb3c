//! The registry: releases, roll-outs, publishers and the audit trail.

use std::collections::{BTreeMap, HashMap};

use openclaw_api_types as api;
use openclaw_platform::{
    Digest, Error, plugin_usage,
    releases::{
        self, Release, ReleaseState, Signer,
        audit::{self, Row},
        figures::{Axis, Point, Tally},
        judge::{self, Verdict},
        publishers::Publisher,
        roll_out::{Named, RollOut, RollOutState},
    },
};
use openclaw_plugins::grant;

use super::instant;
use crate::releases::rights;

pub(crate) fn release_state(state: ReleaseState) -> api::ReleaseState {
    match state {
        ReleaseState::Pending => api::ReleaseState::Pending,
        ReleaseState::Rejected => api::ReleaseState::Rejected,
        ReleaseState::Approved => api::ReleaseState::Approved,
        ReleaseState::Active => api::ReleaseState::Active,
        ReleaseState::Retired => api::ReleaseState::Retired,
    }
}

/// The release on offer of each niche, to compare the others with.
pub(crate) struct Active(HashMap<String, Release>);

impl Active {
    pub(crate) fn new(active: Vec<Release>) -> Self {
        Self(active.into_iter().map(|release| (release.niche.clone(), release)).collect())
    }

    /// What `release` is compared with.
    pub(crate) fn of(&self, niche: &str) -> Option<&Release> {
        self.0.get(niche)
    }
}

/// A release in a line, compared with the release of its niche that is on offer.
pub(crate) fn release_summary(release: &Release, active: &Active) -> Result<api::ReleaseSummary, Error> {
    let nothing = releases::nothing();
    let had = active.of(&release.niche).and_then(|active| active.approved.as_ref()).unwrap_or(&nothing);
    Ok(api::ReleaseSummary {
        digest: release.digest.to_string(),
        niche: release.niche.clone(),
        version: release.version.clone(),
        state: release_state(release.state),
        bytes: release.bytes,
        publisher: publisher_of(release.signer.as_ref()),
        asks_more: rights::beyond(&release.asked, had)?.len(),
        uploaded_by: release.uploaded_by.clone(),
        uploaded_at: instant(release.uploaded_at),
        agents: release.agents,
    })
}

fn publisher_of(signer: Option<&Signer>) -> api::ReleasePublisher {
    api::ReleasePublisher {
        trust: match signer {
            None => api::Trust::Unsigned,
            Some(Signer { publisher: None, .. }) => api::Trust::Unknown,
            Some(Signer { revoked: true, .. }) => api::Trust::Revoked,
            Some(_) => api::Trust::Verified,
        },
        name: signer.and_then(|signer| signer.publisher.clone()),
        key: signer.map(|signer| digits(&signer.key)),
    }
}

fn digits(key: &[u8; 32]) -> String {
    key.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether `import` is one of WASI's that a niche gets nothing from. Requests are told with the hosts that are asked for.
fn reaches_nothing(import: &str, asked: &api::Rights) -> bool {
    let sends = import == "wasi:http/outgoing-handler" && !asked.hosts.is_empty();
    import.starts_with("wasi:") && !sends
}

/// A release's page. `usage` and `roll_out` are its own.
pub(crate) fn release_page(
    release: Release,
    active: &Active,
    ceiling: &grant::Rights,
    roll_out: Option<RollOut>,
    usage: Vec<plugin_usage::ToolUsage>,
) -> Result<api::ReleasePage, Error> {
    Ok(api::ReleasePage {
        release: release_summary(&release, active)?,
        difference: rights::difference(&release, active.of(&release.niche))?,
        effective: rights::effective(&release, ceiling)?,
        over_ceiling: rights::over(&release, ceiling)?,
        asked: api::Asked {
            functions: release.imports.iter().filter(|name| reaches_nothing(name, &release.asked)).cloned().collect(),
            host_reasons: release.about.host_reasons,
            connection_reasons: release.about.connection_reasons,
            rights: release.asked,
        },
        contract: release.contract,
        reference: release.reference,
        exports: release.exports,
        imports: release.imports,
        changes: release.about.changes,
        approved: release.approved,
        self_test: release.self_test,
        decided_by: release.decided_by,
        decided_at: release.decided_at.map(instant),
        reason: release.reason,
        roll_out: roll_out.map(self::roll_out),
        usage: usage.into_iter().map(tool_usage).collect(),
    })
}

fn tool_usage(usage: plugin_usage::ToolUsage) -> api::ToolUsage {
    api::ToolUsage {
        tool: usage.tool,
        calls: usage.calls,
        failures: usage.failures,
        cpu_millis: usage.cpu_micros / 1000,
        peak_memory_bytes: usage.peak_memory_bytes,
        requests: usage.requests,
        egress_bytes: usage.egress_bytes,
        ingress_bytes: usage.ingress_bytes,
        storage_bytes: usage.storage_bytes,
        refusals: usage.refusals,
    }
}

fn named(named: Named) -> api::ReleaseName {
    release_name(named.digest, named.version)
}

fn release_name(digest: Digest, version: String) -> api::ReleaseName {
    api::ReleaseName { digest: digest.to_string(), version }
}

pub(crate) fn roll_out(roll_out: RollOut) -> api::RollOut {
    api::RollOut {
        id: roll_out.id.to_string(),
        niche: roll_out.niche,
        new: named(roll_out.new),
        old: roll_out.old.map(named),
        share: roll_out.share,
        state: match roll_out.state {
            RollOutState::Running => api::RollOutState::Running,
            RollOutState::Complete => api::RollOutState::Complete,
            RollOutState::RolledBack => api::RollOutState::RolledBack,
            RollOutState::Cancelled => api::RollOutState::Cancelled,
        },
        margins: roll_out.margins,
        started_by: roll_out.started_by,
        started_at: instant(roll_out.started_at),
        share_at: instant(roll_out.share_at),
        ended_by: roll_out.ended_by,
        ended_at: roll_out.ended_at.map(instant),
        reason: roll_out.reason,
        worse: roll_out.worse,
    }
}

/// One side of a comparison.
pub(crate) struct Side {
    pub(crate) release: Named,
    pub(crate) agents: i64,
    pub(crate) tally: Tally,
    pub(crate) series: Vec<Point>,
}

/// Both sides of a roll-out, and what comes of comparing them.
pub(crate) fn figures(of: RollOut, new: Side, old: Option<Side>, axis: Axis, verdict: Verdict) -> api::RollOutFigures {
    let (verdict, verdict_reason) = match verdict {
        Verdict::TooEarly { calls, needed } => {
            (api::Verdict::TooEarly, format!("{calls} of the {needed} calls that are needed to say"))
        }
        Verdict::Fine => (api::Verdict::Fine, "not worse than its margins allow".to_owned()),
        Verdict::Worse(worse) => (api::Verdict::Worse, judge::in_words(&worse)),
    };
    api::RollOutFigures {
        roll_out: roll_out(of),
        new: side(new),
        old: old.map(side),
        step_seconds: u32::try_from(axis.step.as_secs()).unwrap_or(u32::MAX),
        verdict,
        verdict_reason,
    }
}

fn side(side: Side) -> api::Figures {
    let Tally { calls, errors, traps, timeouts, refusals, updates, failed_updates, p50_ms, p95_ms } = side.tally;
    let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    api::Figures {
        release: named(side.release),
        agents: side.agents,
        calls: count(calls),
        errors: count(errors),
        error_share: if calls == 0 { 0.0 } else { errors as f64 / calls as f64 },
        traps: count(traps),
        timeouts: count(timeouts),
        refusals: count(refusals),
        updates: count(updates),
        failed_updates: count(failed_updates),
        p50_ms,
        p95_ms,
        series: side
            .series
            .into_iter()
            .map(|point| api::FiguresPoint {
                at: instant(point.at),
                calls: count(point.calls),
                errors: count(point.errors),
                p95_ms: point.p95_ms,
            })
            .collect(),
    }
}

/// A niche in a line. `shown` is the release that it is named after.
pub(crate) fn registry_niche(
    niche: releases::Niche,
    shown: Option<&Release>,
    active: &Active,
    running: Option<RollOut>,
) -> Result<api::RegistryNiche, Error> {
    let about = shown.map(|release| release.about.clone()).unwrap_or_default();
    let offered = active.of(&niche.id).map(|release| release_summary(release, active)).transpose()?;
    let or = |text: String, otherwise: &str| if text.is_empty() { otherwise.to_owned() } else { text };
    Ok(api::RegistryNiche {
        name: match about.name.is_empty() {
            true => BTreeMap::from(["pt", "en"].map(|locale| (locale.to_owned(), niche.id.clone()))),
            false => about.name,
        },
        icon: or(about.icon, super::niches::ICON),
        accent: or(about.accent, super::niches::ACCENT),
        active: offered,
        roll_out: running.map(roll_out),
        counts: api::ReleaseCounts {
            pending: niche.pending,
            rejected: niche.rejected,
            approved: niche.approved,
            active: niche.active,
            retired: niche.retired,
        },
        agents: niche.agents,
        id: niche.id,
    })
}

pub(crate) fn audit_row(row: Row) -> api::AuditRow {
    let audit::Row { id, at, who, action, niche, release, reason, details } = row;
    let release = release.map(|(digest, version)| release_name(digest, version));
    api::AuditRow { id, at: instant(at), who, action, niche, release, reason, details }
}

pub(crate) fn publisher(publisher: Publisher) -> api::Publisher {
    api::Publisher {
        id: publisher.id.to_string(),
        name: publisher.name,
        key: digits(&publisher.key),
        niches: publisher.niches,
        registered_by: publisher.registered_by,
        registered_at: instant(publisher.registered_at),
        revoked_at: publisher.revoked_at.map(instant),
        revoked_reason: publisher.revoked_reason,
        releases: publisher.releases,
    }
}
