//! Pages that only say something: not found, away, went wrong.

use crate::{components::prelude::*, document::MessagePage};

/// It.
pub(crate) fn view(l: Locale, page: MessagePage) -> View {
    let text = match &page.problem {
        Some(problem) => sentence(l, problem),
        None => l.t(page.kind.text_key()),
    };
    div()
        .class("narrow stack message")
        .children((
            h1().class("h2").children(l.t(page.kind.title_key())),
            p().children(text),
            div().class("actions").children(link_button(Weight::Primary, l.path(""), l.t("message-home"))),
        ))
        .into()
}
