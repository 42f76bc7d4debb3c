//! A niche: what it does by example, its tools, what it asks to use and why, what it will not do, the price.

use openclaw_api_types::{Conversation, HostWish, NicheDetail, NicheStatus, Wish};

use crate::{accent, components::prelude::*, document::NichePage, format};

/// It.
pub(crate) fn view(l: Locale, page: NichePage) -> View {
    let id = page.niche.summary.id.clone();
    let active = page.niche.summary.status == NicheStatus::Active;
    still(move || {
        let niche = &page.niche;
        (
            head(l, &page),
            examples(l, niche),
            div().class("columns").children((
                panel("tools", l.t("niche-tools-title"), tools(l, niche)),
                panel("limits", l.t("niche-limits-title"), limits(niche)),
                panel("wishes", l.t("niche-wishes-title"), wishes(l, niche)),
            )),
            section().class("narrow-section").attr("aria-labelledby", "prices-title").children((
                h2().id("prices-title").children(l.t("prices-title")),
                price_table(l, &page.tiers),
                p().class("soft small").children(l.t("prices-note")),
            )),
            section().class("closing").children((
                if active { start(l, &id) } else { banner(Tone::Info, p().children(l.t("niche-soon-text"))) },
                p().class("soft small")
                    .children(l.with("niche-version", &[("version", niche.version.as_str().into())])),
            )),
        )
            .into()
    })
}

fn start(l: Locale, id: &str) -> View {
    post(
        l.path(&format!("/start/{id}")),
        vec![],
        submit(Weight::Primary, l.t("niche-start")).attr("data-test", "start"),
    )
    .into()
}

fn head(l: Locale, page: &NichePage) -> View {
    let niche = &page.niche.summary;
    let active = niche.status == NicheStatus::Active;
    let lines: Vec<View> = niche.highlights.iter().map(|line| li().children(line.clone()).into()).collect();
    let from = page
        .tiers
        .iter()
        .map(|tier| tier.price_cents)
        .min()
        .map(|cents| l.with("niche-from", &[("price", format::money(l, cents).into())]))
        .unwrap_or_default();
    let action = if active {
        div().class("actions").children((start(l, &niche.id), span().class("soft").children(from))).into()
    } else {
        banner(Tone::Info, p().children(l.t("niche-soon-text")))
    };
    let shown = page.niche.examples.first().map(|example| window(l, &page.niche, example)).unwrap_or_default();
    section()
        .class(format!("niche-head {}", accent::class(&niche.accent)))
        .children(
            div().class("niche-words").children((
                a().class("back")
                    .href(format!("{}#niches", l.path("")))
                    .children((icon(Icon::Back), span().children(l.t("niche-all")))),
                p().class("niche-name").children((
                    span().class("emoji").attr("aria-hidden", "true").children(niche.icon.clone()),
                    niche.name.clone(),
                    if active { View::new() } else { chip(Tone::Neutral, l.t("niche-status-soon")) },
                )),
                h1().children(niche.tagline.clone()),
                ul().class("ticks").children(lines),
                action,
            )),
        )
        .children(shown)
        .into()
}

/// An example conversation.
fn window(l: Locale, niche: &NicheDetail, example: &Conversation) -> View {
    figure()
        .class(format!("window {}", accent::class(&niche.summary.accent)))
        .children((
            figcaption().class("window-head").children((
                span().class("window-title").children(example.title.clone()),
                chip(Tone::Neutral, l.t("landing-example")),
            )),
            transcript(l, example, &niche.summary.name),
        ))
        .into()
}

/// The examples after the first, which stands beside the head.
fn examples(l: Locale, niche: &NicheDetail) -> View {
    let all: Vec<View> = niche.examples.iter().skip(1).map(|example| window(l, niche, example)).collect();
    if all.is_empty() {
        return View::new();
    }
    section()
        .attr("aria-labelledby", "examples-title")
        .children((
            div().class("section-head").children(h2().id("examples-title").children(l.t("niche-examples-title"))),
            div().class("windows").children(all),
        ))
        .into()
}

