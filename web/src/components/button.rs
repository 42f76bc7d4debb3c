//! Buttons, links that look like them, and the forms around them.

use super::prelude::*;

/// How much a button matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// The one main action of a view.
    Primary,
    /// Any other.
    Quiet,
    /// What cannot be undone.
    Danger,
}

impl Weight {
    fn class(self) -> &'static str {
        match self {
            Self::Primary => "button primary",
            Self::Quiet => "button",
            Self::Danger => "button danger",
        }
    }
}

/// A link that looks like a button.
pub(crate) fn link_button(weight: Weight, href: String, label: String) -> HtmlA {
    a().class(weight.class()).href(href).children(label)
}

/// A button that sends its form. While it is on its way it keeps its width and says so.
pub(crate) fn submit(weight: Weight, label: String) -> HtmlButton {
    button().class(weight.class()).r#type("submit").children(span().class("label").children(label))
}

/// A button that does something in the browser.
pub(crate) fn press(weight: Weight, label: String) -> HtmlButton {
    button().class(weight.class()).r#type("button").children(span().class("label").children(label))
}

/// A form that posts hidden fields.
pub(crate) fn post(action: String, fields: Vec<(&'static str, String)>, inner: impl Into<View>) -> HtmlForm {
    let hidden: Vec<View> =
        fields.into_iter().map(|(name, value)| input().r#type("hidden").name(name).value(value).into()).collect();
    form().method("post").action(action).children((hidden, inner.into()))
}
