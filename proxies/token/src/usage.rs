//! What an answer cost, in the shapes that providers tell it, or by our own estimate.

use serde_json::{Value, json};

/// Characters of a token, for estimates.
const CHARS_PER_TOKEN: usize = 4;
/// What an image counts for in an estimate, in characters: its bytes say nothing about its tokens.
const IMAGE_CHARS: usize = 4_000;
/// No answer takes more; a provider that says so is mistaken.
const MOST: i64 = 100_000_000;

/// Tokens of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) prompt: i64,
    pub(crate) completion: i64,
    pub(crate) cached: i64,
    pub(crate) estimated: bool,
}

impl Usage {
    /// Our own figures.
    pub(crate) fn estimate(prompt: i64, completion: i64) -> Self {
        Self { prompt, completion, cached: 0, estimated: true }
    }

    /// What a body or a stream's chunk says: at its top, as OpenAI has it, or in its first choice, as Kimi's streams do.
    pub(crate) fn of(body: &Value) -> Option<Self> {
        let usage = [&body["usage"], &body["choices"][0]["usage"]].into_iter().find(|u| u.is_object())?;
        let count = |value: &Value| value.as_i64().filter(|n| (0..=MOST).contains(n));
        let prompt = count(&usage["prompt_tokens"])?;
        let completion = count(&usage["completion_tokens"])?;
        let cached =
            [&usage["prompt_tokens_details"]["cached_tokens"], &usage["cached_tokens"], &body["cached_tokens"]];
        let cached = cached.into_iter().find_map(count).unwrap_or(0).min(prompt);
        Some(Self { prompt, completion, cached, estimated: false })
    }

    pub(crate) fn total(self) -> i64 {
        self.prompt + self.completion
    }

    /// As OpenAI writes it.
    pub(crate) fn to_json(self) -> Value {
        json!({
            "prompt_tokens": self.prompt,
            "completion_tokens": self.completion,
            "total_tokens": self.total(),
            "prompt_tokens_details": { "cached_tokens": self.cached },
        })
    }
}

/// Tokens that so many characters make, at a guess.
pub(crate) fn tokens(chars: usize) -> i64 {
    i64::try_from(chars.div_ceil(CHARS_PER_TOKEN)).unwrap_or(i64::MAX)
}

/// Characters of every text and name in `value`.
pub(crate) fn chars(value: &Value) -> usize {
    match value {
        Value::String(text) if text.starts_with("data:") => IMAGE_CHARS,
        Value::String(text) => text.chars().count(),
        Value::Array(items) => items.iter().map(chars).sum(),
        Value::Object(fields) => fields.iter().map(|(name, field)| name.chars().count() + chars(field)).sum(),
        Value::Number(_) | Value::Bool(_) | Value::Null => 1,
    }
}

/// Characters that a model wrote in `message` or `delta`: text, reasoning, and the arguments of tool calls.
pub(crate) fn written(message: &Value) -> usize {
    ["content", "reasoning_content", "reasoning", "refusal", "tool_calls"]
        .iter()
        .map(|field| match &message[*field] {
            Value::Null => 0,
            Value::Array(calls) => calls.iter().map(|call| chars(&call["function"])).sum(),
            text => chars(text),
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_is_read_in_every_shape_that_providers_use() {
        let openai = json!({"usage": {"prompt_tokens": 9, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 3}}});
        let kimi = json!({"choices": [{"delta": {}, "usage": {"prompt_tokens": 9, "completion_tokens": 4, "cached_tokens": 3}}]});
        let top = json!({"usage": {"prompt_tokens": 9, "completion_tokens": 4}, "cached_tokens": 3});
        for body in [openai, kimi, top] {
            let expected = Usage { prompt: 9, completion: 4, cached: 3, estimated: false };
            assert_eq!(Usage::of(&body), Some(expected), "{body}");
        }
    }

    #[test]
    fn nonsense_is_no_usage() {
        for usage in [
            json!(null),
            json!({}),
            json!({"prompt_tokens": -1, "completion_tokens": 2}),
            json!({"prompt_tokens": 1, "completion_tokens": 1e18}),
        ] {
            assert_eq!(Usage::of(&json!({ "usage": usage })), None);
        }
    }

    #[test]
    fn an_image_is_not_counted_by_its_bytes() {
        let image = format!("data:image/png;base64,{}", "A".repeat(1_000_000));
        assert!(chars(&json!([{"type": "image_url", "image_url": {"url": image}}])) < 5_000);
    }
}
