//! The interview: one question a screen, then what was said.

use openclaw_api_types::{NicheSummary, Question, QuestionInput};

use sycamore::web::tags;

use crate::{
    accent,
    components::prelude::*,
    document::{QuestionPage, SummaryPage},
};

/// A `telegram-token` answer that stands for the web chat alone.
const WEB_CHAT: &str = "web-chat";

/// A question.
pub(crate) fn question(l: Locale, page: QuestionPage) -> View {
    let QuestionPage { onboarding, question, value, error } = page;
    let action = l.path(&format!("/onboarding/{}", onboarding.id));
    let position = onboarding.answered.iter().position(|answer| answer.question.id == question.id);
    let before = match position {
        Some(index) => index.checked_sub(1),
        None => onboarding.answered.len().checked_sub(1),
    };
    let back = before
        .and_then(|index| onboarding.answered.get(index))
        .map(|answer| format!("{action}?at={}", answer.question.id))
        .unwrap_or_else(|| l.path(&format!("/niches/{}", onboarding.niche.id)));
    let why = question.why.clone().map(|why| {
        View::from(
            details().class("why").children((tags::summary().children(l.t("onboarding-why")), p().children(why))),
        )
    });
    let skip = if question.optional {
        button()
            .class("button")
            .r#type("submit")
            .name("skip")
            .value("yes")
            .bool_attr("formnovalidate", true)
            .children(span().class("label").children(l.t("onboarding-skip")))
            .into()
    } else {
        View::new()
    };
    div()
        .class(format!("interview {}", accent::class(&onboarding.niche.accent)))
        .attr("data-test", "question")
        .attr("data-question", question.id.clone())
        .attr("data-example", question.example.clone())
        .children((
            interview_head(l, &onboarding.niche, question.position, question.total),
            form().method("post").action(action).attr("novalidate", "").children((
                input().r#type("hidden").name("question").value(question.id.clone()),
                answer_field(l, &question, &value, error),
                why.unwrap_or_default(),
                div().class("actions").children((
                    submit(Weight::Primary, l.t("onboarding-next")).attr("data-test", "answer-submit"),
                    skip,
                    a().class("back")
                        .href(back)
                        .attr("data-test", "back")
                        .children((icon(Icon::Back), span().children(l.t("onboarding-back")))),
                )),
            )),
        ))
        .into()
}

fn interview_head(l: Locale, niche: &NicheSummary, position: u32, total: u32) -> View {
    let total = total.max(position);
    let dots: Vec<View> = (1..=total)
        .map(|dot| {
            li().class(match dot.cmp(&position) {
                std::cmp::Ordering::Less => "done",
                std::cmp::Ordering::Equal => "now",
                std::cmp::Ordering::Greater => "",
            })
            .into()
        })
        .collect();
    div()
        .class("interview-head")
        .children((
            p().class("niche-name").children((
                span().class("emoji").attr("aria-hidden", "true").children(niche.icon.clone()),
                niche.name.clone(),
            )),
            p().class("soft small").children(l.with(
                "onboarding-position",
                &[("position", i64::from(position).into()), ("total", i64::from(total).into())],
            )),
            ol().class("stepper").attr("aria-hidden", "true").children(dots),
        ))
        .into()
}

/// The question as the label of its input; several inputs are grouped under it.
fn answer_field(l: Locale, question: &Question, value: &str, error: Option<String>) -> View {
    let described = described_by(question, error.is_some());
    let example =
        question.example.as_ref().map(|example| l.with("onboarding-example", &[("example", example.as_str().into())]));
    let hint = match (&question.help, example) {
        (Some(help), Some(example)) => Some(format!("{help} {example}")),
        (Some(help), None) => Some(help.clone()),
        (None, example) => example,
    };
    let hint: View =
        hint.map(|hint| p().class("help").id("answer-help").children(hint)).map(View::from).unwrap_or_default();
    let invalid = error.is_some();
    let error = field_error("answer", error);
    let group =
        matches!(question.input, QuestionInput::Choice { .. } | QuestionInput::YesNo | QuestionInput::TelegramToken);
    let control = control(l, question, value, described, invalid);
    let class = if invalid { "field big invalid" } else { "field big" };
    if group {
        fieldset().class(class).children((html_legend(question.title.clone()), hint, control, error)).into()
    } else {
        div()
            .class(class)
            .children((
                h1().class("question-title").children(label().attr("for", "answer").children(question.title.clone())),
                hint,
                control,
                error,
            ))
            .into()
    }
}

fn html_legend(text: String) -> View {
    legend().children(h1().class("question-title").children(text)).into()
}

fn described_by(question: &Question, invalid: bool) -> Option<String> {
    let help = question.help.is_some() || question.example.is_some();
    match (help, invalid) {
        (true, true) => Some("answer-error answer-help".into()),
        (true, false) => Some("answer-help".into()),
        (false, true) => Some("answer-error".into()),
        (false, false) => None,
    }
}

