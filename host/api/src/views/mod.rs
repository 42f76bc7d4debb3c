//! What the platform and the niches know, as the API's types.

mod agents;
mod niches;
mod registry;

use openclaw_api_types::{Customer, JobView, OutboxMail, ProgressStep, TierSummary};
use openclaw_platform::{accounts, jobs, mail, tiers::Tier};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

pub(crate) use self::{
    agents::{agent, agent_row, agent_state, message, telegram_url, tool_call, usage},
    niches::{detail, interview, summary, summary_lines},
    registry::{Active, Side, audit_row, figures, publisher, registry_niche, release_page, release_summary, roll_out},
};

/// RFC 3339 in UTC.
pub(crate) fn instant(at: OffsetDateTime) -> String {
    at.to_offset(time::UtcOffset::UTC).format(&Rfc3339).unwrap_or_default()
}

/// A span in milliseconds; what ended before it began took none.
pub(crate) fn millis(from: OffsetDateTime, to: OffsetDateTime) -> u64 {
    u64::try_from((to - from).whole_milliseconds()).unwrap_or(0)
}

pub(crate) fn tier(tier: Tier) -> TierSummary {
    TierSummary {
        id: tier.id,
        price_cents: tier.price_cents,
        monthly_tokens: tier.monthly_tokens,
        telegram_users: tier.telegram_users,
        thinking: tier.thinking,
    }
}

pub(crate) fn customer(customer: accounts::Customer) -> Customer {
    Customer { id: customer.id.to_string(), email: customer.email, locale: customer.locale }
}

pub(crate) fn outbox_mail(mail: mail::OutboxMail) -> OutboxMail {
    OutboxMail { to: mail.to, subject: mail.mail.subject, text: mail.mail.text, sent_at: instant(mail.sent_at) }
}

pub(crate) fn job_step(step: jobs::JobStep) -> ProgressStep {
    ProgressStep {
        name: step.name,
        started_at: Some(instant(step.started_at)),
        millis: step.finished_at.map(|end| millis(step.started_at, end)),
    }
}

pub(crate) fn job(job: jobs::JobView) -> JobView {
    JobView {
        id: job.id.to_string(),
        kind: job.kind,
        agent: job.agent.to_string(),
        state: job.state.as_str().to_owned(),
        attempts: job.attempts,
        error: job.error,
        created_at: instant(job.created_at),
        finished_at: job.finished_at.map(instant),
        steps: job.steps.into_iter().map(job_step).collect(),
    }
}
