//! The API's errors as sentences for people.

use openclaw_api_types::Problem;

use super::prelude::*;

/// What happened and what to do, in the reader's language.
pub(crate) fn sentence(l: Locale, problem: &Problem) -> String {
    let code = problem.code();
    // Only this one is written for people, by the component that asked.
    if code == "invalid-answer" && !problem.detail.is_empty() {
        return problem.detail.clone();
    }
    l.find(&format!("problem-{code}"), &[]).unwrap_or_else(|| l.t("problem-other"))
}

/// The same as a banner; nothing without a problem.
pub(crate) fn problem_banner(l: Locale, problem: Option<&Problem>) -> View {
    problem.map(|problem| banner(Tone::Danger, p().children(sentence(l, problem)))).unwrap_or_default()
}
