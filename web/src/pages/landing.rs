//! The first page: a promise, a real conversation beside it, the niches, the prices, what is kept apart.

use openclaw_api_types::NicheStatus;

use crate::{
    accent,
    components::prelude::*,
    document::{Hero, Landing},
    format,
};

/// It.
pub(crate) fn view(l: Locale, page: Landing) -> View {
    still(move || (hero(l, &page), niches(l, &page), how(l), prices(l, &page), apart(l), questions(l)).into())
}

fn hero(l: Locale, page: &Landing) -> View {
    let conversation = page.hero.as_ref().map(|hero| conversation(l, hero)).unwrap_or_default();
    let from = page
        .tiers
        .iter()
        .map(|tier| tier.price_cents)
        .min()
        .map(|cents| {
            p().class("soft small").children(l.with("landing-from", &[("price", format::money(l, cents).into())]))
        })
        .map(View::from);
    section()
        .class("hero")
        .children((
            div().class("hero-words").children((
                h1().children(l.t("landing-promise")),
                p().class("lead").children(l.t("landing-lead")),
                div().class("actions").children((
                    link_button(Weight::Primary, "#niches".into(), l.t("landing-choose")),
                    link_button(Weight::Quiet, "#how".into(), l.t("landing-how-link")),
                )),
                View::from(from),
            )),
            conversation,
        ))
        .into()
}

fn conversation(l: Locale, hero: &Hero) -> View {
    figure()
        .class(format!("window {}", accent::class(&hero.niche.accent)))
        .children((
            div().class("window-head").children((
                span().class("emoji").attr("aria-hidden", "true").children(hero.niche.icon.clone()),
                span().class("window-title").children(hero.niche.name.clone()),
                chip(Tone::Neutral, l.t("landing-example")),
            )),
            transcript(l, &hero.conversation, &hero.niche.name),
            figcaption().class("visually-hidden").children(hero.conversation.title.clone()),
        ))
        .into()
}

fn niches(l: Locale, page: &Landing) -> View {
    let cards: Vec<View> = page.niches.iter().map(|niche| niche_card(l, niche)).collect();
    let content = if cards.is_empty() {
        empty(l.t("niches-empty-title"), l.t("niches-empty-text"), ())
    } else {
        div().class("cards").children(cards).into()
    };
    let ready = page.niches.iter().filter(|niche| niche.status == NicheStatus::Active).count() as i64;
    section()
        .id("niches")
        .attr("aria-labelledby", "niches-title")
        .children((
            heading("niches-title", l.t("niches-title"), l.with("niches-text", &[("count", ready.into())])),
            content,
        ))
        .into()
}

fn heading(id: &'static str, title: String, text: String) -> View {
    div().class("section-head").children((h2().id(id).children(title), p().class("soft").children(text))).into()
}

fn how(l: Locale) -> View {
    let step = |number: &'static str, title: String, text: String, time: String| -> View {
        li().children((
            span().class("how-number").attr("aria-hidden", "true").children(number),
            h3().children(title),
            p().class("soft").children(text),
            chip(Tone::Neutral, time),
        ))
        .into()
    };
    section()
        .id("how")
        .attr("aria-labelledby", "how-title")
        .children((
            heading("how-title", l.t("how-title"), l.t("how-text")),
            ol().class("how").children((
                step("1", l.t("how-1-title"), l.t("how-1-text"), l.t("how-1-time")),
                step("2", l.t("how-2-title"), l.t("how-2-text"), l.t("how-2-time")),
                step("3", l.t("how-3-title"), l.t("how-3-text"), l.t("how-3-time")),
            )),
        ))
        .into()
}

fn prices(l: Locale, page: &Landing) -> View {
    section()
        .id("prices")
        .attr("aria-labelledby", "prices-title")
        .children((
            heading("prices-title", l.t("prices-title"), l.t("prices-text")),
            price_table(l, &page.tiers),
            p().class("soft small").children(l.t("prices-note")),
        ))
        .into()
}

fn apart(l: Locale) -> View {
    let place = |class: &'static str, title: String, text: String| -> View {
        div().class(class).children((strong().children(title), span().class("soft small").children(text))).into()
    };
    let point = |title: String, text: String| -> View {
        li().children((icon(Icon::Lock), div().children((strong().children(title), p().class("soft").children(text)))))
            .into()
    };
    section()
        .id("privacy")
        .attr("aria-labelledby", "privacy-title")
        .children((
            heading("privacy-title", l.t("privacy-title"), l.t("privacy-text")),
            div().class("privacy").children((
                figure().class("map").role("img").attr("aria-label", l.t("map-label")).children(
                    div().class("map-places").attr("aria-hidden", "true").children((
                        place("place you", l.t("map-you"), l.t("map-you-text")),
                        span().class("wire").children(l.t("map-wire-messages")),
                        div().class("place agent").children((
                            strong().children(l.t("map-agent")),
                            span().class("soft small").children(l.t("map-agent-text")),
                        )),
                        span().class("wire").children(l.t("map-wire-guarded")),
                        div().class("map-pair").children((
                            place("place", l.t("map-model"), l.t("map-model-text")),
                            place("place", l.t("map-tools"), l.t("map-tools-text")),
                        )),
                    )),
                ),
                ul().class("points").children((
                    point(l.t("privacy-1-title"), l.t("privacy-1-text")),
                    point(l.t("privacy-2-title"), l.t("privacy-2-text")),
                    point(l.t("privacy-3-title"), l.t("privacy-3-text")),
                    point(l.t("privacy-4-title"), l.t("privacy-4-text")),
                )),
            )),
        ))
        .into()
}

fn questions(l: Locale) -> View {
    let question = |title: String, text: String| -> View {
        details().children((summary().children(title), p().children(text))).into()
    };
    section()
        .id("questions")
        .attr("aria-labelledby", "questions-title")
        .children((
            div().class("section-head").children(h2().id("questions-title").children(l.t("questions-title"))),
            div().class("questions").children((
                question(l.t("question-1"), l.t("answer-1")),
                question(l.t("question-2"), l.t("answer-2")),
                question(l.t("question-3"), l.t("answer-3")),
                question(l.t("question-4"), l.t("answer-4")),
                question(l.t("question-5"), l.t("answer-5")),
                question(l.t("question-6"), l.t("answer-6")),
            )),
        ))
        .into()
}
