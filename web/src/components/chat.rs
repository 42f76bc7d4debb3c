//! A conversation: bubbles and tool cards, for examples and for the chat itself.

use openclaw_api_types::{ChatItem, ChatMessage, Conversation, Speaker, ToolCall};

use super::prelude::*;
use crate::format;

/// A bubble.
pub(crate) fn bubble(l: Locale, speaker: Speaker, who: String, text: &str, meta: impl Into<View>) -> View {
    let (class, author) = match speaker {
        Speaker::Person => ("bubble person", "person"),
        Speaker::Agent | Speaker::Tool => ("bubble agent", "agent"),
    };
    let who = if speaker == Speaker::Person { l.t("chat-you") } else { who };
    div()
        .class(class)
        .attr("data-test", "chat-message")
        .attr("data-author", author)
        .children((
            p().class("bubble-who").children((span().children(who), meta.into())),
            div().class("bubble-text").children(paragraphs(text)),
        ))
        .into()
}

/// Paragraphs, with `**strong**` and `` `code` `` as models write them.
fn paragraphs(text: &str) -> Vec<View> {
    text.split("\n\n")
        .map(str::trim)
        .filter(|paragraph| !paragraph.is_empty())
        .map(|paragraph| p().children(spans(paragraph)).into())
        .collect()
}

fn spans(text: &str) -> Vec<View> {
    marks(text)
        .into_iter()
        .map(|(mark, part)| match mark {
            Mark::Plain => span().children(part).into(),
            Mark::Strong => strong().children(part).into(),
            Mark::Code => code().children(part).into(),
        })
        .collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Plain,
    Strong,
    Code,
}

/// Splits at closed pairs of marks; an open one stays text.
fn marks(text: &str) -> Vec<(Mark, String)> {
    let mut parts: Vec<(Mark, String)> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let next = [("**", Mark::Strong), ("`", Mark::Code)]
            .into_iter()
            .filter_map(|(sign, mark)| {
                let start = rest.find(sign)?;
                let length = rest[start + sign.len()..].find(sign).filter(|length| *length > 0)?;
                Some((start, sign.len(), length, mark))
            })
            .min_by_key(|(start, ..)| *start);
        let Some((start, sign, length, mark)) = next else { break };
        if start > 0 {
            parts.push((Mark::Plain, rest[..start].to_owned()));
        }
        parts.push((mark, rest[start + sign..start + sign + length].to_owned()));
        rest = &rest[start + sign + length + sign..];
    }
    if !rest.is_empty() {
        parts.push((Mark::Plain, rest.to_owned()));
    }
    parts
}

/// Which tool, with what, what came of it, from where and how fast.
pub(crate) struct ToolCard {
    /// Its name for people.
    pub(crate) title: String,
    /// What it was given.
    pub(crate) inputs: Vec<(String, String)>,
    /// What it said.
    pub(crate) result: String,
    /// Where that comes from.
    pub(crate) source: Option<String>,
    /// How long it took, in microseconds.
    pub(crate) micros: Option<i64>,
    /// Whether it did not work.
    pub(crate) failed: bool,
}

/// A tool's answer as a card.
pub(crate) fn tool_card(l: Locale, card: ToolCard) -> View {
    let inputs: Vec<View> = card
        .inputs
        .into_iter()
        .map(|(name, value)| div().children((dt().children(name), dd().children(value))).into())
        .collect();
    let inputs = if inputs.is_empty() { View::new() } else { dl().class("tool-inputs").children(inputs).into() };
    let source = card.source.map(|source| {
        View::from(p().class("tool-source").children((
            span().children(l.t("tool-source")),
            " ",
            span().children(source),
        )))
    });
    let took = card.micros.map(|micros| View::from(span().class("tool-time").children(format::micros(l, micros))));
    let failed = if card.failed { chip(Tone::Warning, l.t("tool-failed")) } else { View::new() };
    div()
        .class("tool-card")
        .attr("data-test", "tool-card")
        .children((
            p().class("tool-head").children((
                icon(Icon::Tool),
                span().class("tool-title").children(card.title),
                failed,
                took.unwrap_or_default(),
            )),
            inputs,
            div().class("tool-result").children(paragraphs(&card.result)),
            source.unwrap_or_default(),
        ))
        .into()
}

