//! Chat completions of an OpenAI-compatible LLM, streamed.

use std::time::Duration;

use futures::StreamExt as _;
use reqwest::{Client, StatusCode, header::CONTENT_TYPE};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    backoff::{Backoff, told},
    conversation::{Function, FunctionKind, Message, ToolCall},
    environment::Environment,
    sentences::Trouble,
    sse::Events,
    state::retry_after,
};

/// More than this, in bytes, is no answer to a person, nor are tool calls of more. It is kept, twice while it is sent.
const LONGEST_ANSWER: usize = 64_000;
/// More reasoning than this, in bytes, comes to no end.
const LONGEST_REASONING: usize = 400_000;
/// What a tool call counts for, in bytes, beside its name, id and arguments.
const CALL_FRAME: usize = 64;
/// An answer in one piece, with its JSON, and what is read of an error.
const LONGEST_BODY: usize = 2 << 20;
/// Tool calls in one answer beyond this are left out.
const MOST_CALLS: usize = 32;
/// The platform's LLM does not make people wait longer than this on purpose.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// The LLM behind the token proxy.
pub(crate) struct Llm {
    http: Client,
    url: String,
    token: SecretString,
    model: String,
    thinking: Option<String>,
    silence: Duration,
}

/// What the LLM is asked.
pub(crate) struct Question<'a> {
    pub(crate) messages: &'a [Message],
    /// Function definitions; none when there are no tools.
    pub(crate) tools: &'a [Value],
    /// Whether it may call them.
    pub(crate) may_call: bool,
}

/// What it said.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Completion {
    pub(crate) text: String,
    pub(crate) reasoning: String,
    pub(crate) tool_calls: Vec<ToolCall>,
}

#[derive(Debug)]
enum LlmError {
    /// Worth trying again.
    Away(String),
    /// 429.
    Busy(Option<Duration>),
    /// 401, 402, 403.
    NoAccess(String),
    /// Any other refusal of this request.
    Refused(String),
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: &'a [Message],
    stream: bool,
    stream_options: Value,
    #[serde(skip_serializing_if = "<[Value]>::is_empty")]
    tools: &'a [Value],
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_effort: Option<&'a str>,
}

impl Llm {
    pub(crate) fn new(http: Client, environment: &Environment) -> Self {
        Self {
            http,
            url: format!("{}/chat/completions", environment.llm_url.as_str().trim_end_matches('/')),
            token: environment.proxy_token.clone(),
            model: environment.model.clone(),
            thinking: environment.thinking.clone(),
            silence: environment.limits.llm_silence,
        }
    }

    /// Asks, and asks again while the LLM is away or busy, `attempts` times at most.
    pub(crate) async fn ask(
        &self,
        question: &Question<'_>,
        attempts: u32,
        mut backoff: Backoff,
    ) -> Result<Completion, Trouble> {
        let mut trouble = Trouble::Away;
        for attempt in 1..=attempts.max(1) {
            let mut wait = None;
            match self.ask_once(question).await {
                Ok(completion) if completion.text.trim().is_empty() && completion.tool_calls.is_empty() => {
                    tracing::warn!(attempt, "the LLM said nothing");
                    if std::mem::replace(&mut trouble, Trouble::Empty) == Trouble::Empty {
                        return Err(trouble);
                    }
                }
                Ok(completion) => return Ok(completion),
                Err(LlmError::Away(why)) => {
                    tracing::warn!(attempt, %why, "the LLM is away");
                    trouble = Trouble::Away;
                }
                Err(LlmError::Busy(asked)) => {
                    tracing::warn!(attempt, ?asked, "the LLM is busy");
                    trouble = Trouble::Busy;
                    if asked.is_some_and(|asked| asked > LONGEST_WAIT) {
                        return Err(trouble);
                    }
                    wait = asked;
                }
                Err(LlmError::NoAccess(why)) => {
                    tracing::error!(%why, "the LLM refuses the proxy token");
                    return Err(Trouble::NoAccess);
                }
                Err(LlmError::Refused(why)) => {
                    tracing::error!(%why, "the LLM refuses the request");
                    return Err(Trouble::Refused);
                }
            }
            if attempt < attempts {
                backoff.pause(wait).await;
            }
        }
        Err(trouble)
    }

