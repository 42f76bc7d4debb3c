//! The choice of a tier, and signing in where that is still to be done.

use openclaw_api_types::{Customer, TierSummary};

use super::sign_in::email_form;
use crate::{accent, components::prelude::*, document::PlanPage, format};

/// It.
pub(crate) fn view(l: Locale, page: PlanPage, customer: Option<Customer>) -> View {
    let here = format!("/onboarding/{}/plan", page.onboarding.id);
    let back = l.path(&format!("/onboarding/{}", page.onboarding.id));
    let niche = &page.onboarding.niche;
    let signing_in = customer.is_none();
    let chosen = page.chosen.as_deref();
    let sign_in = match (chosen, signing_in) {
        (Some(tier), true) => section()
            .class("panel plan-sign-in")
            .attr("aria-labelledby", "plan-email")
            .children((
                h2().class("h4").id("plan-email").children(l.t("plan-email-title")),
                p().class("soft").children(l.with("plan-email-text", &[("tier", tier_name(l, tier).into())])),
                email_form(l, Some(l.path(&format!("{here}?tier={tier}")))),
            ))
            .into(),
        _ => View::new(),
    };
    let tiers: Vec<View> = page.tiers.iter().map(|tier| tier_card(l, &here, tier, chosen, signing_in)).collect();
    div()
        .class(format!("plan {}", accent::class(&niche.accent)))
        .children((
            a().class("back").href(back).children((icon(Icon::Back), span().children(l.t("onboarding-back")))),
            h1().children(l.t("plan-title")),
            p().class("soft lead").children(l.with("plan-text", &[("niche", niche.name.as_str().into())])),
            problem_banner(l, page.problem.as_ref()),
            sign_in,
            div().class("tiers").children(tiers),
            p().class("soft small").children(l.t("prices-note")),
        ))
        .into()
}

fn tier_card(l: Locale, here: &str, tier: &TierSummary, chosen: Option<&str>, signing_in: bool) -> View {
    let is_chosen = chosen == Some(tier.id.as_str());
    // With a choice made and a customer there, going on with it is the one main action.
    let weight = if chosen.is_none() || (is_chosen && !signing_in) { Weight::Primary } else { Weight::Quiet };
    let label = if is_chosen && !signing_in {
        l.t("plan-pay")
    } else {
        l.with("plan-choose", &[("tier", tier_name(l, &tier.id).into())])
    };
    article()
        .class(if is_chosen { "card tier chosen" } else { "card tier" })
        .children((
            div().class("tier-head").children((
                h2().class("h4").children(tier_name(l, &tier.id)),
                if is_chosen { chip(Tone::Ok, l.t("plan-chosen")) } else { View::new() },
            )),
            p().class("tier-price").children((
                strong().children(format::money(l, tier.price_cents)),
                span().class("soft").children(format!(" {}", l.t("price-per-month"))),
            )),
            ul().class("ticks").children((
                li().children(l.with("plan-tokens", &[("tokens", format::number(l, tier.monthly_tokens).into())])),
                li().children(l.with("plan-users", &[("count", i64::from(tier.telegram_users).into())])),
                li().children(l.with("plan-thinking", &[("level", thinking(l, &tier.thinking).into())])),
            )),
            post(
                l.path(here),
                vec![("tier", tier.id.clone())],
                submit(weight, label).attr("data-test", format!("plan-{}", tier.id)),
            ),
        ))
        .into()
}
