//! What stands around every page: the way past it, header, footer.

use openclaw_api_types::Customer;

use super::prelude::*;
use crate::{
    browser,
    document::{Document, Page},
};

/// The cookie that keeps the choice of light or dark; the server reads it.
pub(crate) const THEME: &str = "openclaw_theme";

/// What the frame needs to know of a page.
pub(crate) struct Frame {
    locale: Locale,
    path: String,
    customer: Option<Customer>,
    dev: bool,
    admin: bool,
    /// One question, one decision: nothing around it to wander off to.
    focused: bool,
}

impl Frame {
    /// The frame of a page.
    pub(crate) fn of(document: &Document) -> Self {
        Self {
            locale: document.locale,
            path: document.path.clone(),
            customer: document.customer.clone(),
            dev: document.dev,
            admin: matches!(document.page, Page::Admin(_)),
            focused: matches!(
                document.page,
                Page::Question(_) | Page::Summary(_) | Page::Plan(_) | Page::DemoCheckout(_) | Page::Progress(_)
            ),
        }
    }

    /// Puts it around a page.
    pub(crate) fn around(self, page: View) -> View {
        let l = self.locale;
        (
            a().class("skip").href("#main").children(l.t("shell-skip")),
            self.header(),
            main().id("main").tabindex("-1").class(if self.admin { "wide" } else { "" }).children(page),
            self.footer(),
        )
            .into()
    }

    fn header(&self) -> View {
        let l = self.locale;
        let other = l.other();
        let links: View = if self.focused {
            View::new()
        } else {
            let account: View = match &self.customer {
                Some(_) => a().href(l.path("/agents")).children(l.t("shell-my-agents")).into(),
                None => a().href(l.path("/sign-in")).children(l.t("shell-sign-in")).into(),
            };
            (
                a().class("wide-only").href(format!("{}#niches", l.path(""))).children(l.t("shell-niches")),
                a().class("wide-only").href(format!("{}#prices", l.path(""))).children(l.t("shell-prices")),
                account,
            )
                .into()
        };
        header()
            .class("site-header")
            .children(
                div().class("bar").children((
                    a().class("brand").href(l.path("")).children((mark(), span().children(l.t("shell-brand")))),
                    nav().attr("aria-label", l.t("shell-navigation")).children((
                        links,
                        a().class("square")
                            .href(other.path(&self.path))
                            .attr("hreflang", other.tag())
                            .lang(other.tag())
                            .attr("aria-label", l.t("shell-other-language"))
                            .children(span().attr("aria-hidden", "true").children(other.code().to_uppercase())),
                        button()
                            .r#type("button")
                            .class("square theme")
                            .attr("aria-label", l.t("shell-theme"))
                            .attr("title", l.t("shell-theme"))
                            .on(on_event::click, |_| switch_theme())
                            .children(icon(Icon::Theme)),
                    )),
                )),
            )
            .into()
    }

    fn footer(&self) -> View {
        let l = self.locale;
        let sign_out = match &self.customer {
            Some(customer) => post(
                l.path("/sign-out"),
                vec![],
                (
                    span().class("soft").children(customer.email.clone()),
                    " ",
                    button().class("as-link").r#type("submit").children(l.t("shell-sign-out")),
                ),
            )
            .class("sign-out")
            .into(),
            None => View::new(),
        };
        let dev = if self.dev {
            (
                a().href(l.path("/outbox")).children(l.t("shell-outbox")),
                a().href(l.path("/admin")).children(l.t("shell-admin")),
                a().href(l.path("/design")).children(l.t("shell-design")),
                chip(Tone::Warning, l.t("shell-dev")),
            )
                .into()
        } else {
            View::new()
        };
        footer()
            .class("site-footer")
            .children(div().class("bar").children((
                p().class("soft").children(l.t("shell-footer")),
                nav().attr("aria-label", l.t("shell-footer-navigation")).children((sign_out, dev)),
            )))
            .into()
    }
}

/// The mark: two halves that close on a point.
fn mark() -> View {
    svg()
        .class("mark")
        .attr("viewBox", "0 0 24 24")
        .attr("aria-hidden", "true")
        .children((
            path().attr("d", "M4 12a8 8 0 0 1 13.500-5.800L13 10.500a2.500 2.500 0 0 0-3.500 1.500z"),
            path().attr("d", "M4 13.500h5.700a2.500 2.500 0 0 0 3.500 0L18 17.300A8 8 0 0 1 4 13.500z"),
            circle().attr("cx", "19").attr("cy", "12").attr("r", "2"),
        ))
        .into()
}

fn switch_theme() {
    let Some(html) = document().document_element() else { return };
    let dark = match html.get_attribute("data-theme").as_deref() {
        Some("dark") => true,
        Some("light") => false,
        _ => prefers_dark(),
    };
    let theme = if dark { "light" } else { "dark" };
    let _ = html.set_attribute("data-theme", theme);
    browser::remember(THEME, theme);
}

fn prefers_dark() -> bool {
    window().match_media("(prefers-color-scheme: dark)").ok().flatten().is_some_and(|query| query.matches())
}
