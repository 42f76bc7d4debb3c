//! A chat's conversation as it is kept: OpenAI messages, the answer under way, and the outbox.

use serde::{Deserialize, Serialize};

use crate::format::Part;

/// One message as `/chat/completions` takes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "lowercase")]
pub(crate) enum Message {
    System {
        content: String,
    },
    User {
        content: String,
    },
    Assistant {
        content: Option<String>,
        /// Thinking models want it back beside the tool calls it led to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reasoning_content: Option<String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<ToolCall>,
    },
    Tool {
        tool_call_id: String,
        content: String,
    },
}

/// A tool the LLM wants called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ToolCall {
    pub(crate) id: String,
    #[serde(rename = "type")]
    pub(crate) kind: FunctionKind,
    pub(crate) function: Function,
}

/// The only kind there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FunctionKind {
    #[default]
    Function,
}

/// The tool's name and its arguments: JSON, as the LLM wrote it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) arguments: String,
}

/// The most of the past, and of an answer under way, that is kept, in estimated tokens. Both, with the longest answer on
/// its way out and what JSON adds, stay well below the MiB that the API takes.
pub(crate) const KEPT_TOKENS: usize = 40_000;

/// The last turns, the one under way among them, that keep what tools were asked and said.
const TURNS_WITH_TOOLS: usize = 2;

/// What is kept of a chat.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Conversation {
    /// The newest update that has its answer; updates up to it need none. Update ids of a chat only rise.
    pub(crate) answered: Option<u32>,
    /// The turns so far, oldest first: each begins with a `User` message.
    pub(crate) turns: Vec<Message>,
    /// Messages of an answer under way, kept before a tool changes something, so that a restart does not do it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) working: Option<Working>,
    /// An answer that may not have been sent yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pending: Option<Pending>,
}

/// The messages of an answer under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Working {
    pub(crate) update_id: u32,
    pub(crate) messages: Vec<Message>,
    /// The niche's release whose tools it began with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) release: Option<String>,
}

impl Working {
    /// As much of `turn` as may be kept: results are shortened, and what led to earlier calls left out, not calls.
    pub(crate) fn new(update_id: u32, turn: &[Message], release: Option<&str>) -> Self {
        let mut messages = turn.to_vec();
        trim(&mut messages, KEPT_TOKENS);
        Self { update_id, messages, release: release.map(str::to_owned) }
    }
}

/// The parts of an answer on its way to Telegram.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pending {
    pub(crate) update_id: u32,
    pub(crate) parts: Vec<Part>,
}

impl Conversation {
    /// Whether `update` needs no answer any more.
    pub(crate) fn has_answered(&self, update: u32) -> bool {
        self.answered.is_some_and(|answered| update <= answered)
    }
}

/// The calls at the end of `messages` that have no result yet.
pub(crate) fn open_calls(messages: &[Message]) -> Vec<ToolCall> {
    let answered: Vec<&str> = messages
        .iter()
        .rev()
        .map_while(|message| match message {
            Message::Tool { tool_call_id, .. } => Some(tool_call_id.as_str()),
            _ => None,
        })
        .collect();
    match messages.iter().rev().find(|message| !matches!(message, Message::Tool { .. })) {
        Some(Message::Assistant { tool_calls, .. }) => {
            tool_calls.iter().filter(|call| !answered.contains(&call.id.as_str())).cloned().collect()
        }
        _ => Vec::new(),
    }
}

/// Tokens of a message, estimated: four bytes each and a few for its frame. Exact counts differ per model.
fn tokens(message: &Message) -> usize {
    const FRAME: usize = 4;
    let bytes = match message {
        Message::System { content } | Message::User { content } | Message::Tool { content, .. } => content.len(),
        Message::Assistant { content, reasoning_content, tool_calls } => {
            content.as_ref().map_or(0, String::len)
                + reasoning_content.as_ref().map_or(0, String::len)
                + tool_calls.iter().map(|call| call.function.name.len() + call.function.arguments.len()).sum::<usize>()
        }
    };
    bytes.div_ceil(4) + FRAME
}

