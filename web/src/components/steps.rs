//! The list of what happens between payment and a live agent, with its times.

use openclaw_api_types::{Progress, ProgressStep};

use super::prelude::*;
use crate::format::{self, Millis};

/// Where a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Waiting,
    Running,
    Done,
    Failed,
}

fn phase(step: &ProgressStep, failed: bool) -> Phase {
    match (&step.started_at, step.millis) {
        (_, Some(_)) => Phase::Done,
        (Some(_), None) if failed => Phase::Failed,
        (Some(_), None) => Phase::Running,
        (None, None) => Phase::Waiting,
    }
}

/// The steps; `now` ticks.
pub(crate) fn progress_list(l: Locale, progress: ReadSignal<Progress>, now: ReadSignal<Millis>) -> View {
    let steps = create_memo(move || progress.with(|progress| progress.steps.clone()));
    let failed = create_memo(move || progress.with(|progress| progress.error.is_some()));
    let names: Vec<String> = progress.with_untracked(|p| p.steps.iter().map(|step| step.name.clone()).collect());
    let shown = create_memo(move || steps.with(|steps| steps.iter().map(|step| step.name.clone()).collect::<Vec<_>>()));
    debug_assert_eq!(names.len(), shown.with_untracked(Vec::len));
    ol().class("steps")
        .attr("aria-live", "polite")
        .children(Keyed(
            KeyedProps::builder()
                .list(shown)
                .key(|name: &String| name.clone())
                .view(move |name: String| progress_step(l, name, steps, failed, now))
                .build(),
        ))
        .into()
}

fn progress_step(
    l: Locale,
    name: String,
    steps: ReadSignal<Vec<ProgressStep>>,
    failed: ReadSignal<bool>,
    now: ReadSignal<Millis>,
) -> View {
    let key = name.clone();
    let step = create_memo(move || steps.with(|steps| steps.iter().find(|step| step.name == key).cloned()));
    let at = create_memo(move || step.with(|step| step.as_ref().map_or(Phase::Waiting, |s| phase(s, failed.get()))));
    let title = l.find(&format!("step-{name}"), &[]).unwrap_or_else(|| name.clone());
    li().class(move || match at.get() {
        Phase::Waiting => "step waiting",
        Phase::Running => "step running",
        Phase::Done => "step done",
        Phase::Failed => "step failed",
    })
    .attr("data-test", format!("progress-step-{name}"))
    .children((
        span().class("step-mark").attr("aria-hidden", "true").children((icon(Icon::Check), icon(Icon::Cross))),
        span().class("step-title").children(title),
        span().class("visually-hidden").children(move || match at.get() {
            Phase::Waiting => l.t("progress-waiting"),
            Phase::Running => l.t("progress-running"),
            Phase::Done => l.t("progress-done"),
            Phase::Failed => l.t("progress-failed"),
        }),
        // The ticking time is not read aloud: a done step's is, once.
        span()
            .class("step-time")
            .attr("aria-hidden", "true")
            .children(move || step.with(|step| step.as_ref().map(|step| elapsed(l, step, now)).unwrap_or_default())),
    ))
    .into()
}

fn elapsed(l: Locale, step: &ProgressStep, now: ReadSignal<Millis>) -> String {
    match (step.millis, step.started_at.as_deref().and_then(format::instant)) {
        (Some(millis), _) => format::duration(l, millis),
        (None, Some(start)) => format::duration(l, (now.get() - start).max(0).unsigned_abs()),
        (None, None) => String::new(),
    }
}