fn panel(id: &'static str, title: String, content: View) -> View {
    let heading = format!("{id}-title");
    section()
        .class("panel")
        .attr("aria-labelledby", heading.clone())
        .children((h2().class("h4").id(heading).children(title), content))
        .into()
}

fn tools(l: Locale, niche: &NicheDetail) -> View {
    if niche.tools.is_empty() {
        return p().class("soft").children(l.t("niche-no-tools")).into();
    }
    let all: Vec<View> = niche
        .tools
        .iter()
        .map(|tool| {
            li().children((
                strong().children(tool.title.clone()),
                if tool.read_only { View::new() } else { chip(Tone::Info, l.t("niche-tool-changes")) },
            ))
            .into()
        })
        .collect();
    ul().class("plain-list").children(all).into()
}

fn limits(niche: &NicheDetail) -> View {
    let all: Vec<View> = niche
        .limits
        .iter()
        .map(|limit| li().children((icon(Icon::Cross), span().children(limit.clone()))).into())
        .collect();
    ul().class("plain-list crosses").children(all).into()
}

fn wishes(l: Locale, niche: &NicheDetail) -> View {
    let wish = |wish: &Wish| -> View {
        li().children((
            strong().children(wish.name.clone()),
            if wish.required { chip(Tone::Info, l.t("niche-wish-required")) } else { View::new() },
            p().class("soft").children(wish.reason.clone()),
        ))
        .into()
    };
    let host = |wish: &HostWish| -> View {
        li().attr("data-test", "host-wish")
            .children((strong().children(host_words(l, wish)), p().class("soft").children(wish.reason.clone())))
            .into()
    };
    let hosts = niche.wishes.hosts.iter().map(host);
    let mut all: Vec<View> = hosts.chain(niche.wishes.connections.iter().map(wish)).collect();
    if niche.wishes.storage_bytes > 0 {
        let size = i64::try_from(niche.wishes.storage_bytes).unwrap_or(i64::MAX);
        all.push(
            li().children((
                strong().children(l.with("niche-storage", &[("size", format::bytes(l, size).into())])),
                p().class("soft").children(l.t("niche-storage-text")),
            ))
            .into(),
        );
    }
    if all.is_empty() {
        return p().class("soft").children(l.t("niche-no-wishes")).into();
    }
    (ul().class("plain-list").children(all), p().class("soft small").children(l.t("niche-wishes-note"))).into()
}

/// Methods that ask for something and leave nothing there (RFC 9110, 9.2.1).
const SAFE: [&str; 3] = ["GET", "HEAD", "OPTIONS"];

/// What is done with a host.
fn host_words(l: Locale, wish: &HostWish) -> String {
    let only_reads = wish.methods.as_ref().is_some_and(|methods| methods.iter().all(|m| SAFE.contains(&m.as_str())));
    let key = if only_reads { "niche-host-reads" } else { "niche-host-sends" };
    l.with(key, &[("host", place_words(l, &wish.name).into())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_is_only_read_from_is_told_from_one_that_gets_data() {
        let words = |l, name: &str, methods: Option<&[&str]>| {
            let methods = methods.map(|methods| methods.iter().map(|method| (*method).to_owned()).collect());
            host_words(l, &HostWish { name: name.into(), methods, reason: String::new() })
        };
        assert_eq!(words(Locale::En, "api.example.com", Some(&["GET", "HEAD"])), "Reads from api.example.com");
        assert_eq!(words(Locale::Pt, "api.example.com", Some(&["GET", "HEAD"])), "Lê de api.example.com");
        let sends = "Sends data to api.example.com and reads its answers";
        assert_eq!(words(Locale::En, "api.example.com", Some(&["GET", "POST"])), sends);
        assert_eq!(words(Locale::En, "api.example.com", None), sends);
        let below = "Envia dados para todo endereço abaixo de example.com e lê as respostas";
        assert_eq!(words(Locale::Pt, "*.example.com", None), below);
        assert_eq!(words(Locale::En, "*", Some(&["GET"])), "Reads from any site");
    }
}
