//! Banners, empty states, chips, and the dialog.

use super::prelude::*;
use crate::browser;

/// What a banner or chip is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Neutral,
    Ok,
    Info,
    Warning,
    Danger,
}

impl Tone {
    fn name(self) -> &'static str {
        match self {
            Self::Neutral => "neutral",
            Self::Ok => "ok",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Danger => "danger",
        }
    }
}

/// A few words in a box of their own.
pub(crate) fn chip(tone: Tone, label: String) -> View {
    span().class(format!("chip {}", tone.name())).children(label).into()
}

/// Something that holds for the whole view.
pub(crate) fn banner(tone: Tone, content: impl Into<View>) -> View {
    let role = if tone == Tone::Danger { "alert" } else { "status" };
    div().class(format!("banner {}", tone.name())).role(role).children(div().children(content.into())).into()
}

/// Nothing is here yet: what it is, why it is empty, and the one next thing to do.
pub(crate) fn empty(title: String, text: String, action: impl Into<View>) -> View {
    div().class("empty").children((h2().class("h4").children(title), p().children(text), action.into())).into()
}

/// A dialog that asks before something is done that cannot be undone. `confirm` is the form that does it.
pub(crate) fn dialog_box(l: Locale, id: &'static str, title: String, text: String, confirm: impl Into<View>) -> View {
    let heading = format!("{id}-title");
    dialog()
        .id(id)
        .class("dialog")
        .attr("aria-labelledby", heading.clone())
        .children((
            h2().class("h4").id(heading).children(title),
            p().children(text),
            div().class("actions end").children((
                press(Weight::Quiet, l.t("shell-back-out")).on(on_event::click, move |_| browser::close_dialog(id)),
                confirm.into(),
            )),
        ))
        .into()
}
