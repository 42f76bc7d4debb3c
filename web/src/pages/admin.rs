//! The admin's pages: customers, agents, jobs, releases.

use openclaw_api_types::{AgentRow, CustomerRow, JobView, ReleaseRow};

use super::agents::state_chip;
use crate::{
    components::prelude::*,
    document::{AdminPage, AdminSignInPage},
    format,
};

mod upload;

/// One of them.
pub(crate) fn view(l: Locale, page: AdminPage) -> View {
    let (here, content) = match page {
        AdminPage::Customers(rows) => ("customers", customers(l, rows)),
        AdminPage::Agents(rows) => ("agents", agents(l, rows)),
        AdminPage::Jobs(rows) => ("jobs", jobs(l, rows)),
        AdminPage::Releases(rows) => ("releases", (upload::view(l), releases(l, rows)).into()),
    };
    let tabs: Vec<View> = [
        ("customers", l.t("admin-customers")),
        ("agents", l.t("admin-agents")),
        ("jobs", l.t("admin-jobs")),
        ("releases", l.t("admin-releases")),
    ]
    .into_iter()
    .map(|(section, label)| {
        a().href(l.path(&format!("/admin/{section}")))
            .attr("aria-current", (section == here).then_some("page"))
            .children(label)
            .into()
    })
    .collect();
    div()
        .class("admin stack")
        .children((
            h1().class("h3").children(l.t("admin-title")),
            nav().class("tabs").attr("aria-label", l.t("admin-title")).children(tabs),
            content,
        ))
        .into()
}

fn none(l: Locale) -> View {
    empty(l.t("admin-empty-title"), l.t("admin-empty-text"), ())
}

fn customers(l: Locale, rows: Vec<CustomerRow>) -> View {
    if rows.is_empty() {
        return none(l);
    }
    let heads = vec![l.t("admin-email"), l.t("admin-language"), l.t("admin-since"), l.t("admin-agents")];
    let rows = rows
        .into_iter()
        .map(|row| {
            vec![
                strong().children(row.customer.email).into(),
                row.customer.locale.into(),
                when(l, &row.created_at, Show::Both),
                l.with("admin-agents-count", &[("count", row.agents.into())]).into(),
            ]
        })
        .collect();
    data_table(l.t("admin-customers"), heads, rows)
}

fn agents(l: Locale, rows: Vec<AgentRow>) -> View {
    if rows.is_empty() {
        return none(l);
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
                (span().children(row.niche), " ", short(&row.digest)).into(),
                tier_name(l, &row.tier).into(),
                (
                    state_chip(l, row.state),
                    View::from(
                        row.reason.map(|reason| span().class("soft small").children(format!(" {reason}")).into()),
                    ),
                )
                    .into(),
                format!("{} / {}", format::number(l, row.tokens_used), format::number(l, row.token_limit)).into(),
                row.heartbeat_at.map(|at| when(l, &at, Show::Both)).unwrap_or_else(|| "–".into()),
            ]
        })
        .collect();
    data_table(l.t("admin-agents"), heads, rows)
}

/// A digest's first digits; all of it on hovering.
fn short(digest: &str) -> View {
    let digits: String = digest.trim_start_matches("sha256:").chars().take(8).collect();
    code().attr("title", digest.to_owned()).children(digits).into()
}

fn jobs(l: Locale, rows: Vec<JobView>) -> View {
    if rows.is_empty() {
        return none(l);
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
                when(l, &job.created_at, Show::Both),
                if took > 0 { format::duration(l, took).into() } else { "–".into() },
                retry,
            ]
        })
        .collect();
    data_table(l.t("admin-jobs"), heads, rows)
}

fn releases(l: Locale, rows: Vec<ReleaseRow>) -> View {
    if rows.is_empty() {
        return none(l);
    }
    let cards: Vec<View> = rows.into_iter().map(|row| release(l, row)).collect();
    div().class("releases").children(cards).into()
}

/// A release with what it exports, asks of the platform, and proved of itself.
fn release(l: Locale, row: ReleaseRow) -> View {
    let active = row.state == "active";
    let total = row.self_test.len() as i64;
    let passed = row.self_test.iter().filter(|case| case.error.is_none()).count() as i64;
    let test = if total == 0 {
        chip(Tone::Neutral, l.t("release-no-test"))
    } else {
        chip(
            if passed == total { Tone::Ok } else { Tone::Danger },
            l.with("release-test", &[("passed", passed.into()), ("total", total.into())]),
        )
    };
    let failures: Vec<View> = row
        .self_test
        .iter()
        .filter_map(|case| {
            let error = case.error.clone()?;
            Some(li().children((strong().children(case.name.clone()), ": ", span().children(error))).into())
        })
        .collect();
    let list = |items: &[String]| if items.is_empty() { "–".to_owned() } else { items.join(", ") };
    article()
        .class("card release")
        .attr("data-test", "release")
        .attr("data-niche", row.niche.clone())
        .attr("data-state", row.state.clone())
        .children((
            div().class("niche-card-head").children((
                h3().class("h5").children((row.niche.clone(), " ", span().class("soft").children(row.version))),
                div().class("chips").children((
                    if active {
                        chip(Tone::Ok, l.t("release-active"))
                    } else {
                        chip(Tone::Neutral, l.t("release-retired"))
                    },
                    test,
                )),
            )),
            dl().class("facts").children((
                fact(l.t("release-digest"), short(&row.digest)),
                fact(l.t("release-size"), format::bytes(l, row.bytes)),
                fact(l.t("release-exports"), list(&row.exports)),
                fact(l.t("release-imports"), list(&row.imports)),
                fact(l.t("admin-agents"), format::number(l, row.agents)),
                fact(
                    l.t("release-installed"),
                    span().children((when(l, &row.installed_at, Show::Both), " · ", row.installed_by)),
                ),
            )),
            if failures.is_empty() { View::new() } else { ul().class("failures").children(failures).into() },
        ))
        .into()
}

/// Asks for the admin's token.
pub(crate) fn sign_in(l: Locale, page: &AdminSignInPage) -> View {
    let error = page.refused.then(|| l.t("admin-refused"));
    div()
        .class("narrow stack")
        .children((
            h1().class("h2").children(l.t("admin-title")),
            p().class("soft").children(l.t("admin-sign-in-text")),
            post(
                l.path("/admin/sign-in"),
                vec![],
                (
                    field(
                        "token",
                        l.t("admin-token"),
                        None,
                        error,
                        input()
                            .r#type("password")
                            .id("token")
                            .name("token")
                            .attr("autocomplete", "current-password")
                            .bool_attr("required", true)
                            .into(),
                    ),
                    submit(Weight::Primary, l.t("admin-sign-in")),
                ),
            )
            .class("stack"),
        ))
        .into()
}