    async fn ask_once(&self, question: &Question<'_>) -> Result<Completion, LlmError> {
        let body = Body {
            model: &self.model,
            messages: question.messages,
            stream: true,
            stream_options: json!({ "include_usage": true }),
            tools: question.tools,
            tool_choice: (!question.tools.is_empty() && !question.may_call).then_some("none"),
            reasoning_effort: self.thinking.as_deref(),
        };
        let request = self.http.post(&self.url).bearer_auth(self.token.expose_secret()).json(&body).send();
        let response = tokio::time::timeout(self.silence, request).await.map_err(|_| self.silent())?.map_err(away)?;
        let status = response.status();
        if !status.is_success() {
            let wait = retry_after(response.headers());
            let text = self.body(response).await.unwrap_or_default();
            let why = format!("{status}: {}", text.chars().take(300).collect::<String>());
            return Err(match status {
                StatusCode::TOO_MANY_REQUESTS => LlmError::Busy(wait),
                StatusCode::UNAUTHORIZED | StatusCode::PAYMENT_REQUIRED | StatusCode::FORBIDDEN => {
                    LlmError::NoAccess(why)
                }
                StatusCode::REQUEST_TIMEOUT => LlmError::Away(why),
                status if status.is_server_error() => LlmError::Away(why),
                _ => LlmError::Refused(why),
            });
        }
        let streamed = response
            .headers()
            .get(CONTENT_TYPE)
            .is_none_or(|kind| !kind.to_str().unwrap_or_default().starts_with("application/json"));
        if streamed { self.read_stream(response).await } else { self.read_whole(response).await }
    }

    async fn read_stream(&self, response: reqwest::Response) -> Result<Completion, LlmError> {
        let mut bytes = response.bytes_stream();
        let mut events = Events::default();
        let mut building = Building::default();
        loop {
            let next = tokio::time::timeout(self.silence, bytes.next()).await.map_err(|_| self.silent())?;
            let Some(chunk) = next else {
                // Some providers end without [DONE]; without a reason to finish, it was cut.
                return if building.finished {
                    Ok(building.done())
                } else {
                    Err(LlmError::Away("the stream ended early".into()))
                };
            };
            let payloads = events
                .push(&chunk.map_err(away)?)
                .map_err(|_| LlmError::Away("the stream is not server-sent events".into()))?;
            for payload in payloads {
                if payload == "[DONE]" {
                    return Ok(building.done());
                }
                building.add(&payload)?;
            }
        }
    }

    async fn read_whole(&self, response: reqwest::Response) -> Result<Completion, LlmError> {
        let mut building = Building::default();
        building.add(&self.body(response).await?)?;
        Ok(building.done())
    }

    async fn body(&self, response: reqwest::Response) -> Result<String, LlmError> {
        let mut stream = response.bytes_stream();
        let mut body = Vec::new();
        while let Some(chunk) = tokio::time::timeout(self.silence, stream.next()).await.map_err(|_| self.silent())? {
            body.extend_from_slice(&chunk.map_err(away)?);
            if body.len() > LONGEST_BODY {
                return Err(endless());
            }
        }
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    fn silent(&self) -> LlmError {
        LlmError::Away(format!("nothing heard for {} s", self.silence.as_secs()))
    }
}

fn away(error: reqwest::Error) -> LlmError {
    LlmError::Away(told(&error.without_url()))
}

fn endless() -> LlmError {
    LlmError::Refused("the answer has no end".into())
}

/// A chunk of a stream, or a whole answer: they differ in `delta` and `message`.
#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(alias = "message")]
    delta: Option<Delta>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Delta {
    content: Option<String>,
    #[serde(alias = "reasoning")]
    reasoning_content: Option<String>,
    tool_calls: Option<Vec<CallDelta>>,
}

#[derive(Deserialize)]
struct CallDelta {
    index: Option<usize>,
    id: Option<String>,
    function: Option<FunctionDelta>,
}

#[derive(Deserialize)]
struct FunctionDelta {
    name: Option<String>,
    arguments: Option<String>,
}

#[derive(Default)]
struct Building {
    completion: Completion,
    /// Which call each of `completion.tool_calls` is, in the stream's count.
    indices: Vec<usize>,
    /// Bytes of the tool calls so far.
    called: usize,
    finished: bool,
}

impl Building {
    fn add(&mut self, payload: &str) -> Result<(), LlmError> {
        let chunk: Chunk = serde_json::from_str(payload)
            .map_err(|error| LlmError::Away(format!("an event does not read as a completion: {error}")))?;
        if let Some(error) = chunk.error.filter(|error| !error.is_null()) {
            return Err(LlmError::Away(format!("an error inside the stream: {error}")));
        }
        let Some(choice) = chunk.choices.into_iter().next() else { return Ok(()) };
        self.finished |= choice.finish_reason.is_some();
        let Some(delta) = choice.delta else { return Ok(()) };
        self.completion.text.push_str(&delta.content.unwrap_or_default());
        self.completion.reasoning.push_str(&delta.reasoning_content.unwrap_or_default());
        for call in delta.tool_calls.unwrap_or_default() {
            self.call(call);
        }
        let Completion { text, reasoning, .. } = &self.completion;
        if text.len().max(self.called) > LONGEST_ANSWER || reasoning.len() > LONGEST_REASONING {
            return Err(endless());
        }
        Ok(())
    }

