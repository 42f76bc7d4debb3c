//! What the marketplace shows of a niche, and what the niche asks to use.

use serde::{Deserialize, Serialize};

use super::Check;
use super::bindings::exports::openclaw::niche::catalog as wit;
use crate::PluginError;
use crate::grant::{HostPattern, Scope};

/// Whether customers can have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Can be bought.
    Active,
    /// Shown, and not yet for sale.
    ComingSoon,
}

/// Who speaks in an example conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// The person who writes to the agent.
    Person,
    /// The agent.
    Agent,
    /// A tool's answer, shown as a card.
    Tool,
}

/// One turn of an example conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// Who speaks.
    pub speaker: Speaker,
    /// What is said; for a tool, the result in one or two sentences.
    pub text: String,
    /// For a tool: its name.
    pub tool: Option<String>,
    /// For a tool: where the result comes from.
    pub source: Option<String>,
}

/// A conversation that shows what the agent does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// What it shows, in a few words.
    pub title: String,
    /// The turns in order.
    pub turns: Vec<Turn>,
}

/// A niche in the marketplace, in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The niche's id in every language: 1 to 40 lower-case letters, digits and hyphens.
    pub id: String,
    /// The release's version, as in semantic versioning.
    pub version: String,
    /// The name people know the trade by.
    pub name: String,
    /// One sentence: what the agent does for whom.
    pub tagline: String,
    /// One emoji.
    pub icon: String,
    /// An accent colour as `#rrggbb`.
    pub accent: String,
    /// Whether it is for sale.
    pub status: Status,
    /// What it does: about three short lines.
    pub highlights: Vec<String>,
    /// What it will not do.
    pub limits: Vec<String>,
    /// Sentences a new customer can try.
    pub suggestions: Vec<String>,
    /// Conversations for the niche's page.
    pub examples: Vec<Conversation>,
    /// What changed in this release, for customers.
    pub changes: String,
}

/// A host the niche wants to reach over HTTPS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostWish {
    /// A host name, or one leading `*.` and a domain.
    pub host: String,
    /// The HTTP methods (upper case) to be sent there.
    pub methods: Scope<String>,
    /// Why, in words for the customer.
    pub reason: String,
}

/// A provider whose data the niche wants to use in the customer's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionWish {
    /// The provider's id, such as `google`.
    pub provider: String,
    /// Why, in words for the customer.
    pub reason: String,
    /// Whether the agent is useless without it.
    pub required: bool,
}

/// Everything the niche asks to use. What it does not ask for it does not get.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Wishes {
    /// Hosts to reach.
    pub hosts: Vec<HostWish>,
    /// Connections to use.
    pub connections: Vec<ConnectionWish>,
    /// Bytes of storage one customer's data may take; 0 for none.
    pub storage_bytes: u64,
}

pub(crate) fn entry(entry: wit::Entry) -> Result<Entry, PluginError> {
    let check = Check::of("catalog.describe");
    check.id("the id", &entry.id, '-', 40)?;
    check.that(is_version(&entry.version), || format!("the version {:?} is not like 1.2.3", entry.version))?;
    check.text("the name", &entry.name, 80)?;
    check.text("the tagline", &entry.tagline, 300)?;
    check.text("the icon", &entry.icon, 16)?;
    check.that(is_colour(&entry.accent), || format!("the accent {:?} is not like #1a7f64", entry.accent))?;
    check.texts("highlights", &entry.highlights, 12, 300)?;
    check.texts("limits", &entry.limits, 24, 300)?;
    check.texts("suggestions", &entry.suggestions, 12, 300)?;
    check.few("examples", &entry.examples, 12)?;
    entry.examples.iter().try_for_each(|example| fits(&check, example))?;
    check.note("what changed", Some(&entry.changes), 4000)?;
    Ok(Entry {
        id: entry.id,
        version: entry.version,
        name: entry.name,
        tagline: entry.tagline,
        icon: entry.icon,
        accent: entry.accent.to_ascii_lowercase(),
        status: match entry.status {
            wit::Status::Active => Status::Active,
            wit::Status::ComingSoon => Status::ComingSoon,
        },
        highlights: entry.highlights,
        limits: entry.limits,
        suggestions: entry.suggestions,
        examples: entry.examples.into_iter().map(conversation).collect(),
        changes: entry.changes,
    })
}

