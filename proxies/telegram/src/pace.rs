//! Telegram's limits on sending, kept by waiting in order instead of failing.
//!
//! One message a second in a chat, twenty a minute in a group, thirty a second for a bot
//! (<https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this>).

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use openclaw_platform::AgentId;
use tokio::{
    sync::OwnedMutexGuard,
    time::{Instant, sleep_until},
};

use crate::answer::ApiError;

/// Between two messages in a private chat.
const PRIVATE: Duration = Duration::from_secs(1);
/// Between two messages in a group.
const GROUP: Duration = Duration::from_secs(3);
/// Between two messages of a bot.
const BOT: Duration = Duration::from_millis(34);
/// How long a send may wait for its turn: less than clients wait for an answer.
const LONGEST_WAIT: Duration = Duration::from_secs(8);
/// Lanes kept before those that are idle are dropped.
const MANY: usize = 1000;

/// The lanes of all chats.
#[derive(Default)]
pub(crate) struct Pace {
    chats: Mutex<HashMap<(AgentId, i64), Arc<Lane>>>,
    bots: Mutex<HashMap<AgentId, Instant>>,
}

struct Lane {
    interval: Duration,
    waiting: AtomicU32,
    next: Mutex<Instant>,
    /// A queue: tokio's mutex is fair, so those who wait go in the order they came.
    order: Arc<tokio::sync::Mutex<()>>,
}

/// The right to send next in a chat, until it is dropped.
pub(crate) struct Turn<'a> {
    pace: &'a Pace,
    agent: AgentId,
    lane: Arc<Lane>,
    _order: OwnedMutexGuard<()>,
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // What is kept here is whole after every statement, so a panic elsewhere harms nothing.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pace {
    /// Waits for the turn to send in `chat`; 429 when that would take longer than a client waits.
    pub(crate) async fn turn(&self, agent: AgentId, chat: i64) -> Result<Turn<'_>, ApiError> {
        let lane = self.lane(agent, chat);
        let ahead = lane.interval * lane.waiting.load(Ordering::Relaxed);
        let wait = ahead + locked(&lane.next).saturating_duration_since(Instant::now());
        if wait > LONGEST_WAIT {
            return Err(ApiError::later((wait.as_millis() as u64).div_ceil(1000)));
        }
        lane.waiting.fetch_add(1, Ordering::Relaxed);
        // Dropped with this future as well, when a client gives up.
        let counted = Counted(lane.clone());
        let order = lane.order.clone().lock_owned().await;
        drop(counted);
        Ok(Turn { pace: self, agent, lane, _order: order })
    }

    fn lane(&self, agent: AgentId, chat: i64) -> Arc<Lane> {
        let mut lanes = locked(&self.chats);
        if lanes.len() >= MANY {
            let now = Instant::now();
            lanes.retain(|_, lane| Arc::strong_count(lane) > 1 || *locked(&lane.next) > now);
        }
        let lane = lanes.entry((agent, chat)).or_insert_with(|| {
            Arc::new(Lane {
                interval: if chat < 0 { GROUP } else { PRIVATE },
                waiting: AtomicU32::new(0),
                next: Mutex::new(Instant::now()),
                order: Arc::default(),
            })
        });
        lane.clone()
    }
}

struct Counted(Arc<Lane>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Turn<'_> {
    /// Waits until Telegram takes the next message, and counts it.
    pub(crate) async fn ready(&self) {
        let next = *locked(&self.lane.next);
        sleep_until(next).await;
        let slot = {
            let mut bots = locked(&self.pace.bots);
            let now = Instant::now();
            if bots.len() >= MANY {
                bots.retain(|_, next| *next > now);
            }
            let free = bots.entry(self.agent).or_insert(now);
            let slot = (*free).max(now);
            *free = slot + BOT;
            slot
        };
        sleep_until(slot).await;
        self.hold(self.lane.interval);
    }

    /// Lets nothing be sent in this chat for `wait`.
    pub(crate) fn hold(&self, wait: Duration) {
        *locked(&self.lane.next) = Instant::now() + wait;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_chat_gets_a_message_a_second_in_the_order_they_were_asked_for() {
        let pace = Arc::new(Pace::default());
        let agent = AgentId::new();
        let start = Instant::now();
        let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
        for n in 0..3u32 {
            let (pace, told) = (pace.clone(), told.clone());
            tokio::spawn(async move {
                let turn = pace.turn(agent, 7).await.unwrap();
                turn.ready().await;
                told.send((n, start.elapsed())).unwrap();
            });
            tokio::task::yield_now().await;
        }
        for n in 0..3 {
            let (which, after) = heard.recv().await.unwrap();
            assert_eq!(which, n);
            assert!(after >= PRIVATE * n, "message {n} came after {after:?}");
        }
    }

    #[tokio::test]
    async fn a_queue_longer_than_a_client_waits_is_refused_with_the_time_it_takes() {
        let pace = Pace::default();
        let agent = AgentId::new();
        let turn = pace.turn(agent, -7).await.unwrap();
        turn.hold(Duration::from_secs(30));
        let refused = pace.turn(agent, -7).await.err().unwrap();
        assert_eq!((refused.code, refused.retry_after()), (429, Some(30)));
        assert!(pace.turn(agent, 8).await.is_ok(), "another chat is free");
    }
}