/// An example conversation of a niche. `agent` is the name that stands over the agent's words.
pub(crate) fn transcript(l: Locale, conversation: &Conversation, agent: &str) -> View {
    let turns: Vec<View> = conversation
        .turns
        .iter()
        .map(|turn| match turn.speaker {
            Speaker::Person | Speaker::Agent => bubble(l, turn.speaker, agent.to_owned(), &turn.text, ()),
            Speaker::Tool => tool_card(
                l,
                ToolCard {
                    title: turn.tool.clone().unwrap_or_else(|| l.t("tool-unnamed")),
                    inputs: Vec::new(),
                    result: turn.text.clone(),
                    source: turn.source.clone(),
                    micros: None,
                    failed: false,
                },
            ),
        })
        .collect();
    div().class("thread").children(turns).into()
}

/// An item of the chat.
pub(crate) fn chat_item(l: Locale, item: &ChatItem, agent: &str, demo: bool) -> View {
    match item {
        ChatItem::Message(message) => {
            let demo = demo && message.author != Speaker::Person;
            let label = if demo { chip(Tone::Warning, l.t("chat-demo-chip")) } else { View::new() };
            let at = when(l, &message.sent_at, Show::Clock);
            bubble(
                l,
                message.author,
                agent.to_owned(),
                &message.text,
                (label, span().class("bubble-time").children(at)),
            )
        }
        ChatItem::Tool(call) => tool_card(
            l,
            ToolCard {
                title: call.title.clone(),
                inputs: call.inputs.clone(),
                result: call.result.clone(),
                source: None,
                micros: Some(call.micros),
                failed: call.outcome != "ok",
            },
        ),
    }
}

/// What tells one item of the chat from another.
pub(crate) fn chat_key(item: &ChatItem) -> String {
    match item {
        ChatItem::Message(ChatMessage { id, text, .. }) => format!("m{id}-{}", text.len()),
        ChatItem::Tool(ToolCall { id, .. }) => format!("t{id}"),
    }
}

/// Takes an item into the chat: in place of an older form of itself, else at the end.
pub(crate) fn merge(items: &mut Vec<ChatItem>, item: ChatItem) {
    let same = |old: &ChatItem| match (old, &item) {
        (ChatItem::Message(old), ChatItem::Message(new)) => old.id == new.id,
        (ChatItem::Tool(old), ChatItem::Tool(new)) => old.id == new.id,
        _ => false,
    };
    match items.iter_mut().find(|old| same(old)) {
        Some(old) => *old = item,
        None => items.push(item),
    }
}

/// The last message's id, after which new ones are asked for.
pub(crate) fn last_message(items: &[ChatItem]) -> i64 {
    let ids = items.iter().filter_map(|item| match item {
        ChatItem::Message(message) => Some(message.id),
        ChatItem::Tool(_) => None,
    });
    ids.max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(id: i64, text: &str) -> ChatItem {
        ChatItem::Message(ChatMessage { id, author: Speaker::Agent, text: text.into(), sent_at: String::new() })
    }

    #[test]
    fn an_edited_message_takes_the_place_of_its_older_form() {
        let mut items = vec![message(1, "a"), message(2, "b")];
        merge(&mut items, message(1, "c"));
        merge(&mut items, message(3, "d"));
        assert_eq!(items, [message(1, "c"), message(2, "b"), message(3, "d")]);
        assert_eq!(last_message(&items), 3);
    }

    #[test]
    fn closed_marks_become_markup_and_open_ones_stay_text() {
        assert_eq!(
            marks("a **b** c `d` ** e"),
            [
                (Mark::Plain, "a ".to_owned()),
                (Mark::Strong, "b".to_owned()),
                (Mark::Plain, " c ".to_owned()),
                (Mark::Code, "d".to_owned()),
                (Mark::Plain, " ** e".to_owned()),
            ]
        );
    }
}
