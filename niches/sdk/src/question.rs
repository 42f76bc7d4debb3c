//! A question of the interview: a constant that says how it is asked, answered, checked and shown.

use crate::{Profile, Text};

/// Checks an answer, trimmed and not empty. The error says what would be right, for the person.
pub type Check = fn(&str) -> Result<(), Text>;

/// Writes an answer as people write it, for the summary.
pub type Show = fn(&str) -> String;

/// Whether a question is asked at all, from the answers so far.
pub type When = fn(&Profile) -> bool;

/// A question, made by one of its constructors and refined by its methods.
#[derive(Debug, Clone, Copy)]
pub struct Question {
    pub(crate) id: &'static str,
    pub(crate) title: Text,
    pub(crate) label: Text,
    pub(crate) help: Option<Text>,
    pub(crate) why: Option<Text>,
    pub(crate) example: Option<Text>,
    pub(crate) kind: Kind,
    pub(crate) optional: bool,
    pub(crate) check: Option<Check>,
    pub(crate) show: Option<Show>,
    pub(crate) when: Option<When>,
}

/// How a question is answered.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Words, between two counts of characters.
    Text {
        /// At least this many.
        min: u32,
        /// At most this many.
        max: u32,
        /// Whether several lines are expected.
        multiline: bool,
    },
    /// One of several.
    Choice(&'static [Choice]),
    /// A whole number.
    Number {
        /// At least.
        min: i64,
        /// At most.
        max: i64,
        /// Its unit.
        unit: Option<Text>,
    },
    /// Yes or no.
    YesNo,
    /// The Telegram user who may talk to the agent.
    TelegramUser,
    /// A bot token, or the web chat. The host checks and keeps it.
    TelegramToken,
}

/// An option of a choice.
#[derive(Debug, Clone, Copy)]
pub struct Choice {
    /// Its id, which is the answer.
    pub id: &'static str,
    /// What the person reads.
    pub label: Text,
}

impl Question {
    /// A question with its `id`, the question as a person would ask it, and what the summary calls the answer.
    pub const fn new(id: &'static str, kind: Kind, title: Text, label: Text) -> Self {
        let (help, why, example) = (None, None, None);
        Self { id, title, label, help, why, example, kind, optional: false, check: None, show: None, when: None }
    }

    /// How to answer.
    pub const fn help(self, help: Text) -> Self {
        Self { help: Some(help), ..self }
    }

    /// Why it is asked.
    pub const fn why(self, why: Text) -> Self {
        Self { why: Some(why), ..self }
    }

    /// An answer as an example.
    pub const fn example(self, example: Text) -> Self {
        Self { example: Some(example), ..self }
    }

    /// An empty answer is taken.
    pub const fn optional(self) -> Self {
        Self { optional: true, ..self }
    }

    /// Answers are also checked by `check`.
    pub const fn check(self, check: Check) -> Self {
        Self { check: Some(check), ..self }
    }

    /// The summary writes answers as `show` does.
    pub const fn show(self, show: Show) -> Self {
        Self { show: Some(show), ..self }
    }

    /// It is asked only when `when` says so.
    pub const fn when(self, when: When) -> Self {
        Self { when: Some(when), ..self }
    }
}
