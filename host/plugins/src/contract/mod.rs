//! The contract's data as plain Rust: what crosses between the host's callers and niches. Made from the
//! bindings' types after a check of what the contract's comments promise, so that callers can trust it.

pub(crate) mod bindings;
pub(crate) mod catalog;
pub(crate) mod exports;
pub(crate) mod onboarding;
pub(crate) mod persona;
pub(crate) mod schema;
pub(crate) mod tools;
pub(crate) mod v0_1;
pub(crate) mod version;

use bindings::openclaw::niche::niche_types as wit;
use serde::{Deserialize, Serialize};

use crate::PluginError;
use crate::capabilities::log::beginning;

/// What a niche is told in place of a bot token when the customer chose the web chat.
pub const WEB_CHAT: &str = "web-chat";

/// One answer a customer gave during onboarding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The question's id.
    pub question: String,
    /// As `wit/0.2/niche.wit` says for each kind of question. Never a bot token: `provided` or [`WEB_CHAT`].
    pub value: String,
}

/// A link of the customer's to another service, as far as a niche may know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// The provider's id, such as `google`.
    pub provider: String,
    /// The account in the provider's words.
    pub account: String,
}

pub(crate) fn profile(answers: &[Answer]) -> Vec<wit::Answer> {
    let answer = |answer: &Answer| wit::Answer { question: answer.question.clone(), value: answer.value.clone() };
    answers.iter().map(answer).collect()
}

pub(crate) fn connections(connections: &[Connection]) -> Vec<wit::Connection> {
    let connection = |connection: &Connection| wit::Connection {
        provider: connection.provider.clone(),
        account: connection.account.clone(),
    };
    connections.iter().map(connection).collect()
}

/// How much is told of what is wrong with an answer.
const DETAIL_CHARS: usize = 600;

/// Collects the first thing that is wrong with an answer of `export`.
pub(crate) struct Check {
    export: &'static str,
}

impl Check {
    pub(crate) fn of(export: &'static str) -> Self {
        Self { export }
    }

    /// The error that says `detail` about this answer, in one line of some length: a part of it is the niche's own.
    pub(crate) fn wrong(&self, detail: impl AsRef<str>) -> PluginError {
        PluginError::InvalidOutput { export: self.export, detail: beginning(detail.as_ref(), DETAIL_CHARS) }
    }

    /// Fails with `detail` unless `holds`.
    pub(crate) fn that(&self, holds: bool, detail: impl FnOnce() -> String) -> Result<(), PluginError> {
        if holds { Ok(()) } else { Err(self.wrong(detail())) }
    }

    /// A text that people read: something, and not too much.
    pub(crate) fn text(&self, what: &str, text: &str, most: usize) -> Result<(), PluginError> {
        let length = text.chars().count();
        self.that(!text.trim().is_empty() && length <= most, || {
            format!("{what} has {length} characters; it should have 1 to {most}")
        })
    }

    /// A text that may be missing or empty, and is not too much.
    pub(crate) fn note(&self, what: &str, text: Option<&str>, most: usize) -> Result<(), PluginError> {
        let length = text.map_or(0, |text| text.chars().count());
        self.that(length <= most, || format!("{what} has {length} characters; it should have at most {most}"))
    }

    /// A list that is not too long.
    pub(crate) fn few<T>(&self, what: &str, list: &[T], most: usize) -> Result<(), PluginError> {
        self.that(list.len() <= most, || format!("{} {what}; at most {most}", list.len()))
    }

    /// Some texts that people read: `most` at most, each of so many characters.
    pub(crate) fn texts(&self, what: &str, texts: &[String], most: usize, chars: usize) -> Result<(), PluginError> {
        self.few(what, texts, most)?;
        texts.iter().try_for_each(|text| self.text(&format!("one of the {what}"), text, chars))
    }

    /// An id: 1 to `most` lower-case letters, digits and `joint`.
    pub(crate) fn id(&self, what: &str, id: &str, joint: char, most: usize) -> Result<(), PluginError> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == joint;
        self.that((1..=most).contains(&id.len()) && id.chars().all(fits), || {
            format!("{what} {id:?} is not 1 to {most} lower-case letters, digits and `{joint}`")
        })
    }

    /// Ids that are all different.
    pub(crate) fn distinct<'a>(&self, what: &str, ids: impl IntoIterator<Item = &'a str>) -> Result<(), PluginError> {
        let mut seen = std::collections::HashSet::new();
        for id in ids {
            self.that(seen.insert(id), || format!("{what} {id:?} is there twice"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_of_an_answer_is_one_short_line() {
        let check = Check::of("catalog.describe");
        let name = format!("a\nb\u{1b}[0m{}", "x".repeat(100_000));
        for error in [
            check.wrong(&name),
            check.text("the name", &name, 80).unwrap_err(),
            check.id("the id", &name, '-', 40).unwrap_err(),
        ] {
            let told = error.to_string();
            assert!(told.chars().count() < 800 && !told.contains(char::is_control), "{told}");
        }
        check.texts("limits", &vec!["x".into(); 3], 2, 10).unwrap_err();
        check.texts("limits", &["x".repeat(11)], 2, 10).unwrap_err();
        check.note("a source", None, 0).unwrap();
        check.note("a source", Some("ab"), 1).unwrap_err();
    }
}
