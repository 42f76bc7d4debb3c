//! The contract's data as plain Rust: what crosses between the host's callers and niches. Made from the
//! bindings' types after a check of what the contract's comments promise, so that callers can trust it.

pub(crate) mod bindings;
pub(crate) mod catalog;
pub(crate) mod exports;
pub(crate) mod onboarding;
pub(crate) mod schema;
pub(crate) mod tools;
pub(crate) mod v0_1;
pub(crate) mod version;

use std::time::Duration;

use bindings::openclaw::niche::niche_types as wit;
use serde::{Deserialize, Serialize};

use crate::PluginError;

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

/// How one case of a self-test ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseOutcome {
    /// The case.
    pub name: String,
    /// What was expected and what came; none when it passed.
    pub failure: Option<String>,
    /// How long it took.
    pub wall: Duration,
}

impl CaseOutcome {
    /// Whether it passed.
    pub fn passed(&self) -> bool {
        self.failure.is_none()
    }
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

/// Collects the first thing that is wrong with an answer of `export`.
pub(crate) struct Check {
    export: &'static str,
}

impl Check {
    pub(crate) fn of(export: &'static str) -> Self {
        Self { export }
    }

    /// The error that says `detail` about this answer.
    pub(crate) fn wrong(&self, detail: impl Into<String>) -> PluginError {
        PluginError::InvalidOutput { export: self.export, detail: detail.into() }
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
