//! Small parts that several pages have.

use openclaw_api_types::{NicheStatus, NicheSummary, TierSummary};

use super::prelude::*;
use crate::{accent, format};

/// A part of a page that nothing ever changes: the browser leaves it as the server wrote it.
pub(crate) fn still(content: impl FnOnce() -> View + 'static) -> View {
    view! { NoHydrate(children=Children::from(content)) }
}

/// A niche in the marketplace.
pub(crate) fn niche_card(l: Locale, niche: &NicheSummary) -> View {
    let active = niche.status == NicheStatus::Active;
    let status =
        if active { chip(Tone::Ok, l.t("niche-status-active")) } else { chip(Tone::Neutral, l.t("niche-status-soon")) };
    let lines: Vec<View> = niche.highlights.iter().map(|line| li().children(line.clone()).into()).collect();
    article()
        .class(format!("card niche-card {}", accent::class(&niche.accent)))
        .attr("data-test", "niche-card")
        .attr("data-niche", niche.id.clone())
        .children((
            div().class("niche-card-head").children((
                h3().children((
                    span().class("emoji").attr("aria-hidden", "true").children(niche.icon.clone()),
                    niche.name.clone(),
                )),
                status,
            )),
            p().class("soft").children(niche.tagline.clone()),
            ul().class("ticks").children(lines),
            a().class("card-link").href(l.path(&format!("/niches/{}", niche.id))).children((
                if active { l.t("niche-card-open") } else { l.t("niche-card-soon") },
                // Links are also read in a list of their own, without the card around them.
                span().class("visually-hidden").children(format!(": {}", niche.name)),
                icon(Icon::Arrow),
            )),
        ))
        .into()
}

/// The name of a tier.
pub(crate) fn tier_name(l: Locale, id: &str) -> String {
    l.find(&format!("tier-{id}"), &[]).unwrap_or_else(|| id.to_owned())
}

/// How much a tier's model thinks.
pub(crate) fn thinking(l: Locale, level: &str) -> String {
    l.find(&format!("thinking-{level}"), &[]).unwrap_or_else(|| level.to_owned())
}

/// The prices as a plain table.
pub(crate) fn price_table(l: Locale, tiers: &[TierSummary]) -> View {
    let row = |label: String, cell: &dyn Fn(&TierSummary) -> View| -> View {
        let cells: Vec<View> = tiers.iter().map(|tier| td().children(cell(tier)).into()).collect();
        tr().children((th().attr("scope", "row").children(label), cells)).into()
    };
    let names: Vec<View> =
        tiers.iter().map(|tier| th().attr("scope", "col").children(tier_name(l, &tier.id)).into()).collect();
    div()
        .class("price-table")
        .children(table().children((
            thead().children(tr().children((td().children(()), names))),
            tbody().children((
                row(l.t("price-monthly"), &|tier| {
                    span().class("price").children(format::money(l, tier.price_cents)).into()
                }),
                row(l.t("price-tokens"), &|tier| format::number(l, tier.monthly_tokens).into()),
                row(l.t("price-users"), &|tier| {
                    l.with("price-users-count", &[("count", i64::from(tier.telegram_users).into())]).into()
                }),
                row(l.t("price-thinking"), &|tier| thinking(l, &tier.thinking).into()),
                row(l.t("price-web-chat"), &|_| l.t("price-included").into()),
            )),
        )))
        .into()
}

/// A label with its value.
pub(crate) fn fact(label: String, value: impl Into<View>) -> View {
    div().children((dt().children(label), dd().children(value.into()))).into()
}

/// The field of a form: label above, help below it, the error under the input.
pub(crate) fn field(
    id: &'static str,
    label: String,
    help: Option<String>,
    error: Option<String>,
    control: View,
) -> View {
    let hint = help.map(|help| View::from(p().class("help").id(format!("{id}-help")).children(help)));
    div()
        .class(if error.is_some() { "field invalid" } else { "field" })
        .children((html_label(id, label), hint.unwrap_or_default(), control, field_error(id, error)))
        .into()
}

fn html_label(id: &'static str, text: String) -> View {
    label().attr("for", id).children(text).into()
}

/// What is wrong with a field.
pub(crate) fn field_error(id: &'static str, error: Option<String>) -> View {
    error
        .map(|error| {
            View::from(
                p().class("error")
                    .id(format!("{id}-error"))
                    .role("alert")
                    .children((icon(Icon::Warning), span().children(error))),
            )
        })
        .unwrap_or_default()
}
