//! `POST /v1/chat/completions`: check, reserve, forward, meter, answer.

use std::{sync::Arc, time::Instant};

use axum::{
    Extension, Json,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use http::{HeaderValue, header};
use openclaw_platform::{RequestId, tokens::Caller};
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::sync::{mpsc, oneshot};

use crate::{
    problem::Problem,
    provider::Provider,
    proxy::Proxy,
    quota::{Hold, Verdict},
    request::{BODY_LIMIT, ChatRequest},
    sentences, sse,
    streaming::{Pump, stream_response},
    usage::{self, Usage},
};

/// Tells how far the quota is spent: `90%`, `exhausted`, or `too-large` when it is this request that does not fit.
const QUOTA: &str = "x-openclaw-quota";

/// Answers, and counts how it went.
pub(crate) async fn create(
    State(proxy): State<Proxy>,
    Extension(id): Extension<RequestId>,
    request: Request,
) -> Response {
    let (outcome, response) = match answer(&proxy, id, request).await {
        Ok((outcome, response)) => (outcome, response),
        Err(problem) => (problem.code, problem.into_response()),
    };
    metrics::counter!("token_proxy_requests_total", "outcome" => outcome).increment(1);
    response
}

async fn answer(proxy: &Proxy, id: RequestId, request: Request) -> Result<(&'static str, Response), Problem> {
    let began = Instant::now();
    let caller = proxy.caller(request.headers()).await?;
    proxy.pace(&caller).await?;
    let bytes =
        axum::body::to_bytes(request.into_body(), BODY_LIMIT).await.map_err(|_| Problem::too_large(BODY_LIMIT))?;
    let request = ChatRequest::parse(&bytes, &proxy.settings.default_model, proxy.settings.max_completion_tokens)?;
    let provider = proxy.provider.clone().ok_or_else(Problem::no_provider)?;
    let reserved = request.prompt.saturating_add(request.completion);
    let (hold, nearly) = match proxy.quota.reserve(caller.agent, id, reserved).await? {
        Verdict::Granted { hold, nearly } => (hold, nearly),
        Verdict::Exhausted(period) => {
            if period.exhausted_at.is_none() {
                proxy.meter.exhausted(period.id);
            }
            let sentence = sentences::exhausted(&caller.locale, period.ends_at, &proxy.settings.public_url);
            return Ok(("exhausted", instead(id, &request, "exhausted", &sentence)));
        }
        Verdict::TooLarge(period) => {
            let sentence = sentences::too_large(&caller.locale, period.ends_at, &proxy.settings.public_url);
            return Ok(("too_large", instead(id, &request, "too-large", &sentence)));
        }
        Verdict::NoPeriod => {
            return Ok(("no_period", instead(id, &request, "exhausted", &no_period(proxy, &caller))));
        }
    };
    metrics::histogram!("token_proxy_overhead_seconds").record(began.elapsed());
    // A task of its own: a client that goes away takes its answer's metering with it otherwise.
    let (reply, answered) = oneshot::channel();
    proxy.meter.tasks.spawn(exchange(proxy.clone(), provider, hold, request, reply));
    let mut response =
        answered.await.unwrap_or_else(|_| Err(Problem::broken("the request failed inside the proxy")))?;
    if nearly {
        response.headers_mut().insert(QUOTA, HeaderValue::from_static("90%"));
    }
    Ok(("ok", response))
}

fn no_period(proxy: &Proxy, caller: &Caller) -> String {
    sentences::no_period(&caller.locale, &proxy.settings.public_url)
}

/// Forwards, replies, and settles, to its end whether or not the client waits for it.
async fn exchange(
    proxy: Proxy,
    provider: Arc<Provider>,
    hold: Hold,
    request: ChatRequest,
    reply: oneshot::Sender<Result<Response, Problem>>,
) {
    let model = provider.model(&request.model).to_owned();
    let (prompt, stream, wants_usage) = (request.prompt, request.stream, request.wants_usage);
    let sent = provider.send(request.into_body(&model));
    let response = tokio::select! {
        response = sent => response,
        () = proxy.closing.cancelled() => Err(Problem::away("the token proxy")),
    };
    let response = match response {
        Ok(response) => response,
        Err(problem) => {
            proxy.meter.release(&hold).await;
            let _ = reply.send(Err(problem));
            return;
        }
    };
    if stream {
        if !streams(&response) {
            proxy.meter.release(&hold).await;
            let _ = reply.send(Err(Problem::broken("the language model's provider did not stream its answer")));
            return;
        }
        let (events, body) = mpsc::channel(32);
        let _ = reply.send(Ok(stream_response(body)));
        Pump { proxy, provider, hold, model, prompt, wants_usage, events }.run(response).await;
        return;
    }
    let whole = tokio::select! {
        whole = provider.whole(response) => whole,
        () = proxy.closing.cancelled() => Err(Problem::away("the token proxy")),
    };
    match whole {
        Ok(mut answer) => {
            let usage = Usage::of(&answer).unwrap_or_else(|| {
                Usage::estimate(prompt, usage::tokens(usage::written(&answer["choices"][0]["message"])))
            });
            proxy.meter.settle(hold, &model, usage).await;
            if !answer["usage"].is_object() {
                answer["usage"] = usage.to_json();
            }
            let _ = reply.send(Ok(Json(answer).into_response()));
        }
        Err(problem) => {
            proxy.meter.release(&hold).await;
            let _ = reply.send(Err(problem));
        }
    }
}

/// Whether the provider answers in events; one that does not say so is believed to.
fn streams(response: &reqwest::Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
    kind.is_none_or(|kind| kind.starts_with("text/event-stream"))
}

/// A completion that says `sentence`, in the form that was asked for, and cost nothing; `quota` tells programs why.
fn instead(id: RequestId, request: &ChatRequest, quota: &'static str, sentence: &str) -> Response {
    let created = OffsetDateTime::now_utc().unix_timestamp();
    let usage = Usage { prompt: 0, completion: 0, cached: 0, estimated: false }.to_json();
    let whole = |object: &str, choices: Value| json!({ "id": format!("chatcmpl-{id}"), "object": object, "created": created, "model": request.model, "choices": choices });
    let mut response = if request.stream {
        let chunk = |choices| sse::event(&whole("chat.completion.chunk", choices).to_string());
        let mut text = chunk(
            json!([{ "index": 0, "delta": { "role": "assistant", "content": sentence }, "finish_reason": null }]),
        );
        text += &chunk(json!([{ "index": 0, "delta": {}, "finish_reason": "stop" }]));
        if request.wants_usage {
            let mut last = whole("chat.completion.chunk", json!([]));
            last["usage"] = usage;
            text += &sse::event(&last.to_string());
        }
        text += &sse::event("[DONE]");
        ([(header::CONTENT_TYPE, "text/event-stream")], Body::from(text)).into_response()
    } else {
        let message = json!({ "role": "assistant", "content": sentence });
        let mut body = whole("chat.completion", json!([{ "index": 0, "message": message, "finish_reason": "stop" }]));
        body["usage"] = usage;
        Json(body).into_response()
    };
    response.headers_mut().insert(QUOTA, HeaderValue::from_static(quota));
    response
}