fn control(l: Locale, question: &Question, value: &str, described: Option<String>, invalid: bool) -> View {
    let wrong = invalid.then(|| "true".to_owned());
    let line = |mode: &'static str, max: u32| {
        input()
            .r#type("text")
            .id("answer")
            .name("value")
            .value(value.to_owned())
            .attr("data-test", "answer-input")
            .attr("inputmode", mode)
            .attr("maxlength", max.to_string())
            .attr("autocomplete", "off")
            .attr("aria-describedby", described.clone())
            .attr("aria-invalid", wrong.clone())
            .bool_attr("autofocus", true)
    };
    match &question.input {
        QuestionInput::Text { multiline: true, max, .. } => textarea()
            .id("answer")
            .name("value")
            .attr("rows", "4")
            .attr("maxlength", max.to_string())
            .attr("data-test", "answer-input")
            .attr("aria-describedby", described)
            .attr("aria-invalid", wrong)
            .bool_attr("autofocus", true)
            .children(value.to_owned())
            .into(),
        QuestionInput::Text { max, .. } => line("text", *max).into(),
        QuestionInput::Number { unit, .. } => {
            let unit = unit.clone().map(|unit| View::from(span().class("unit").children(unit)));
            div().class("with-unit").children((line("numeric", 20), View::from(unit))).into()
        }
        QuestionInput::TelegramUser => line("numeric", 20).into(),
        QuestionInput::YesNo => choices(
            [("yes", l.t("answer-yes"), None), ("no", l.t("answer-no"), None)]
                .map(|(id, label, help)| (id.to_owned(), label, help))
                .to_vec(),
            value,
        ),
        QuestionInput::Choice { options } => choices(
            options.iter().map(|option| (option.id.clone(), option.label.clone(), option.help.clone())).collect(),
            value,
        ),
        QuestionInput::TelegramToken => telegram_token(l, value, described, wrong),
    }
}

fn choices(options: Vec<(String, String, Option<String>)>, value: &str) -> View {
    let all: Vec<View> =
        options.into_iter().map(|(id, label, help)| choice(id, label, help, value, View::new())).collect();
    div().class("choices").children(all).into()
}

fn choice(id: String, text: String, help: Option<String>, value: &str, more: View) -> View {
    let chosen = id == value;
    label()
        .class("choice")
        .children((
            input()
                .r#type("radio")
                .name("value")
                .value(id.clone())
                .attr("data-test", "answer-input")
                .attr("data-value", id)
                .bool_attr("checked", chosen),
            span().class("choice-text").children((
                strong().children(text),
                help.map(|help| View::from(span().class("soft small").children(help))).unwrap_or_default(),
                more,
            )),
        ))
        .into()
}

/// The web chat, or a bot of one's own with its token. The server takes the token when that choice is made.
fn telegram_token(l: Locale, value: &str, described: Option<String>, wrong: Option<String>) -> View {
    let own = wrong.is_some() || (!value.is_empty() && value != WEB_CHAT);
    let chosen = if own { "token" } else { WEB_CHAT };
    let token = span()
        .class("choice-more")
        .children((
            label().class("visually-hidden").attr("for", "answer").children(l.t("telegram-token-label")),
            input()
                .r#type("text")
                .id("answer")
                .name("token")
                .attr("data-test", "answer-token")
                .attr("autocomplete", "off")
                .attr("spellcheck", "false")
                .attr("aria-describedby", described)
                .attr("aria-invalid", wrong),
            if value == "provided" {
                span().class("soft small").children(l.t("telegram-token-provided")).into()
            } else {
                View::new()
            },
        ))
        .into();
    div()
        .class("choices")
        .children((
            choice(WEB_CHAT.into(), l.t("telegram-web-chat"), Some(l.t("telegram-web-chat-help")), chosen, View::new()),
            choice("token".into(), l.t("telegram-own-bot"), Some(l.t("telegram-own-bot-help")), chosen, token),
        ))
        .into()
}

/// What was said, before the plan.
pub(crate) fn summary(l: Locale, page: SummaryPage) -> View {
    let base = l.path(&format!("/onboarding/{}", page.onboarding.id));
    let lines: Vec<View> = page
        .lines
        .iter()
        .map(|line| {
            div()
                .children((
                    dt().children(line.label.clone()),
                    dd().children(line.value.clone()),
                    a().href(format!("{base}?at={}", line.question))
                        .attr("aria-label", l.with("summary-change-label", &[("what", line.label.as_str().into())]))
                        .children(l.t("summary-change")),
                ))
                .into()
        })
        .collect();
    let list: View = if lines.is_empty() {
        p().class("soft").children(l.t("summary-nothing")).into()
    } else {
        dl().class("summary-lines").children(lines).into()
    };
    let niche = page.onboarding.niche;
    div()
        .class(format!("interview {}", accent::class(&niche.accent)))
        .attr("data-test", "summary")
        .children((
            p().class("niche-name")
                .children((span().class("emoji").attr("aria-hidden", "true").children(niche.icon), niche.name)),
            h1().class("question-title").children(l.t("onboarding-summary-title")),
            p().class("soft").children(l.t("onboarding-summary-text")),
            list,
            div().class("actions").children(
                link_button(Weight::Primary, format!("{base}/plan"), l.t("onboarding-to-plan"))
                    .attr("data-test", "to-plan"),
            ),
        ))
        .into()
}
