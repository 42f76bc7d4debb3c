//! From Redis' stream into Postgres, in batches. An event may be read twice and is counted once: Postgres knows its
//! request, and the counters move only with the event that really leaves the stream.

use std::{sync::LazyLock, time::Duration};

use openclaw_platform::{
    AgentId, PeriodId, RequestId,
    usage::{self as domain, Event},
};
use redis::{Script, streams::StreamRangeReply};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

use crate::{
    metering::{Meter, STREAM},
    quota,
};

/// How often to look for what another process left behind.
const EVERY: Duration = Duration::from_millis(500);
/// How long events gather before they are written together.
const GATHER: Duration = Duration::from_millis(50);
/// Events in one transaction at most.
const BATCH: usize = 500;
/// How long the last flush may take when the role stops; what is left waits in Redis.
const LAST: Duration = Duration::from_millis(700);

/// Takes events out of the stream; only one that was still there leaves `pending`, and `base` only rises.
static FINISH: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
        local batch = cjson.decode(ARGV[1])
        for _, event in ipairs(batch.events) do
            if redis.call('XDEL', KEYS[1], event[1]) == 1 and redis.call('EXISTS', event[2]) == 1 then
                local left = redis.call('HINCRBY', event[2], 'pending', string.format('%.0f', -event[3]))
                if left < 0 then redis.call('HSET', event[2], 'pending', 0) end
            end
        end
        for _, period in ipairs(batch.periods) do
            local base = redis.call('HGET', period[1], 'base')
            if base and tonumber(base) < period[2] then
                redis.call('HSET', period[1], 'base', string.format('%.0f', period[2]))
            end
        end
        return redis.call('XLEN', KEYS[1])
        ",
    )
});

/// An event as it waits in the stream.
#[derive(Serialize, Deserialize)]
struct Waiting {
    request: RequestId,
    agent: AgentId,
    period: PeriodId,
    model: String,
    prompt: i64,
    completion: i64,
    cached: i64,
    estimated: bool,
    /// Milliseconds since 1970.
    at: i64,
}

/// `event` as it waits in the stream.
pub(crate) fn write(event: &Event) -> String {
    let waiting = Waiting {
        request: event.request,
        agent: event.agent,
        period: event.period,
        model: event.model.clone(),
        prompt: event.prompt,
        completion: event.completion,
        cached: event.cached,
        estimated: event.estimated,
        at: quota::milliseconds(event.occurred_at),
    };
    serde_json::to_string(&waiting).expect("ids, names and numbers are always JSON")
}

fn read(text: &str) -> Option<Event> {
    let waiting: Waiting = serde_json::from_str(text).ok()?;
    Some(Event {
        request: waiting.request,
        agent: waiting.agent,
        period: waiting.period,
        model: waiting.model,
        prompt: waiting.prompt.max(0),
        completion: waiting.completion.max(0),
        cached: waiting.cached.max(0),
        estimated: waiting.estimated,
        occurred_at: OffsetDateTime::from_unix_timestamp_nanos(i128::from(waiting.at) * 1_000_000).ok()?,
    })
}

/// Flushes until `shutdown`, and once more then.
pub(crate) async fn run(meter: Meter, shutdown: CancellationToken) {
    let mut failing = false;
    loop {
        match flush(&meter).await {
            // A full batch: there is more.
            Ok(BATCH) => continue,
            Ok(_) => failing = false,
            Err(error) => {
                metrics::counter!("token_proxy_flush_failures_total").increment(1);
                if !failing {
                    tracing::warn!(%error, "usage cannot be written for now; it waits in Redis");
                }
                failing = true;
            }
        }
        tokio::select! {
            () = meter.settled.notified(), if !failing => tokio::time::sleep(GATHER).await,
            () = tokio::time::sleep(EVERY) => {}
            () = shutdown.cancelled() => break,
        }
    }
    // Requests under way may still settle: the last flush comes after them.
    let _ = tokio::time::timeout(crate::GRACE + crate::LAST_WORDS, meter.tasks.wait()).await;
    let _ = tokio::time::timeout(LAST, flush(&meter)).await;
}

/// Writes the oldest events; how many there were.
async fn flush(meter: &Meter) -> Result<usize, openclaw_platform::Error> {
    let mut oldest = redis::cmd("XRANGE");
    oldest.arg(STREAM).arg("-").arg("+").arg("COUNT").arg(BATCH);
    let batch: StreamRangeReply = meter.redis.read(&oldest).await?;
    if batch.ids.is_empty() {
        metrics::gauge!("token_proxy_events_waiting").set(0.0);
        return Ok(0);
    }
    metrics::gauge!("token_proxy_events_waiting").set(batch.ids.len() as f64);
    let mut events = Vec::with_capacity(batch.ids.len());
    let mut left = Vec::with_capacity(batch.ids.len());
    for entry in &batch.ids {
        match entry.get::<String>("event").as_deref().and_then(read) {
            Some(event) => {
                left.push((entry.id.clone(), quota::counters(event.period), event.prompt + event.completion));
                events.push(event);
            }
            None => {
                tracing::error!(id = entry.id, "an event in the usage stream cannot be read; it is dropped");
                left.push((entry.id.clone(), String::new(), 0));
            }
        }
    }
    let recorded = domain::record(&meter.db, &events).await?;
    meter.notices.send(recorded.notices);
    let used: Vec<_> = recorded.used.into_iter().map(|(period, used)| (quota::counters(period), used)).collect();
    let mut call = FINISH.prepare_invoke();
    call.key(STREAM).arg(serde_json::json!({ "events": left, "periods": used }).to_string());
    let waiting: u32 = meter.redis.run(&call).await?;
    metrics::gauge!("token_proxy_events_waiting").set(f64::from(waiting));
    Ok(batch.ids.len())
}