    /// Several calls may be written by turns; `index` says which. Without one, an id opens the next.
    fn call(&mut self, delta: CallDelta) {
        let calls = &mut self.completion.tool_calls;
        let known = match delta.index {
            Some(index) => self.indices.iter().position(|known| *known == index),
            None if delta.id.is_some() => None,
            None => calls.len().checked_sub(1),
        };
        let at = known.unwrap_or_else(|| {
            self.indices.push(delta.index.unwrap_or(calls.len()));
            self.called += CALL_FRAME;
            let id = format!("call_{}", calls.len());
            calls.push(ToolCall { id, kind: FunctionKind::Function, function: Function::default() });
            calls.len() - 1
        });
        if let Some(id) = delta.id.filter(|id| !id.is_empty()) {
            self.called += id.len();
            calls[at].id = id;
        }
        if let Some(function) = delta.function {
            let (name, arguments) = (function.name.unwrap_or_default(), function.arguments.unwrap_or_default());
            self.called += name.len() + arguments.len();
            calls[at].function.name.push_str(&name);
            calls[at].function.arguments.push_str(&arguments);
        }
    }

    fn done(mut self) -> Completion {
        self.completion.tool_calls.retain(|call| !call.function.name.is_empty());
        self.completion.tool_calls.truncate(MOST_CALLS);
        self.completion
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_written_by_turns_are_put_together() {
        let mut building = Building::default();
        for delta in [
            json!({"content": "Vou ver."}),
            json!({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "one", "arguments": ""}}]}),
            json!({"tool_calls": [{"index": 1, "id": "b", "function": {"name": "two", "arguments": "{\"y\""}}]}),
            json!({"tool_calls": [{"index": 0, "function": {"arguments": "{\"x\":1}"}}, {"index": 1, "function": {"arguments": ":2}"}}]}),
        ] {
            building.add(&json!({"choices": [{"index": 0, "delta": delta}]}).to_string()).unwrap();
        }
        building.add(r#"{"choices":[],"usage":{"total_tokens":3}}"#).unwrap();
        let completion = building.done();
        assert_eq!(completion.text, "Vou ver.");
        let calls: Vec<_> = completion
            .tool_calls
            .iter()
            .map(|c| (c.id.as_str(), c.function.name.as_str(), c.function.arguments.as_str()))
            .collect();
        assert_eq!(calls, [("a", "one", "{\"x\":1}"), ("b", "two", "{\"y\":2}")]);
    }

    #[test]
    fn an_answer_that_is_not_streamed_reads_the_same() {
        let mut building = Building::default();
        building
            .add(&json!({"choices": [{"message": {"role": "assistant", "content": "Oi", "reasoning_content": "hm"}, "finish_reason": "stop"}]}).to_string())
            .unwrap();
        assert!(building.finished);
        let completion = building.done();
        assert_eq!((completion.text.as_str(), completion.reasoning.as_str()), ("Oi", "hm"));
    }

    #[test]
    fn what_has_no_end_is_cut_off() {
        let long = "x".repeat(1_000);
        for (index, delta) in [
            json!({"content": long}),
            json!({"reasoning_content": long}),
            json!({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "one", "arguments": long}}]}),
            json!({"tool_calls": [{"id": "a", "function": {"name": "one", "arguments": ""}}]}),
        ]
        .into_iter()
        .enumerate()
        {
            let mut building = Building::default();
            let chunk = json!({"choices": [{"index": 0, "delta": delta}]}).to_string();
            let refused = (0..2_000).map(|_| building.add(&chunk)).find_map(Result::err);
            assert!(matches!(refused, Some(LlmError::Refused(_))), "{index}");
        }
    }

    #[test]
    fn an_error_inside_the_stream_is_one() {
        assert!(matches!(Building::default().add(r#"{"error":{"message":"overloaded"}}"#), Err(LlmError::Away(_))));
    }
}