/// What a cut tool result ends with.
const CUT: &str = "\n[… shortened …]";
/// What is left of a tool result at least, in bytes.
const LEAST_RESULT: usize = 200;

/// Takes what tools were asked and said out of all but the last [`TURNS_WITH_TOOLS`] turns, then drops whole turns, oldest
/// first, until `turns` fits `budget` tokens. The newest turn stays; if it alone is too much,
/// its tool results are shortened, then its reasoning goes, then the arguments of calls that have results. A tool call is
/// never parted from its results, since a turn holds both.
pub(crate) fn trim(turns: &mut Vec<Message>, budget: usize) {
    forget_tools(turns);
    let starts: Vec<usize> =
        turns.iter().enumerate().filter(|(_, m)| matches!(m, Message::User { .. })).map(|(index, _)| index).collect();
    let mut total: usize = turns.iter().map(tokens).sum();
    let mut keep_from = 0;
    for next in starts.iter().copied().filter(|start| *start > 0) {
        if total <= budget {
            break;
        }
        total -= turns[keep_from..next].iter().map(tokens).sum::<usize>();
        keep_from = next;
    }
    turns.drain(..keep_from);
    if total <= budget {
        return;
    }
    let open: Vec<String> = open_calls(turns).into_iter().map(|call| call.id).collect();
    for shorten in [shorten_result, drop_reasoning, drop_arguments] {
        // Oldest first: the LLM has drawn on them already.
        for message in turns.iter_mut() {
            if total <= budget {
                return;
            }
            let before = tokens(message);
            shorten(message, (total - budget) * 4, &open);
            total = total - before + tokens(message);
        }
    }
}

/// What a tool said long ago is in the answer that followed. Sent along with every question it would be paid for each
/// time.
fn forget_tools(turns: &mut Vec<Message>) {
    let starts = turns.iter().enumerate().rev().filter(|(_, m)| matches!(m, Message::User { .. }));
    let Some((recent, _)) = starts.take(TURNS_WITH_TOOLS).last() else { return };
    let mut index = 0;
    turns.retain(|message| {
        let is_recent = index >= recent;
        index += 1;
        let is_of_tools = match message {
            Message::Tool { .. } => true,
            Message::Assistant { tool_calls, .. } => !tool_calls.is_empty(),
            Message::System { .. } | Message::User { .. } => false,
        };
        is_recent || !is_of_tools
    });
}

/// Takes `excess` bytes from a tool's result, or as many as there are.
fn shorten_result(message: &mut Message, excess: usize, _open: &[String]) {
    let Message::Tool { content, .. } = message else { return };
    let mut keep = content.len().saturating_sub(excess + CUT.len()).max(LEAST_RESULT);
    if keep + CUT.len() < content.len() {
        while !content.is_char_boundary(keep) {
            keep -= 1;
        }
        content.truncate(keep);
        content.push_str(CUT);
    }
}

fn drop_reasoning(message: &mut Message, _excess: usize, _open: &[String]) {
    if let Message::Assistant { reasoning_content, .. } = message {
        *reasoning_content = None;
    }
}

