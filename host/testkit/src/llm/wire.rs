//! An answer of an OpenAI-compatible LLM on the wire: whole, or as a stream of server-sent events.

use std::time::Duration;

use axum::{
    Json,
    body::Body,
    response::{IntoResponse, Response},
};
use futures::StreamExt as _;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

/// What the LLM answers to one request.
#[derive(Debug, Clone)]
pub struct Reply {
    status: u16,
    text: String,
    calls: Vec<(String, String)>,
    usage: Option<(u64, u64)>,
    headers: Vec<(HeaderName, HeaderValue)>,
    before: Duration,
    between: Duration,
    cut: bool,
}

impl Reply {
    fn empty() -> Self {
        Self {
            status: 200,
            text: String::new(),
            calls: Vec::new(),
            usage: None,
            headers: Vec::new(),
            before: Duration::ZERO,
            between: Duration::ZERO,
            cut: false,
        }
    }

    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::empty() }
    }

    /// Tool calls, each a name and its arguments.
    pub fn tool_calls<N: Into<String>>(calls: impl IntoIterator<Item = (N, Value)>) -> Self {
        let calls = calls.into_iter().map(|(name, arguments)| (name.into(), arguments.to_string())).collect();
        Self { calls, ..Self::empty() }
    }

    /// An error of that HTTP status.
    pub fn status(status: u16) -> Self {
        Self { status, ..Self::empty() }
    }

    /// Prompt and completion tokens to report; without it, a quarter of the characters.
    pub fn usage(self, prompt: u64, completion: u64) -> Self {
        Self { usage: Some((prompt, completion)), ..self }
    }

    /// One more response header.
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).expect("a test's header is one");
        self.headers.push((HeaderName::from_static(name), value));
        self
    }

    /// Nothing at all for so long.
    pub fn after(self, before: Duration) -> Self {
        Self { before, ..self }
    }

    /// A pause after each event of a stream.
    pub fn slowly(self, between: Duration) -> Self {
        Self { between, ..self }
    }

    /// A stream that ends in the middle.
    pub fn cut(self) -> Self {
        Self { cut: true, ..self }
    }

    /// The HTTP answer to `request`, streamed if that asks for it.
    pub async fn respond(self, request: &Value) -> Response {
        tokio::time::sleep(self.before).await;
        let mut response = if self.status != 200 {
            let status = StatusCode::from_u16(self.status).expect("a test's status is one");
            error(status, &format!("scripted status {}", self.status))
        } else if request["stream"] == true {
            self.stream(request)
        } else {
            self.whole(request)
        };
        response.headers_mut().extend(self.headers);
        response
    }

    fn usage_of(&self, request: &Value) -> Value {
        let (prompt, completion) = self.usage.unwrap_or_else(|| {
            let said = self.text.chars().count() + self.calls.iter().map(|(n, a)| n.len() + a.len()).sum::<usize>();
            (prompt_tokens(request), (said as u64).div_ceil(4))
        });
        json!({"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion})
    }

    fn finish_reason(&self) -> &'static str {
        if self.calls.is_empty() { "stop" } else { "tool_calls" }
    }

    fn call(&self, index: usize) -> Value {
        let (name, arguments) = &self.calls[index];
        json!({"id": call_id(index), "type": "function", "function": {"name": name, "arguments": arguments}})
    }

    fn whole(&self, request: &Value) -> Response {
        let mut message = json!({"role": "assistant", "content": self.text});
        if !self.calls.is_empty() {
            message["tool_calls"] = (0..self.calls.len()).map(|index| self.call(index)).collect();
        }
        let mut body = frame(request, "chat.completion");
        body["choices"] = json!([{"index": 0, "message": message, "finish_reason": self.finish_reason()}]);
        body["usage"] = self.usage_of(request);
        Json(body).into_response()
    }

    fn stream(&self, request: &Value) -> Response {
        let chunk = |delta: Value, finish: Value| {
            let mut body = frame(request, "chat.completion.chunk");
            body["choices"] = json!([{"index": 0, "delta": delta, "finish_reason": finish}]);
            body.to_string()
        };
        let mut events = vec![chunk(json!({"role": "assistant", "content": ""}), Value::Null)];
        events.extend(
            self.text.split_inclusive(char::is_whitespace).map(|w| chunk(json!({ "content": w }), Value::Null)),
        );
        // As providers write them: a head each, then the arguments in pieces, by turns.
        for index in 0..self.calls.len() {
            let mut call = self.call(index);
            call["index"] = json!(index);
            call["function"]["arguments"] = json!("");
            events.push(chunk(json!({"tool_calls": [call]}), Value::Null));
        }
        for half in 0..2 {
            for (index, (_, arguments)) in self.calls.iter().enumerate() {
                let middle = (0..=arguments.len() / 2).rev().find(|at| arguments.is_char_boundary(*at)).unwrap_or(0);
                let piece = if half == 0 { &arguments[..middle] } else { &arguments[middle..] };
                let delta = json!({"tool_calls": [{"index": index, "function": {"arguments": piece}}]});
                events.push(chunk(delta, Value::Null));
            }
        }
        if self.cut {
            events.truncate(events.len().div_ceil(2));
        } else {
            events.push(chunk(json!({}), json!(self.finish_reason())));
            if request["stream_options"]["include_usage"] == true {
                let mut body = frame(request, "chat.completion.chunk");
                body["choices"] = json!([]);
                body["usage"] = self.usage_of(request);
                events.push(body.to_string());
            }
            events.push("[DONE]".into());
        }
        let between = self.between;
        let stream = futures::stream::iter(events).then(move |event| async move {
            if !between.is_zero() {
                tokio::time::sleep(between).await;
            }
            Ok::<_, std::convert::Infallible>(format!("data: {event}\n\n"))
        });
        ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(stream)).into_response()
    }
}

/// An error as OpenAI writes it.
pub fn error(status: StatusCode, message: &str) -> Response {
    let kind = if status.is_client_error() { "invalid_request_error" } else { "server_error" };
    (status, Json(json!({"error": {"message": message, "type": kind, "code": null, "param": null}}))).into_response()
}

/// A quarter of the characters of what was asked: messages and tools.
pub fn prompt_tokens(request: &Value) -> u64 {
    let characters = |value: &Value| match value {
        Value::Null => 0,
        value => value.to_string().chars().count() as u64,
    };
    (characters(&request["messages"]) + characters(&request["tools"])).div_ceil(4)
}

fn call_id(index: usize) -> String {
    format!("call_{}_{index}", uuid::Uuid::new_v4().simple())
}

fn frame(request: &Value, object: &str) -> Value {
    let created = std::time::SystemTime::now()
        .duration_since(std::time::SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    json!({
        "id": "chatcmpl-testkit",
        "object": object,
        "created": created,
        "model": request["model"].as_str().unwrap_or("testkit"),
    })
}
