//! Long polling: messages of one chat are answered in their order, chats beside one another.
//!
//! Telegram forgets every update below the offset it is asked with, so the offset stops at the oldest update that is
//! not done. While there is one, Telegram answers a poll at once; such polls are spaced instead of long.

use std::{
    collections::{BTreeSet, HashMap, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use serde_json::Value;
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{agent::Agent, answer, telegram::TelegramError};

/// Chats answered at the same time.
const MOST_ANSWERS: usize = 16;
/// How long answers under way may take after the order to stop.
const GRACE: Duration = Duration::from_secs(3);

/// A message to act on.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) update: u32,
    pub(crate) chat: i64,
    pub(crate) content: Content,
}

/// What came.
#[derive(Debug)]
pub(crate) enum Content {
    /// From someone who is not on the list.
    Stranger { user: u64 },
    /// A voice message, a picture, …
    NotText,
    /// Something to answer.
    Text(String),
}

/// Which updates are seen, waiting and under way.
#[derive(Default)]
struct Desk {
    newest: Option<u32>,
    /// Seen and not done.
    open: BTreeSet<u32>,
    waiting: VecDeque<Incoming>,
    busy: HashSet<i64>,
    answers: JoinSet<()>,
    /// What each task is about, to be known even if it panics.
    tasks: HashMap<Id, (u32, i64)>,
}

/// Takes and answers messages until `shutdown`.
pub(crate) async fn serve(agent: Arc<Agent>, shutdown: CancellationToken) {
    let mut desk = Desk::default();
    let mut backoff = agent.backoff();
    // After an error the next poll waits.
    let mut asked: Option<Option<Duration>> = None;
    while !shutdown.is_cancelled() {
        let (offset, idle) = (desk.offset(), desk.open.is_empty());
        tokio::select! {
            () = shutdown.cancelled() => {}
            Some(done) = desk.answers.join_next_with_id(), if !desk.answers.is_empty() => {
                desk.done(done);
                agent.health.working(desk.answers.len());
            }
            updates = poll(&agent, offset, idle, asked.map(|wait| (&mut backoff, wait))) => {
                asked = None;
                match updates {
                    Ok(updates) => {
                        agent.health.telegram(Ok(()));
                        backoff.reset();
                        updates.into_iter().for_each(|update| desk.take(&agent, &update));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "no messages can be had");
                        agent.health.telegram(Err(error.to_string()));
                        asked = Some(error.wait());
                    }
                }
            }
        }
        desk.start(&agent);
    }
    let finished = async { while desk.answers.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, finished).await.is_err() {
        // They are not lost: their updates are not confirmed and come again.
        tracing::warn!(answers = desk.answers.len(), "stopping in the middle of answers");
    }
}

async fn poll(
    agent: &Agent,
    offset: u32,
    idle: bool,
    failed: Option<(&mut crate::backoff::Backoff, Option<Duration>)>,
) -> Result<Vec<Value>, TelegramError> {
    let limits = &agent.environment.limits;
    if let Some((backoff, asked)) = failed {
        backoff.pause(asked).await;
    } else if !idle {
        tokio::time::sleep(limits.repoll).await;
    }
    agent.health.polling();
    agent.telegram.updates(offset, if idle { limits.poll } else { Duration::ZERO }).await
}

impl Desk {
    /// Confirms all that is done without a gap.
    fn offset(&self) -> u32 {
        self.open.first().copied().or(self.newest.map(|newest| newest + 1)).unwrap_or_default()
    }

    fn take(&mut self, agent: &Agent, update: &Value) {
        let Some(id) = update["update_id"].as_u64().and_then(|id| u32::try_from(id).ok()) else { return };
        if self.newest.is_some_and(|newest| id <= newest) {
            return;
        }
        self.newest = Some(id);
        if let Some(incoming) = incoming(agent, id, update) {
            self.open.insert(id);
            self.waiting.push_back(incoming);
        }
    }

    /// Starts what waits and whose chat is free, oldest first.
    fn start(&mut self, agent: &Arc<Agent>) {
        for incoming in std::mem::take(&mut self.waiting) {
            if self.answers.len() >= MOST_ANSWERS || self.busy.contains(&incoming.chat) {
                self.waiting.push_back(incoming);
                continue;
            }
            let about = (incoming.update, incoming.chat);
            self.busy.insert(incoming.chat);
            let task = self.answers.spawn(answer::handle(agent.clone(), incoming));
            self.tasks.insert(task.id(), about);
        }
        agent.health.working(self.answers.len());
    }

    fn done(&mut self, done: Result<(Id, ()), tokio::task::JoinError>) {
        let id = match done {
            Ok((id, ())) => id,
            Err(error) => {
                // Our own fault, and it would come again with the same message: that one is given up.
                tracing::error!(%error, "an answer failed");
                error.id()
            }
        };
        if let Some((update, chat)) = self.tasks.remove(&id) {
            self.open.remove(&update);
            self.busy.remove(&chat);
        }
    }
}

/// What is to be done about `update`, if anything.
///
/// Only what matters is read: teloxide's `Update` refuses, for one, a voice message without a MIME type, and a message
/// that nobody reads is a message that nobody answers.
fn incoming(agent: &Agent, id: u32, update: &Value) -> Option<Incoming> {
    let message = &update["message"];
    let chat = message["chat"]["id"].as_i64()?;
    let user = message["from"]["id"].as_u64().filter(|_| message["from"]["is_bot"] != true)?;
    let content = if !agent.environment.allow_from.contains(&user) {
        tracing::info!(update = id, user, "a message from someone who is not on the list");
        // In a group others may talk among themselves.
        if message["chat"]["type"] != "private" {
            return None;
        }
        Content::Stranger { user }
    } else if let Some(text) = message["text"].as_str() {
        Content::Text(text.to_owned())
    } else if MEDIA.iter().any(|kind| message.get(kind).is_some()) {
        Content::NotText
    } else {
        // Someone joined, a title changed: nothing was said.
        return None;
    };
    Some(Incoming { update: id, chat, content })
}

/// What people send that is not text (<https://core.telegram.org/bots/api#message>).
const MEDIA: &[&str] = &[
    "animation",
    "audio",
    "contact",
    "dice",
    "document",
    "game",
    "location",
    "paid_media",
    "photo",
    "poll",
    "sticker",
    "story",
    "venue",
    "video",
    "video_note",
    "voice",
];
