//! From payment to a live agent, as it happens.

use openclaw_api_types::{AgentState, Progress};

use crate::{browser, components::prelude::*, document::ProgressPage};

/// How often the running step's time moves, in milliseconds.
const TICK: i32 = 100;

/// It.
pub(crate) fn view(l: Locale, page: ProgressPage, now: i64) -> View {
    let id = page.checkout.id.clone();
    let progress = create_signal(page.progress);
    let clock = create_signal(now);
    on_mount(move || {
        // The server's clock goes on from here, so that a wrong clock at the reader's shows no wrong times.
        let ahead = browser::now() - now;
        browser::every(TICK, move || {
            let running = progress.with_untracked(|progress| !settled(progress));
            if running {
                clock.set(browser::now() - ahead);
            }
        });
        let take = move |data: String| {
            if let Ok(news) = serde_json::from_str::<Progress>(&data) {
                progress.set(news);
            }
            progress.with_untracked(|progress| !settled(progress))
        };
        if progress.with_untracked(settled) {
            return;
        }
        browser::listen(format!("/v1/checkout/{id}/events"), vec![("progress", Box::new(take))], || {});
    });
    let live = create_memo(move || progress.with(|progress| progress.state == Some(AgentState::Live)));
    let failed = create_memo(move || progress.with(|progress| progress.error.clone()));
    div()
        .class("narrow stack progress")
        .children((
            h1().class("h2").children(move || {
                if live.get() {
                    l.t("progress-live-title")
                } else if failed.with(Option::is_some) {
                    l.t("progress-failed-title")
                } else {
                    l.t("progress-title")
                }
            }),
            p().class("soft").attr("aria-live", "polite").children(move || {
                if live.get() {
                    l.t("progress-live-text")
                } else if let Some(reason) = failed.get_clone() {
                    l.find(&format!("agent-reason-{reason}"), &[]).unwrap_or_else(|| l.t("progress-failed-text"))
                } else {
                    l.t("progress-text")
                }
            }),
            progress_list(l, *progress, *clock),
            div()
                .class("progress-end")
                .children(move || if live.get() { ready(l, progress.get_clone()) } else { View::new() }),
        ))
        .into()
}

/// Nothing more will happen.
fn settled(progress: &Progress) -> bool {
    progress.state == Some(AgentState::Live) || progress.error.is_some()
}

/// The ways to the agent.
fn ready(l: Locale, progress: Progress) -> View {
    let Some(agent) = progress.agent else { return View::new() };
    let telegram = progress.telegram_url.map(|url| telegram(l, url)).unwrap_or_default();
    div()
        .class("ready")
        .children((
            link_button(Weight::Primary, l.path(&format!("/agents/{agent}")), l.t("progress-open-chat"))
                .attr("data-test", "open-chat"),
            telegram,
        ))
        .into()
}

/// The agent's Telegram bot: a link, and a code for the phone.
pub(crate) fn telegram(l: Locale, url: String) -> View {
    let code = url.strip_prefix("https://t.me/").map(|bot| format!("/qr/telegram/{bot}"));
    let code = code.map(|source| {
        div()
            .class("qr")
            .children((
                img().src(source).alt(l.t("telegram-qr")).attr("width", "132").attr("height", "132"),
                p().class("soft small").children(l.t("telegram-qr-text")),
            ))
            .into()
    });
    div()
        .class("telegram")
        .children((
            link_button(Weight::Quiet, url, l.t("telegram-open"))
                .attr("rel", "external noopener")
                .attr("data-test", "open-telegram"),
            View::from(code),
        ))
        .into()
}
