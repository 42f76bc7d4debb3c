//! How a call ended, as MCP's result and in words. Whatever went wrong is told to the model as the tool's answer, so
//! that it can tell the person.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use openclaw_platform::tool_calls::Fault;
use openclaw_plugins::{CallError, Content, PluginError, Spent, ToolOutcome, storage::StorageError};
use rmcp::model::{CallToolResult, ContentBlock};
use serde_json::Value;

use super::metering;
use crate::error::ApiError;

/// A call that ended, one way or another.
pub(super) struct Ended {
    pub(super) result: CallToolResult,
    /// The result's words.
    pub(super) text: String,
    /// `ok`, or the error's code.
    pub(super) outcome: &'static str,
    /// Where it went wrong, if it broke off.
    pub(super) fault: Option<Fault>,
    pub(super) spent: Spent,
}

impl Ended {
    pub(super) fn new(ToolOutcome { result, spent, .. }: ToolOutcome) -> Self {
        match result {
            Ok(output) => {
                let text = output.content.iter().map(words).collect::<Vec<_>>().join("\n");
                let mut result = CallToolResult::success(output.content.into_iter().map(block).collect());
                result.structured_content = output.structured.map(Value::Object);
                Self { outcome: "ok", fault: None, result, text, spent }
            }
            Err(error) => {
                let (text, fault) = match &error {
                    CallError::Tool(said) => (said.to_string(), None),
                    CallError::Plugin(error) => (broke_off(error), fault(error, &spent)),
                };
                Self { outcome: error.code(), fault, result: said(&text), text, spent }
            }
        }
    }
}

/// What the model is told of a call that broke off.
fn broke_off(error: &PluginError) -> String {
    tracing::warn!(%error, code = error.code(), "a tool call broke off");
    let changed = match error {
        // The connection may have broken while the commit was on its way.
        PluginError::Storage(StorageError::Unavailable(_) | StorageError::Other(_)) => {
            "Whether its changes were kept is not known: look before you try again."
        }
        _ => "Nothing was changed.",
    };
    format!("The tool could not answer: {error}. {changed}")
}

/// Where a call went wrong, as far as it says something of the release. Time counts against it whoever it waited for:
/// people wait as long, and the release before it meets the same hosts in the same minutes. A call that nobody waited for
/// any more counts as one that took as long as it took.
fn fault(error: &PluginError, spent: &Spent) -> Option<Fault> {
    match error {
        PluginError::DeadlineExceeded { .. } => Some(Fault::Timeout),
        error if error.is_components_fault() => Some(Fault::Trap),
        PluginError::Cancelled if !spent.wall.is_zero() => None,
        _ => Some(Fault::Elsewhere),
    }
}

fn words(content: &Content) -> String {
    match content {
        Content::Text { text } => text.clone(),
        Content::Image { media_type, .. } => format!("[{media_type}]"),
    }
}

fn block(content: Content) -> ContentBlock {
    match content {
        Content::Text { text } => ContentBlock::text(text),
        Content::Image { media_type, data } => ContentBlock::image(STANDARD.encode(data), media_type),
    }
}

/// An error as a tool's answer.
pub(super) fn said(sentence: impl Into<String>) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(sentence.into())])
}

/// The platform's own trouble, as a tool's answer.
pub(super) fn away(error: &ApiError) -> CallToolResult {
    tracing::error!(%error, "a tool could not be called");
    metering::unserved("platform");
    said("The platform could not run the tool just now. Nothing was changed; try again in a moment.")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use openclaw_plugins::DeadlineKind;

    use super::*;

    #[test]
    fn a_release_is_blamed_for_what_it_did_and_not_for_its_customer_or_the_platform() {
        let ran = Spent { wall: Duration::from_millis(3), ..Spent::default() };
        let second = Duration::from_secs(1);
        let trapped = PluginError::Trapped { trap: String::new(), stderr: String::new() };
        let late = |kind| PluginError::DeadlineExceeded { kind, limit: second };
        for (error, expected) in [
            (trapped, Some(Fault::Trap)),
            (PluginError::MemoryExceeded { limit: 1 }, Some(Fault::Trap)),
            (late(DeadlineKind::Cpu), Some(Fault::Timeout)),
            (late(DeadlineKind::WallClock), Some(Fault::Timeout)),
            (PluginError::Cancelled, None),
            (PluginError::RateLimited { per_minute: 1, retry_after: second }, Some(Fault::Elsewhere)),
            (PluginError::TooManyCalls { limit: 1 }, Some(Fault::Elsewhere)),
            (PluginError::PoolExhausted, Some(Fault::Elsewhere)),
            (PluginError::Storage(StorageError::LeftIdle(second)), Some(Fault::Elsewhere)),
        ] {
            assert_eq!(fault(&error, &ran), expected, "{error}");
        }
        assert_eq!(fault(&PluginError::Cancelled, &Spent::default()), Some(Fault::Elsewhere), "it never began");
    }
}