fn fits(check: &Check, example: &wit::Conversation) -> Result<(), PluginError> {
    check.text("an example's title", &example.title, 120)?;
    check.few("turns of an example", &example.turns, 40)?;
    example.turns.iter().try_for_each(|turn| {
        check.text("a turn of an example", &turn.text, 2000)?;
        check.note("a tool's name in an example", turn.tool.as_deref(), 64)?;
        check.note("a source in an example", turn.source.as_deref(), 300)
    })
}

fn conversation(conversation: wit::Conversation) -> Conversation {
    let turn = |turn: wit::Turn| Turn {
        speaker: match turn.speaker {
            wit::Speaker::Person => Speaker::Person,
            wit::Speaker::Agent => Speaker::Agent,
            wit::Speaker::Tool => Speaker::Tool,
        },
        text: turn.text,
        tool: turn.tool,
        source: turn.source,
    };
    Conversation { title: conversation.title, turns: conversation.turns.into_iter().map(turn).collect() }
}

pub(crate) fn wishes(wishes: wit::Wishes) -> Result<Wishes, PluginError> {
    let check = Check::of("catalog.wants");
    check.few("hosts", &wishes.hosts, 64)?;
    check.few("connections", &wishes.connections, 32)?;
    for wish in &wishes.hosts {
        let pattern = wish.host.parse::<HostPattern>().map_err(|error| check.wrong(error.to_string()))?;
        check.that(pattern != HostPattern::Any, || "a niche names the hosts it wants; `*` is no host".to_owned())?;
        check.few("methods for a host", &wish.methods, 16)?;
        for method in &wish.methods {
            check.that(is_method(method), || format!("the method {method:?} is not 1 to 20 upper-case letters"))?;
        }
        check.text("the reason for a host", &wish.reason, 300)?;
    }
    for wish in &wishes.connections {
        check.id("the provider", &wish.provider, '-', 40)?;
        check.text("the reason for a connection", &wish.reason, 300)?;
    }
    let methods = |methods: Vec<String>| if methods.is_empty() { Scope::Any } else { Scope::only(methods) };
    let host = |wish: wit::HostWish| HostWish { host: wish.host, methods: methods(wish.methods), reason: wish.reason };
    let connection = |wish: wit::ConnectionWish| ConnectionWish {
        provider: wish.provider,
        reason: wish.reason,
        required: wish.required,
    };
    Ok(Wishes {
        hosts: wishes.hosts.into_iter().map(host).collect(),
        connections: wishes.connections.into_iter().map(connection).collect(),
        storage_bytes: wishes.storage_bytes,
    })
}

/// Three numbers, then perhaps `-` or `+` and letters, as in semantic versioning.
fn is_version(text: &str) -> bool {
    let (core, rest) = match text.find(['-', '+']) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, "0"),
    };
    let number = |part: &str| !part.is_empty() && part.len() <= 9 && part.bytes().all(|b| b.is_ascii_digit());
    let label = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+');
    core.split('.').count() == 3
        && core.split('.').all(number)
        && (1..=60).contains(&rest.len())
        && rest.bytes().all(label)
}

fn is_method(text: &str) -> bool {
    (1..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase())
}

fn is_colour(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|digits| digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_colours_are_told_from_what_only_looks_like_them() {
        for good in ["0.1.0", "1.22.333", "1.0.0-rc.1", "1.0.0+build-5"] {
            assert!(is_version(good), "{good}");
        }
        for bad in ["", "1", "1.0", "1.0.0.0", "v1.0.0", "1.0.0-", "1..0", "1.0.x"] {
            assert!(!is_version(bad), "{bad}");
        }
        assert!(is_colour("#1A7f64") && !is_colour("#1a7f6") && !is_colour("red") && !is_colour("#gggggg"));
    }
}
