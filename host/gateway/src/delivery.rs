//! Getting messages out: again and again until Telegram takes them, each under a key that sends it once.

use crate::{
    agent::Agent,
    backoff::Backoff,
    conversation::{Conversation, Pending},
    format::{self, Part},
    state::{ApiError, Version},
};

/// The conversation was changed by another gateway of the same agent, so what was read of it is out of date.
#[derive(Debug)]
pub(crate) struct Changed;

/// Why a conversation was not kept.
#[derive(Debug)]
pub(crate) enum NotKept {
    /// See [`Changed`].
    Changed,
    /// The API will never take it as it is.
    Refused,
}

/// A conversation and the version it was read at.
pub(crate) struct Stored {
    pub(crate) key: String,
    pub(crate) conversation: Conversation,
    version: Version,
}

impl Agent {
    /// Reads the conversation of `chat`, waiting for as long as the API is away. The person is told once.
    pub(crate) async fn load(&self, chat: i64, update: u32) -> Stored {
        /// Short restarts pass unnoticed; it is also about how long people wait before they write again.
        const TELL_AFTER: u32 = 5;

        let key = format!("chat.{chat}");
        let mut backoff = self.backoff();
        let mut failures = 0;
        loop {
            match self.api.load(&key).await {
                Ok((conversation, version)) => return Stored { key, conversation, version },
                Err(error) => {
                    failures += 1;
                    if failures == TELL_AFTER {
                        let notice = plain(self.environment.locale.waiting());
                        let _ = self.telegram.send(chat, &notice, &format!("{update}.wait")).await;
                    }
                    self.wait(&mut backoff, error).await;
                }
            }
        }
    }

    /// Keeps the conversation, waiting for as long as the API is away.
    pub(crate) async fn save(&self, stored: &mut Stored) -> Result<(), NotKept> {
        let mut backoff = self.backoff();
        let mut perhaps_kept = false;
        loop {
            match self.api.save(&stored.key, &stored.conversation, &stored.version).await {
                Ok(version) => {
                    stored.version = version;
                    return Ok(());
                }
                // An earlier attempt may have been heard and only its answer lost: then what is kept is this.
                Err(ApiError::Changed) if perhaps_kept => match self.api.load::<Conversation>(&stored.key).await {
                    Ok((kept, version)) if kept == stored.conversation => {
                        stored.version = version;
                        return Ok(());
                    }
                    Ok(_) => return Err(NotKept::Changed),
                    Err(error) => self.wait(&mut backoff, error).await,
                },
                Err(ApiError::Changed) => return Err(NotKept::Changed),
                Err(ApiError::Refused(why)) => {
                    tracing::error!(%why, key = stored.key, "a conversation is not taken");
                    return Err(NotKept::Refused);
                }
                Err(error) => {
                    perhaps_kept = true;
                    self.wait(&mut backoff, error).await;
                }
            }
        }
    }

    async fn wait(&self, backoff: &mut Backoff, error: ApiError) {
        let (why, wait) = match error {
            ApiError::Away { why, wait } => (why, wait),
            ApiError::Refused(why) => (why, None),
            ApiError::Changed => ("it changed meanwhile".to_owned(), None),
        };
        tracing::warn!(%why, "the agent's state is away");
        backoff.pause(wait).await;
    }

    /// Sends what is pending, then forgets it.
    pub(crate) async fn deliver(&self, chat: i64, stored: &mut Stored) -> Result<(), Changed> {
        let Some(Pending { update_id, parts }) = stored.conversation.pending.take() else { return Ok(()) };
        for (index, part) in parts.into_iter().enumerate() {
            self.send(chat, part, &format!("{update_id}.{index}")).await;
        }
        match self.save(stored).await {
            Err(NotKept::Changed) => Err(Changed),
            // What is kept has it pending still: it is sent again under the same keys, which send once.
            Ok(()) | Err(NotKept::Refused) => Ok(()),
        }
    }

    /// Sends one part, waiting for as long as Telegram is away. What Telegram will never take is given up.
    pub(crate) async fn send(&self, chat: i64, mut part: Part, key: &str) {
        let mut backoff = self.backoff();
        loop {
            match self.telegram.send(chat, &part, key).await {
                Ok(()) => return,
                Err(error) if error.is_final() && !part.entities.is_empty() => {
                    tracing::warn!(%error, key, "a formatted message was refused; sending it plain");
                    part.entities.clear();
                }
                Err(error) if error.is_final() => {
                    tracing::error!(%error, key, "a message cannot be delivered");
                    return;
                }
                Err(error) => {
                    tracing::warn!(%error, key, "a message waits to be sent");
                    backoff.pause(error.wait()).await;
                }
            }
        }
    }
}

/// A sentence of our own as a message.
pub(crate) fn plain(text: &str) -> Part {
    Part { text: text.to_owned(), entities: Vec::new() }
}

/// An answer as messages: what shows nothing is replaced by `otherwise`.
pub(crate) fn parts(answer: &str, otherwise: &str) -> Vec<Part> {
    let parts = format::parts(answer);
    if parts.is_empty() { vec![plain(otherwise)] } else { parts }
}
