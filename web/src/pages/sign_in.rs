//! Signing in by a link sent to an e-mail address.

use crate::{
    browser,
    components::prelude::*,
    document::{MailedPage, SignInPage, UseLinkPage},
};

/// The form whose button uses the link.
const USE: &str = "use-link";

/// Asks for the address.
pub(crate) fn ask(l: Locale, page: SignInPage) -> View {
    div()
        .class("narrow")
        .children((
            h1().class("h2").children(l.t("sign-in-title")),
            p().class("soft").children(l.t("sign-in-text")),
            problem_banner(l, page.problem.as_ref()),
            email_form(l, page.next),
        ))
        .into()
}

/// The field and its button.
pub(crate) fn email_form(l: Locale, next: Option<String>) -> View {
    let fields = next.map(|next| vec![("next", next)]).unwrap_or_default();
    post(
        l.path("/sign-in"),
        fields,
        (
            field(
                "email",
                l.t("sign-in-email"),
                None,
                None,
                input()
                    .r#type("email")
                    .id("email")
                    .name("email")
                    .attr("autocomplete", "email")
                    .bool_attr("required", true)
                    .attr("data-test", "email-input")
                    .into(),
            ),
            submit(Weight::Primary, l.t("sign-in-send")).attr("data-test", "email-submit"),
            p().class("soft small").children(l.t("sign-in-note")),
        ),
    )
    .class("stack")
    .into()
}

/// The link was opened. The browser that asked for it goes on by itself; in any other the person says so. A mail
/// scanner, which only looks, uses nothing up.
pub(crate) fn use_link(l: Locale, page: UseLinkPage) -> View {
    let (words, action) = if page.asked_here {
        on_mount(|| {
            let button = document().get_element_by_id(USE);
            let button = button.and_then(|button| wasm_bindgen::JsCast::dyn_into::<web_sys::HtmlElement>(button).ok());
            if let Some(button) = button {
                button.click();
            }
        });
        (l.t("sign-in-going-on"), l.t("sign-in-go-on"))
    } else {
        (l.t("sign-in-confirm"), l.t("sign-in-confirm-go-on"))
    };
    div()
        .class("narrow")
        .children((
            h1().class("h2").children(l.t("sign-in-title")),
            p().class("soft").children(words),
            post(
                l.path("/session"),
                vec![("token", page.token)],
                submit(Weight::Primary, action).id(USE).attr("data-test", "use-link"),
            ),
        ))
        .into()
}

/// A link is on its way.
pub(crate) fn mailed(l: Locale, page: MailedPage, dev: bool) -> View {
    let outbox = if dev {
        banner(
            Tone::Info,
            p().children((
                span().children(l.t("mailed-dev")),
                " ",
                a().href(l.path("/outbox")).attr("data-test", "outbox").children(l.t("mailed-outbox")),
            )),
        )
    } else {
        View::new()
    };
    div()
        .class("narrow")
        .attr("data-test", "mailed")
        .children((
            h1().class("h2").children(l.t("mailed-title")),
            p().children(l.with("mailed-text", &[("email", page.email.into())])),
            p().class("soft").children(l.t("mailed-note")),
            outbox,
            p().children(
                button()
                    .class("as-link")
                    .r#type("button")
                    .on(on_event::click, |_| browser::back())
                    .children(l.t("mailed-again")),
            ),
        ))
        .into()
}
