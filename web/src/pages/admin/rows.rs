//! Customers, agents and jobs, a row each.

use openclaw_api_types::{AgentRow, CustomerRow, JobView};

use super::{release_path, title};
use crate::{components::prelude::*, format, pages::agents::state_chip};

fn none(l: Locale, name: String) -> View {
    (title(name), empty(l.t("admin-empty-title"), l.t("admin-empty-text"), ())).into()
}

pub(super) fn customers(l: Locale, rows: Vec<CustomerRow>) -> View {
    if rows.is_empty() {
        return none(l, l.t("admin-customers"));
    }
    let heads = vec![l.t("admin-email"), l.t("admin-language"), l.t("admin-since"), l.t("admin-agents")];
    let rows = rows
        .into_iter()
        .map(|row| {
            vec![
                strong().children(row.customer.email).into(),
                row.customer.locale.into(),
                moment(l, &row.created_at),
                l.with("admin-agents-count", &[("count", row.agents.into())]).into(),
            ]
        })
        .collect();
    (title(l.t("admin-customers")), data_table(l.t("admin-customers"), heads, rows)).into()
}

pub(super) fn agents(l: Locale, rows: Vec<AgentRow>) -> View {
    if rows.is_empty() {
        return none(l, l.t("admin-agents"));
    }
    let heads = vec![
        l.t("admin-agent"),
        l.t("admin-email"),
        l.t("admin-niche"),
        l.t("admin-tier"),
        l.t("admin-state"),
        l.t("admin-usage"),
        l.t("admin-heartbeat"),
    ];
    let rows = rows
        .into_iter()
        .map(|row| {
            vec![
                span().attr("title", row.id.clone()).id(row.id).children(format!("#{}", row.number)).into(),
                row.customer_email.into(),
                (
                    span().children(row.niche),
                    " ",
                    a().href(release_path(l, &row.digest)).children(short_digest(&row.digest)),
                )
                    .into(),
                tier_name(l, &row.tier).into(),
                (
                    state_chip(l, row.state),
                    View::from(
                        row.reason.map(|reason| span().class("soft small").children(format!(" {reason}")).into()),
                    ),
                )
                    .into(),
                format!("{} / {}", format::number(l, row.tokens_used), format::number(l, row.token_limit)).into(),
                row.heartbeat_at.map(|at| moment(l, &at)).unwrap_or_else(|| "–".into()),
            ]
        })
        .collect();
    (title(l.t("admin-agents")), data_table(l.t("admin-agents"), heads, rows)).into()
}

pub(super) fn jobs(l: Locale, rows: Vec<JobView>) -> View {
    if rows.is_empty() {
        return none(l, l.t("admin-jobs"));
    }
    let heads = vec![
        l.t("admin-job"),
        l.t("admin-agent"),
        l.t("admin-state"),
        l.t("admin-attempts"),
        l.t("admin-queued"),
        l.t("admin-took"),
        l.t("admin-action"),
    ];
    let rows = rows
        .into_iter()
        .map(|job| {
            let (tone, state) = match job.state.as_str() {
                "done" => (Tone::Ok, l.t("job-state-done")),
                "running" => (Tone::Info, l.t("job-state-running")),
                "failed" => (Tone::Danger, l.t("job-state-failed")),
                _ => (Tone::Neutral, l.t("job-state-queued")),
            };
            let took: u64 = job.steps.iter().filter_map(|step| step.millis).sum();
            let retry = if job.state == "failed" {
                post(
                    l.path(&format!("/admin/jobs/{}/retry", job.id)),
                    vec![],
                    submit(Weight::Quiet, l.t("admin-retry")).attr("data-test", "retry"),
                )
                .into()
            } else {
                View::new()
            };
            let error = job.error.map(|error| p().class("soft small mono").children(error).into());
            let agent: String = job.agent.chars().rev().take(8).collect::<Vec<_>>().into_iter().rev().collect();
            vec![
                strong()
                    .attr("title", job.id)
                    .children(l.find(&format!("job-{}", job.kind), &[]).unwrap_or(job.kind))
                    .into(),
                a().href(format!("{}#{}", l.path("/admin/agents"), job.agent)).children(code().children(agent)).into(),
                (chip(tone, state), View::from(error)).into(),
                job.attempts.into(),
                moment(l, &job.created_at),
                if took > 0 { format::duration(l, took).into() } else { "–".into() },
                retry,
            ]
        })
        .collect();
    (title(l.t("admin-jobs")), data_table(l.t("admin-jobs"), heads, rows)).into()
}
