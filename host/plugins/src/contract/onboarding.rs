//! The interview before a customer pays: the next question, or what was said.

use serde::{Deserialize, Serialize};

use super::Check;
use super::bindings::exports::openclaw::niche::onboarding as wit;
use crate::PluginError;

/// An option of a choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChoiceOption {
    /// Its id, which is the answer.
    pub id: String,
    /// What the person reads.
    pub label: String,
    /// A line below it.
    pub help: Option<String>,
}

/// How a question is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum QuestionKind {
    /// Words.
    Text {
        /// At least this many characters.
        min: u32,
        /// At most this many characters.
        max: u32,
        /// Whether several lines are expected.
        multiline: bool,
    },
    /// One of several.
    Choice {
        /// What there is to choose from.
        options: Vec<ChoiceOption>,
    },
    /// A whole number.
    Number {
        /// At least.
        min: i64,
        /// At most.
        max: i64,
        /// Its unit in the question's language, if it has one.
        unit: Option<String>,
    },
    /// `yes` or `no`.
    YesNo,
    /// The numeric id of the Telegram user who may talk to the agent. May be left empty for the web chat alone.
    TelegramUser,
    /// A bot token from @BotFather, or the choice of the web chat. The niche never sees the token.
    TelegramToken,
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Its id: 1 to 60 lower-case letters, digits and hyphens.
    pub id: String,
    /// The question as a person would ask it.
    pub title: String,
    /// How to answer, where that is not plain.
    pub help: Option<String>,
    /// Why it is asked.
    pub why: Option<String>,
    /// An answer as an example.
    pub example: Option<String>,
    /// How it is answered.
    pub kind: QuestionKind,
    /// Whether an empty answer is taken.
    pub optional: bool,
    /// Its place, from 1.
    pub position: u32,
    /// How many there are, as far as is known now.
    pub total: u32,
}

/// A line of the summary before the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SummaryLine {
    /// The question it belongs to.
    pub question: String,
    /// What it is.
    pub label: String,
    /// The answer as people write it.
    pub value: String,
}

/// An answer that will not do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// The question's id.
    pub question: String,
    /// What is wrong and what would be right, for the person.
    pub message: String,
}

/// What comes next in the interview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", content = "value", rename_all = "snake_case")]
pub enum Step {
    /// This question.
    Ask(Question),
    /// Nothing: this is what was said.
    Done(Vec<SummaryLine>),
    /// The first answer that will not do.
    Rejected(Rejection),
}

pub(crate) fn step(step: Result<wit::Step, wit::Rejection>) -> Result<Step, PluginError> {
    let check = Check::of("onboarding.next");
    Ok(match step {
        Ok(wit::Step::Ask(asked)) => Step::Ask(question(&check, asked)?),
        Ok(wit::Step::Done(lines)) => {
            check.few("lines of the summary", &lines, 200)?;
            Step::Done(lines.into_iter().map(|line| summary_line(&check, line)).collect::<Result<_, _>>()?)
        }
        Err(rejection) => {
            check.id("the question", &rejection.question, '-', 60)?;
            check.text("a rejection", &rejection.message, 1000)?;
            Step::Rejected(Rejection { question: rejection.question, message: rejection.message })
        }
    })
}

fn question(check: &Check, question: wit::Question) -> Result<Question, PluginError> {
    check.id("the question", &question.id, '-', 60)?;
    check.text("a question's title", &question.title, 300)?;
    check.note("a question's help", question.help.as_deref(), 2000)?;
    check.note("why a question is asked", question.why.as_deref(), 1000)?;
    check.note("a question's example", question.example.as_deref(), 500)?;
    check.that(question.position >= 1 && question.position <= question.total, || {
        format!("question {} of {}", question.position, question.total)
    })?;
    Ok(Question {
        kind: kind(check, question.kind)?,
        id: question.id,
        title: question.title,
        help: question.help,
        why: question.why,
        example: question.example,
        optional: question.optional,
        position: question.position,
        total: question.total,
    })
}

fn kind(check: &Check, kind: wit::Kind) -> Result<QuestionKind, PluginError> {
    Ok(match kind {
        wit::Kind::Text(wit::TextBounds { min, max, multiline }) => {
            check.that(min <= max && max > 0, || format!("a text of {min} to {max} characters"))?;
            QuestionKind::Text { min, max, multiline }
        }
        wit::Kind::Choice(options) => {
            check.that(!options.is_empty(), || "a choice without options".to_owned())?;
            check.few("options of a choice", &options, 500)?;
            check.distinct("the option", options.iter().map(|option| option.id.as_str()))?;
            for option in &options {
                check.text("an option's id", &option.id, 100)?;
                check.text("an option", &option.label, 200)?;
                check.note("an option's help", option.help.as_deref(), 500)?;
            }
            let option =
                |option: wit::ChoiceOption| ChoiceOption { id: option.id, label: option.label, help: option.help };
            QuestionKind::Choice { options: options.into_iter().map(option).collect() }
        }
        wit::Kind::Number(wit::NumberBounds { min, max, unit }) => {
            check.that(min <= max, || format!("a number from {min} to {max}"))?;
            check.note("a unit", unit.as_deref(), 40)?;
            QuestionKind::Number { min, max, unit }
        }
        wit::Kind::YesNo => QuestionKind::YesNo,
        wit::Kind::TelegramUser => QuestionKind::TelegramUser,
        wit::Kind::TelegramToken => QuestionKind::TelegramToken,
    })
}

fn summary_line(check: &Check, line: wit::SummaryLine) -> Result<SummaryLine, PluginError> {
    check.note("the question of a line of the summary", Some(&line.question), 60)?;
    check.text("the label of a line of the summary", &line.label, 300)?;
    check.note("the answer in a line of the summary", Some(&line.value), 10_000)?;
    Ok(SummaryLine { question: line.question, label: line.label, value: line.value })
}
