//! The marketplace entry as plain constants.

use crate::bindings::types as wit;
use crate::{Locale, Text};

pub use wit::Status;

/// A niche in the marketplace, in all languages.
#[derive(Debug, Clone, Copy)]
pub struct Card {
    /// Its id: lower-case letters, digits and hyphens.
    pub id: &'static str,
    /// The release's version: `env!("CARGO_PKG_VERSION")`.
    pub version: &'static str,
    /// The name people know the trade by.
    pub name: Text,
    /// One sentence: what the agent does for whom.
    pub tagline: Text,
    /// One emoji.
    pub icon: &'static str,
    /// Accent colour, `#rrggbb`.
    pub accent: &'static str,
    /// Whether it is for sale.
    pub status: Status,
    /// What it does: about three short lines.
    pub highlights: &'static [Text],
    /// What it will not do.
    pub limits: &'static [Text],
    /// Sentences a new customer can try.
    pub suggestions: &'static [Text],
    /// Conversations for its page.
    pub examples: &'static [Example],
    /// What changed in this release, for customers.
    pub changes: Text,
}

/// A conversation that shows what the agent does.
#[derive(Debug, Clone, Copy)]
pub struct Example {
    /// What it shows, in a few words.
    pub title: Text,
    /// The turns in order.
    pub turns: &'static [Turn],
}

/// One turn of an example conversation.
#[derive(Debug, Clone, Copy)]
pub enum Turn {
    /// The person writes.
    Person(Text),
    /// The agent answers.
    Agent(Text),
    /// A tool answered.
    Tool {
        /// Its [`Tool::NAME`](crate::Tool::NAME).
        name: &'static str,
        /// The result in one or two sentences.
        result: Text,
        /// Where the result comes from.
        source: Text,
    },
}

impl Card {
    /// The entry in `locale`.
    pub fn entry(&self, locale: Locale) -> wit::Entry {
        let all = |texts: &[Text]| texts.iter().map(|text| text.in_(locale).to_owned()).collect();
        wit::Entry {
            id: self.id.to_owned(),
            version: self.version.to_owned(),
            name: self.name.in_(locale).to_owned(),
            tagline: self.tagline.in_(locale).to_owned(),
            icon: self.icon.to_owned(),
            accent: self.accent.to_owned(),
            status: self.status,
            highlights: all(self.highlights),
            limits: all(self.limits),
            suggestions: all(self.suggestions),
            examples: self.examples.iter().map(|example| example.conversation(locale)).collect(),
            changes: self.changes.in_(locale).to_owned(),
        }
    }
}

impl Example {
    fn conversation(&self, locale: Locale) -> wit::Conversation {
        wit::Conversation {
            title: self.title.in_(locale).to_owned(),
            turns: self.turns.iter().map(|turn| turn.in_(locale)).collect(),
        }
    }
}

impl Turn {
    fn in_(&self, locale: Locale) -> wit::Turn {
        let (speaker, text, tool, source) = match self {
            Self::Person(text) => (wit::Speaker::Person, text, None, None),
            Self::Agent(text) => (wit::Speaker::Agent, text, None, None),
            Self::Tool { name, result, source } => (wit::Speaker::Tool, result, Some(*name), Some(source)),
        };
        wit::Turn {
            speaker,
            text: text.in_(locale).to_owned(),
            tool: tool.map(str::to_owned),
            source: source.map(|source| source.in_(locale).to_owned()),
        }
    }
}
