//! What the head of a document says of its page.

use crate::{Locale, Page, components::prelude::text_in, document::AdminPage};

impl Page {
    /// The page's title for the browser's tab.
    pub(super) fn title(&self, l: Locale) -> String {
        let part = match self {
            Self::Landing(_) => return l.t("shell-title"),
            Self::Niche(page) => page.niche.summary.name.clone(),
            Self::Question(page) => page.question.title.clone(),
            Self::Summary(_) => l.t("onboarding-summary-title"),
            Self::Plan(_) => l.t("plan-title"),
            Self::SignIn(_) | Self::UseLink(_) => l.t("sign-in-title"),
            Self::Mailed(_) => l.t("mailed-title"),
            Self::Outbox(_) => l.t("outbox-title"),
            Self::DemoCheckout(_) => l.t("demo-title"),
            Self::Progress(_) => l.t("progress-title"),
            Self::Agents(_) => l.t("agents-title"),
            Self::Agent(page) => page.agent.niche.name.clone(),
            Self::Admin(page) => page.as_deref().map_or_else(|| l.t("admin-title"), |page| page.title(l)),
            Self::Design(_) => l.t("design-title"),
            Self::Message(page) => l.t(page.kind.title_key()),
        };
        format!("{part} · {}", l.t("shell-brand"))
    }

    /// One sentence for search engines, on pages they may show.
    pub(super) fn description(&self, l: Locale) -> Option<String> {
        match self {
            Self::Landing(_) => Some(l.t("landing-lead")),
            Self::Niche(page) => Some(page.niche.summary.tagline.clone()),
            _ => None,
        }
    }

    /// Every accent the page may show.
    pub(super) fn accents(&self) -> Vec<&str> {
        match self {
            Self::Landing(page) => page.niches.iter().map(|niche| niche.accent.as_str()).collect(),
            Self::Niche(page) => vec![&page.niche.summary.accent],
            Self::Question(page) => vec![&page.onboarding.niche.accent],
            Self::Summary(page) => vec![&page.onboarding.niche.accent],
            Self::Plan(page) => vec![&page.onboarding.niche.accent],
            Self::DemoCheckout(page) => page.niche.iter().map(|niche| niche.accent.as_str()).collect(),
            Self::Agents(page) => page.agents.iter().map(|agent| agent.niche.accent.as_str()).collect(),
            Self::Agent(page) => vec![&page.agent.niche.accent],
            Self::Admin(page) => page.as_deref().map(AdminPage::accents).unwrap_or_default(),
            Self::Design(page) => page.niches.iter().map(|niche| niche.accent.as_str()).collect(),
            _ => Vec::new(),
        }
    }
}

impl AdminPage {
    fn title(&self, l: Locale) -> String {
        match self {
            Self::SignIn(_) => l.t("admin-title"),
            Self::Customers(_) => l.t("admin-customers"),
            Self::Agents(_) => l.t("admin-agents"),
            Self::Jobs(_) => l.t("admin-jobs"),
            Self::Registry(_) => l.t("registry-title"),
            Self::Niche(page) => text_in(l, &page.niche.name),
            Self::Release(page) => format!("{} {}", text_in(l, &page.niche.name), page.page.release.version),
            Self::Publishers(_) | Self::Revoke(_) => l.t("publishers-title"),
            Self::Audit(_) => l.t("audit-title"),
        }
    }

    fn accents(&self) -> Vec<&str> {
        match self {
            Self::Registry(page) => page.niches.iter().map(|niche| niche.accent.as_str()).collect(),
            Self::Niche(page) => vec![&page.niche.accent],
            Self::Release(page) => vec![&page.niche.accent],
            _ => Vec::new(),
        }
    }
}
