//! A chat as one list: what was said and the tools that were called, in order of time, and what is new in it.

use std::collections::{HashMap, HashSet};

use openclaw_api_types::ChatItem;
use openclaw_platform::{
    AgentId, agents,
    relay::{self, ChatMessage},
    tool_calls::{self, ToolCall},
};
use openclaw_plugins::Tool;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{AppState, error::Result, locale::Locale, views};

/// Items that one answer holds at most, of each kind.
const MOST: i64 = 200;
/// Messages that are looked through for edits.
const EDITABLE: i64 = 30;
/// Tool calls may become visible a little out of order: so far back it is looked for those that came late.
const LATE: Duration = Duration::seconds(5);

/// A place in a chat: written `<message>-<microseconds>`, the number of the last message and when the last tool call
/// was kept. The number alone will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor {
    message: i64,
    tool: OffsetDateTime,
}

impl Cursor {
    /// The place that `text` names.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (message, micros) = text.split_once('-').unwrap_or((text, ""));
        let tool = match micros {
            "" => OffsetDateTime::now_utc(),
            // No tool call is older than 1970; arithmetic and Postgres need not cope with one that is.
            micros => {
                let since = micros.parse().ok().filter(|since: &i64| *since >= 0)?;
                OffsetDateTime::UNIX_EPOCH.checked_add(Duration::microseconds(since))?
            }
        };
        Some(Self { message: message.parse().ok().filter(|m| *m >= 0)?, tool })
    }

    /// The number of the last message.
    pub(crate) fn message(self) -> i64 {
        self.message
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.message, self.tool.unix_timestamp_nanos() / 1000)
    }
}

enum Item {
    Message(ChatMessage),
    Tool(ToolCall),
}

impl Item {
    fn at(&self) -> OffsetDateTime {
        match self {
            Self::Message(message) => message.sent_at,
            Self::Tool(call) => call.called_at,
        }
    }
}

/// The words for the arguments of an agent's tool calls.
async fn tools(state: &AppState, agent: &agents::Agent) -> Vec<Tool> {
    let Ok(release) = state.niches.release(agent.digest).await else { return vec![] };
    let described = state.niches.describe(&release, Locale::stored(&agent.locale)).await;
    described.map(|described| described.tools.clone()).unwrap_or_default()
}

fn view(item: Item, tools: &[Tool]) -> ChatItem {
    match item {
        Item::Message(message) => ChatItem::Message(views::message(message)),
        Item::Tool(call) => ChatItem::Tool(views::tool_call(call, tools)),
    }
}

fn sorted(messages: Vec<ChatMessage>, calls: Vec<ToolCall>) -> Vec<Item> {
    let mut items: Vec<_> = messages.into_iter().map(Item::Message).chain(calls.into_iter().map(Item::Tool)).collect();
    items.sort_by_key(Item::at);
    items
}

/// The end of the chat, or what came after message `after`.
pub(crate) async fn list(state: &AppState, agent: &agents::Agent, after: Option<i64>) -> Result<Vec<ChatItem>> {
    let db = &state.db;
    let messages = match after {
        Some(after) => relay::chat_since(db, agent.id, after, MOST).await?,
        None => relay::chat_recent(db, agent.id, MOST).await?,
    };
    // Tool calls since the first message shown; of a chat that is shown from its beginning, all.
    let since = match (after, messages.first()) {
        (_, Some(first)) if after.is_some() || messages.len() as i64 == MOST => first.sent_at,
        (Some(_), None) => return Ok(vec![]),
        _ => agent.created_at,
    };
    let calls = tool_calls::since(db, agent.id, since, MOST).await?;
    let tools = tools(state, agent).await;
    Ok(sorted(messages, calls).into_iter().map(|item| view(item, &tools)).collect())
}

/// What someone who looks at a chat has seen of it.
pub(crate) struct Seen {
    agent: AgentId,
    at: Cursor,
    edits: HashMap<i64, OffsetDateTime>,
    calls: HashSet<Uuid>,
    tools: Vec<Tool>,
}

impl Seen {
    /// Everything up to `from`, or up to now.
    pub(crate) async fn new(state: &AppState, agent: &agents::Agent, from: Option<Cursor>) -> Result<Self> {
        let now = OffsetDateTime::now_utc();
        let recent = relay::chat_recent(&state.db, agent.id, EDITABLE).await?;
        let at = from.unwrap_or_else(|| Cursor { message: recent.last().map_or(0, |m| m.message_id), tool: now });
        let edited = |m: ChatMessage| m.edited_at.map(|at| (m.message_id, at));
        let calls = tool_calls::since(&state.db, agent.id, at.tool - LATE, MOST).await?;
        Ok(Self {
            agent: agent.id,
            edits: recent.into_iter().filter_map(edited).collect(),
            calls: calls.into_iter().filter(|c| c.called_at <= at.tool).map(|c| c.id).collect(),
            tools: tools(state, agent).await,
            at,
        })
    }

    /// What was not seen yet, each with the place after it: new messages, edited ones, and tool calls.
    pub(crate) async fn look(&mut self, state: &AppState) -> Result<Vec<(Cursor, ChatItem)>> {
        let db = &state.db;
        let last = self.at.message;
        let mut messages = relay::chat_since(db, self.agent, last, MOST).await?;
        for message in relay::chat_recent(db, self.agent, EDITABLE).await? {
            let Some(edited) = message.edited_at else { continue };
            let known = self.edits.insert(message.message_id, edited) == Some(edited);
            if !known && message.message_id <= last {
                messages.push(message);
            }
        }
        let mut calls = tool_calls::since(db, self.agent, self.at.tool - LATE, MOST).await?;
        calls.retain(|call| self.calls.insert(call.id));
        let mut items = Vec::new();
        for item in sorted(messages, calls) {
            match &item {
                Item::Message(message) => self.at.message = self.at.message.max(message.message_id),
                Item::Tool(call) => self.at.tool = self.at.tool.max(call.called_at),
            }
            items.push((self.at, view(item, &self.tools)));
        }
        Ok(items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back_what_it_writes() {
        let place = Cursor::parse("7-1700000000000001").unwrap();
        assert_eq!(place.to_string(), "7-1700000000000001");
        assert_eq!(Cursor::parse("7").unwrap().message, 7);
        for wrong in
            ["", "x", "-1", "7-x", "7--1", "7-99999999999999999999", "7-170141183460469231731687303715884105727"]
        {
            assert_eq!(Cursor::parse(wrong), None, "{wrong}");
        }
    }
}