/// Those of `open` calls stay: they are still to be made.
fn drop_arguments(message: &mut Message, _excess: usize, open: &[String]) {
    let Message::Assistant { tool_calls, .. } = message else { return };
    for call in tool_calls.iter_mut().filter(|call| !open.contains(&call.id)) {
        if call.function.arguments.len() > 2 {
            call.function.arguments = "{}".into();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(text: &str) -> Message {
        Message::User { content: text.into() }
    }

    fn says(text: &str) -> Message {
        Message::Assistant { content: Some(text.into()), reasoning_content: None, tool_calls: Vec::new() }
    }

    fn calls(ids: &[&str]) -> Message {
        let tool_calls = ids
            .iter()
            .map(|id| ToolCall { id: (*id).into(), kind: FunctionKind::Function, function: Function::default() })
            .collect();
        Message::Assistant { content: None, reasoning_content: None, tool_calls }
    }

    fn result(id: &str, text: &str) -> Message {
        Message::Tool { tool_call_id: id.into(), content: text.into() }
    }

    #[test]
    fn old_turns_go_whole_and_the_newest_stays() {
        let long = "x".repeat(400);
        let mut turns =
            vec![user("a"), calls(&["1"]), result("1", "x"), says(&long), user("c"), says("d"), user("e"), says("f")];
        trim(&mut turns, 40);
        assert_eq!(turns, [user("c"), says("d"), user("e"), says("f")]);
        trim(&mut turns, 1);
        assert_eq!(turns, [user("e"), says("f")]);
    }

    #[test]
    fn a_newest_turn_that_is_too_long_keeps_its_calls_with_shorter_results() {
        let long = "é".repeat(4_000);
        let mut turns = vec![user("a"), calls(&["1", "2"]), result("1", &long), result("2", "short"), says("b")];
        trim(&mut turns, 500);
        assert!(turns.iter().map(tokens).sum::<usize>() <= 500);
        assert_eq!(turns.len(), 5);
        assert!(matches!(&turns[2], Message::Tool { content, .. } if content.ends_with(CUT)));
        assert_eq!(turns[3], result("2", "short"));
    }

    #[test]
    fn the_most_that_an_answer_under_way_can_grow_to_is_kept_in_half_a_mebibyte() {
        let mut turn = vec![user(&"é".repeat(4_096))];
        for round in 0..8 {
            let ids: Vec<String> = (0..32).map(|call| format!("call_{round}_{call}")).collect();
            let mut said = calls(&ids.iter().map(String::as_str).collect::<Vec<_>>());
            if let Message::Assistant { reasoning_content, tool_calls, .. } = &mut said {
                *reasoning_content = Some("h".repeat(60_000));
                tool_calls
                    .iter_mut()
                    .for_each(|call| call.function.arguments = format!("{{\"x\":\"{}\"}}", "y".repeat(1_900)));
            }
            turn.push(said);
            if round < 7 {
                turn.extend(ids.iter().map(|id| result(id, &"line\n".repeat(4_800))));
            }
        }
        let working = Working::new(7, &turn, None);
        assert_eq!(working.messages.len(), turn.len());
        assert!(serde_json::to_vec(&working).unwrap().len() < 512 * 1024);
        assert_eq!(open_calls(&working.messages), open_calls(&turn), "what is still to be done stays as it was asked");
    }

    #[test]
    fn what_tools_said_long_ago_is_not_sent_with_every_question() {
        let turn = |n: &str| [user(n), calls(&[n]), result(n, "found"), says("it is so")];
        let mut turns: Vec<Message> = ["1", "2", "3", "4"].iter().flat_map(|n| turn(n)).collect();
        trim(&mut turns, 10_000);
        let mut expected = vec![user("1"), says("it is so"), user("2"), says("it is so")];
        expected.extend(["3", "4"].iter().flat_map(|n| turn(n)));
        assert_eq!(turns, expected);
    }

    #[test]
    fn what_fits_is_left_alone() {
        let mut turns = vec![user("a"), says("b")];
        let before = turns.clone();
        trim(&mut turns, 1_000);
        assert_eq!(turns, before);
    }

    #[test]
    fn calls_without_results_are_found() {
        assert_eq!(open_calls(&[user("a"), calls(&["1", "2"]), result("1", "")]).len(), 1);
        assert!(open_calls(&[user("a"), calls(&["1"]), result("1", "")]).is_empty());
        assert!(open_calls(&[user("a"), calls(&["1"]), result("1", ""), says("b")]).is_empty());
    }

    #[test]
    fn messages_are_written_as_openai_reads_them() {
        let written = serde_json::to_value([user("hi"), calls(&["1"]), result("1", "ok")]).unwrap();
        assert_eq!(
            written,
            serde_json::json!([
                {"role": "user", "content": "hi"},
                {"role": "assistant", "content": null, "tool_calls": [{"id": "1", "type": "function", "function": {"name": "", "arguments": ""}}]},
                {"role": "tool", "tool_call_id": "1", "content": "ok"},
            ])
        );
    }
}
