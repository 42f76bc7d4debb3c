//! An answer as it is made: events passed on one by one, and metered when the last has come, or will not come.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    body::Body,
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use futures::stream;
use http::header;
use serde_json::{Value, json};
use tokio::{sync::mpsc, time::timeout};

use crate::{
    problem::Problem,
    provider::Provider,
    proxy::Proxy,
    quota::Hold,
    sse::{self, Event},
    usage::{self, Usage},
};

/// How long an answer may take in all: less than its reservation lasts.
const LONGEST: Duration = Duration::from_secs(600);
/// How long a client may leave an event unread.
const UNREAD: Duration = Duration::from_secs(60);

/// The response whose body is what comes through `events`.
pub(crate) fn stream_response(events: mpsc::Receiver<Bytes>) -> Response {
    let body = stream::unfold(events, |mut events| async move {
        events.recv().await.map(|event| (Ok::<_, Infallible>(event), events))
    });
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache")];
    (headers, Body::from_stream(body)).into_response()
}

/// Carries one answer from the provider to the client.
pub(crate) struct Pump {
    pub(crate) proxy: Proxy,
    pub(crate) provider: Arc<Provider>,
    pub(crate) hold: Hold,
    /// The provider's name of the model.
    pub(crate) model: String,
    /// Tokens of what was asked, at a guess.
    pub(crate) prompt: i64,
    /// Whether the client wants to be told the usage.
    pub(crate) wants_usage: bool,
    pub(crate) events: mpsc::Sender<Bytes>,
}

/// How an answer ended.
enum End {
    /// As it should.
    Done,
    /// The client is gone.
    Abandoned,
    /// Before its end; the client is told.
    Broken(Problem),
}

/// What was learnt of an answer while it passed.
#[derive(Default)]
struct Seen {
    usage: Option<Usage>,
    /// Characters the model wrote.
    written: usize,
    /// Whether a choice said that it is finished.
    finished: bool,
    /// Whether the client was sent the usage.
    told: bool,
    /// `id`, `created` and `model` of the answer, for a chunk of our own.
    head: Option<(Value, Value, Value)>,
}

impl Pump {
    /// Passes on `response`, then settles.
    pub(crate) async fn run(self, response: reqwest::Response) {
        let mut seen = Seen::default();
        let end = match timeout(LONGEST, self.pass(response, &mut seen)).await {
            Ok(end) => end,
            Err(_) => End::Broken(Problem::slow()),
        };
        let usage = seen.usage.unwrap_or_else(|| Usage::estimate(self.prompt, usage::tokens(seen.written)));
        self.proxy.meter.settle(self.hold.clone(), &self.model, usage).await;
        // The last event goes out after the metering: whoever has a whole answer has paid for it.
        match end {
            End::Done => {
                if self.wants_usage && !seen.told {
                    let (id, created, model) = seen.head.unwrap_or_default();
                    let chunk = json!({ "id": id, "object": "chat.completion.chunk", "created": created, "model": model,
                                        "choices": [], "usage": usage.to_json() });
                    self.forward(sse::event(&chunk.to_string())).await;
                }
                self.forward(sse::event("[DONE]")).await;
            }
            End::Broken(problem) => {
                tracing::warn!(request = %self.hold.request, code = problem.code, "an answer broke off");
                self.forward(sse::event(&problem.body().to_string())).await;
            }
            End::Abandoned => tracing::debug!(request = %self.hold.request, "the client left"),
        }
    }

    async fn pass(&self, mut response: reqwest::Response, seen: &mut Seen) -> End {
        let mut reader = sse::Reader::default();
        loop {
            let next = tokio::select! {
                biased;
                () = self.events.closed() => return End::Abandoned,
                () = self.proxy.closing.cancelled() => return End::Broken(Problem::away("the token proxy")),
                next = timeout(self.provider.timeout, response.chunk()) => next,
            };
            let (events, last) = match next {
                Err(_) => return End::Broken(Problem::slow()),
                Ok(Err(_)) => return End::Broken(Problem::broken("the provider's answer broke off")),
                Ok(Ok(Some(bytes))) => match reader.push(&bytes) {
                    Ok(events) => (events, false),
                    Err(sse::TooLong) => return End::Broken(Problem::broken("the provider's answer is too long")),
                },
                Ok(Ok(None)) => (reader.rest().into_iter().collect(), true),
            };
            for event in events {
                if event.data().as_deref().map(str::trim) == Some("[DONE]") {
                    return End::Done;
                }
                if self.keeps(&event, seen) && !self.forward(self.provider.redact(&event.into_text())).await {
                    return End::Abandoned;
                }
            }
            if last {
                // Some providers end without saying so.
                let end = if seen.finished {
                    End::Done
                } else {
                    End::Broken(Problem::broken("the provider's answer broke off"))
                };
                return end;
            }
        }
    }

    /// Learns from `event`; whether the client is to have it.
    fn keeps(&self, event: &Event, seen: &mut Seen) -> bool {
        let Some(chunk) = event.data().and_then(|data| serde_json::from_str::<Value>(&data).ok()) else {
            return true;
        };
        seen.written += usage::written(&chunk["choices"][0]["delta"]);
        seen.finished |= chunk["choices"][0]["finish_reason"].is_string();
        seen.head.get_or_insert_with(|| (chunk["id"].clone(), chunk["created"].clone(), chunk["model"].clone()));
        if let Some(usage) = Usage::of(&chunk) {
            seen.usage = Some(usage);
            let only_usage = chunk["choices"].as_array().is_none_or(Vec::is_empty);
            if only_usage && !self.wants_usage {
                return false;
            }
            seen.told |= chunk["usage"].is_object() && only_usage;
        }
        true
    }

    /// Whether the client took it.
    async fn forward(&self, event: String) -> bool {
        matches!(timeout(UNREAD, self.events.send(Bytes::from(event))).await, Ok(Ok(())))
    }
}
