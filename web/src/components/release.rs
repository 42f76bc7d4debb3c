//! What tells one release from another: its digest, its publisher, where it is in its life.

use openclaw_api_types::{ReleasePublisher, ReleaseState, Trust};

use super::prelude::*;

/// A digest's first digits; all of it on hovering.
pub(crate) fn short_digest(digest: &str) -> View {
    let digits: String = digest.trim_start_matches("sha256:").chars().take(8).collect();
    code().attr("title", digest.to_owned()).children(digits).into()
}

/// A value to copy, whole, with a button where scripts run.
pub(crate) fn copyable(l: Locale, value: &str) -> View {
    span()
        .class("copyable")
        .children((
            code().children(value.to_owned()),
            button()
                .r#type("button")
                .class("copy")
                .attr("data-copy", value.to_owned())
                .attr("data-copied", l.t("copy-done"))
                .children(l.t("copy")),
        ))
        .into()
}

/// Where a release is, in a word.
pub(crate) fn release_chip(l: Locale, state: ReleaseState) -> View {
    let (tone, label) = match state {
        ReleaseState::Pending => (Tone::Warning, l.t("release-pending")),
        ReleaseState::Rejected => (Tone::Danger, l.t("release-rejected")),
        ReleaseState::Approved => (Tone::Info, l.t("release-approved")),
        ReleaseState::Active => (Tone::Ok, l.t("release-active")),
        ReleaseState::Retired => (Tone::Neutral, l.t("release-retired")),
    };
    chip(tone, label)
}

/// Who published a release, and whether that is proved.
pub(crate) fn publisher_chip(l: Locale, publisher: &ReleasePublisher) -> View {
    match publisher.trust {
        Trust::Verified => {
            let name = publisher.name.clone().unwrap_or_default();
            chip(Tone::Ok, l.with("trust-verified", &[("name", name.into())]))
        }
        Trust::Revoked => chip(Tone::Danger, l.t("trust-revoked")),
        Trust::Unknown => chip(Tone::Warning, l.t("trust-unknown")),
        Trust::Unsigned => chip(Tone::Neutral, l.t("trust-unsigned")),
    }
}

/// What that means, in a sentence.
pub(crate) fn trust_words(l: Locale, publisher: &ReleasePublisher) -> String {
    match publisher.trust {
        Trust::Verified => l.t("trust-verified-text"),
        Trust::Revoked => l.t("trust-revoked-text"),
        Trust::Unknown => l.t("trust-unknown-text"),
        Trust::Unsigned => l.t("trust-unsigned-text"),
    }
}

/// How far a release is on its way to everybody, as a bar.
pub(crate) fn share_bar(l: Locale, share: u8) -> View {
    svg()
        .class("share-bar")
        .attr("viewBox", "0 0 100 4")
        .attr("preserveAspectRatio", "none")
        .attr("role", "img")
        .attr("aria-label", l.with("share-bar", &[("share", i64::from(share).into())]))
        .children(rect().attr("width", share.to_string()).attr("height", "4"))
        .into()
}

/// Who did a step, as people call them.
pub(crate) fn who(l: Locale, name: &str) -> String {
    match name {
        "rule" => l.t("who-rule"),
        "platform" => l.t("who-platform"),
        other => other.to_owned(),
    }
}

/// Longest reason the API takes, in characters.
const LONGEST_REASON: &str = "500";

/// The field for why a step is taken.
pub(crate) fn reason_field(l: Locale, id: &'static str, typed: &str, required: bool) -> View {
    let name = if required { l.t("reason-required") } else { l.t("reason-optional") };
    field(
        id,
        name,
        None,
        None,
        textarea()
            .id(id)
            .name("reason")
            .attr("rows", "2")
            .attr("maxlength", LONGEST_REASON)
            .bool_attr("required", required)
            .children(typed.to_owned())
            .into(),
    )
}
