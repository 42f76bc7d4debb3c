//! What a client asks: read once, bounded, and rewritten for the provider.

use serde_json::{Map, Value, json};

use crate::{problem::Problem, usage};

/// Largest request that is read, in bytes.
pub(crate) const BODY_LIMIT: usize = 4 << 20;

/// A chat completion that a client asks for.
#[derive(Debug)]
pub(crate) struct ChatRequest {
    body: Map<String, Value>,
    /// The model's name as the client knows it.
    pub(crate) model: String,
    /// Whether the answer comes as it is made.
    pub(crate) stream: bool,
    /// Whether the client wants to be told the usage of a stream.
    pub(crate) wants_usage: bool,
    /// Tokens of what is asked, at a guess.
    pub(crate) prompt: i64,
    /// Tokens the answer may take.
    pub(crate) completion: i64,
}

impl ChatRequest {
    /// Reads `bytes`; `default_model` is meant when none is named, and no answer may take more than `cap` tokens.
    pub(crate) fn parse(bytes: &[u8], default_model: &str, cap: u32) -> Result<Self, Problem> {
        let body: Value =
            serde_json::from_slice(bytes).map_err(|e| Problem::invalid("", format!("the body is no JSON: {e}")))?;
        let Value::Object(mut body) = body else {
            return Err(Problem::invalid("", "the body must be a JSON object"));
        };
        let model = match body.get("model") {
            None | Some(Value::Null) => default_model.to_owned(),
            Some(Value::String(model)) if !model.is_empty() && model.len() <= 200 => model.clone(),
            Some(_) => return Err(Problem::invalid("model", "model must be a name")),
        };
        if body.get("messages").and_then(Value::as_array).is_none_or(Vec::is_empty) {
            return Err(Problem::invalid("messages", "messages must be an array with at least one message"));
        }
        if body.get("n").is_some_and(|n| !n.is_null() && n.as_u64() != Some(1)) {
            return Err(Problem::invalid("n", "only one choice a request is given"));
        }
        let stream = match body.get("stream") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(stream)) => *stream,
            Some(_) => return Err(Problem::invalid("stream", "stream must be true or false")),
        };
        let wants_usage = body.get("stream_options").is_some_and(|o| o["include_usage"] == true);
        if stream {
            // Forced: what is not told cannot be metered.
            match body.get_mut("stream_options") {
                Some(Value::Object(options)) => {
                    options.insert("include_usage".into(), true.into());
                }
                _ => {
                    body.insert("stream_options".into(), json!({ "include_usage": true }));
                }
            }
        } else {
            body.remove("stream_options");
        }
        let completion = bound(&mut body, cap)?;
        let asked =
            ["messages", "tools", "response_format"].iter().filter_map(|f| body.get(*f)).map(usage::chars).sum();
        Ok(Self { body, model, stream, wants_usage, prompt: usage::tokens(asked), completion })
    }

    /// The body for the provider, which calls the model `model`.
    pub(crate) fn into_body(mut self, model: &str) -> Vec<u8> {
        self.body.insert("model".into(), model.into());
        serde_json::to_vec(&self.body).expect("JSON that was read can be written")
    }
}

/// Holds the answer's length to `cap`, and says what it may be.
fn bound(body: &mut Map<String, Value>, cap: u32) -> Result<i64, Problem> {
    let mut longest = None;
    for field in ["max_tokens", "max_completion_tokens"] {
        match body.get(field) {
            None => {}
            Some(Value::Null) => {
                body.remove(field);
            }
            Some(asked) => {
                let asked = asked.as_u64().filter(|n| *n > 0);
                let asked =
                    asked.ok_or_else(|| Problem::invalid(field, format!("{field} must be a number above 0")))?;
                let bounded = asked.min(cap.into());
                body.insert(field.into(), bounded.into());
                longest = longest.max(Some(bounded));
            }
        }
    }
    let longest = longest.unwrap_or_else(|| {
        body.insert("max_tokens".into(), cap.into());
        cap.into()
    });
    Ok(i64::try_from(longest).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: Value) -> Result<ChatRequest, Problem> {
        ChatRequest::parse(body.to_string().as_bytes(), "kimi-coding/k2p5", 100)
    }

    fn messages() -> Value {
        json!([{"role": "user", "content": "Olá"}])
    }

    #[test]
    fn an_answer_is_never_longer_than_the_cap() {
        for (body, expected) in [
            (json!({"messages": messages()}), 100),
            (json!({"messages": messages(), "max_tokens": 7}), 7),
            (json!({"messages": messages(), "max_tokens": 7_000}), 100),
            (json!({"messages": messages(), "max_completion_tokens": 7_000, "max_tokens": null}), 100),
        ] {
            let request = parse(body).unwrap();
            assert_eq!(request.completion, expected);
            let sent: Value = serde_json::from_slice(&request.into_body("k2p5")).unwrap();
            let limit = sent.get("max_tokens").or(sent.get("max_completion_tokens")).unwrap();
            assert_eq!((limit.as_i64(), sent["model"].as_str()), (Some(expected), Some("k2p5")));
        }
    }

    #[test]
    fn usage_is_asked_for_whether_the_client_does_or_not() {
        let request = parse(json!({"messages": messages(), "stream": true})).unwrap();
        assert!(!request.wants_usage);
        let sent: Value = serde_json::from_slice(&request.into_body("m")).unwrap();
        assert_eq!(sent["stream_options"]["include_usage"], true);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (body, param) in [
            (json!({}), "messages"),
            (json!({"messages": []}), "messages"),
            (json!({"messages": messages(), "stream": "yes"}), "stream"),
            (json!({"messages": messages(), "n": 2}), "n"),
            (json!({"messages": messages(), "model": 7}), "model"),
            (json!({"messages": messages(), "max_tokens": -1}), "max_tokens"),
        ] {
            assert_eq!(parse(body).unwrap_err().param.as_deref(), Some(param));
        }
        assert!(ChatRequest::parse(b"{", "m", 1).is_err() && ChatRequest::parse(b"[]", "m", 1).is_err());
    }
}
