//! `getUpdates`: a gateway reads its queue, and waits for what comes.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use openclaw_platform::{
    AgentId,
    relay::{self, Bot},
};
use secrecy::SecretString;
use serde_json::Value;
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use crate::{
    answer::{Answer, ApiError},
    params::Params,
    server::App,
};

/// The longest poll, in seconds: Telegram's.
const LONGEST_POLL: i64 = 50;
/// Most updates in one answer: Telegram's.
const MOST: i64 = 100;
/// A poll looks at the queue, and whether its token is still good, at least this often.
const LOOK_AGAIN: Duration = Duration::from_secs(4);

/// Who is waiting for what.
#[derive(Default)]
pub(crate) struct Pollers(Mutex<HashMap<AgentId, Arc<Poller>>>);

struct Poller {
    /// Counts what came for the agent.
    news: watch::Sender<u64>,
    /// The newest poll; older ones end.
    newest: watch::Sender<u64>,
    /// The kinds of update that were last asked for: Telegram remembers them, too.
    kinds: Mutex<Vec<String>>,
}

impl Pollers {
    fn of(&self, agent: AgentId) -> Arc<Poller> {
        let new =
            || Arc::new(Poller { news: watch::Sender::new(0), newest: watch::Sender::new(0), kinds: Mutex::default() });
        self.all().entry(agent).or_insert_with(new).clone()
    }

    /// The agents that something is remembered of.
    pub(crate) fn agents(&self) -> Vec<AgentId> {
        self.all().keys().copied().collect()
    }

    /// Forgets `agent`, unless it is polled for at this moment.
    pub(crate) fn forget(&self, agent: AgentId) {
        let mut all = self.all();
        if all.get(&agent).is_some_and(|poller| Arc::strong_count(poller) == 1) {
            all.remove(&agent);
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<AgentId, Arc<Poller>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the polls of `agent` look again.
    pub(crate) fn wake(&self, agent: AgentId) {
        if let Some(poller) = self.all().get(&agent) {
            poller.news.send_modify(|n| *n += 1);
        }
    }

    /// Lets all polls look again.
    pub(crate) fn wake_all(&self) {
        for poller in self.all().values() {
            poller.news.send_modify(|n| *n += 1);
        }
    }
}

/// Answers a gateway's `getUpdates`.
pub(crate) async fn get_updates(app: &App, bot: &Bot, token: &SecretString, params: &Params) -> Answer {
    let limit = params.integer("limit").unwrap_or(MOST).clamp(1, MOST);
    let timeout = params.integer("timeout").unwrap_or(0).clamp(0, LONGEST_POLL);
    let deadline = Instant::now() + Duration::from_secs(timeout.unsigned_abs());
    let poller = app.pollers.of(bot.agent);
    let kinds = kinds(&poller, params);

    let mut mine = 0;
    poller.newest.send_modify(|n| {
        *n += 1;
        mine = *n;
    });
    let mut newest = poller.newest.subscribe();
    let mut news = poller.news.subscribe();

    let from = relay::confirm(&app.db, bot.agent, params.integer("offset").unwrap_or(0)).await?;
    let mut waited = false;
    loop {
        // Marked as seen before looking: what comes in between is news again.
        news.borrow_and_update();
        let updates = relay::updates(&app.db, bot.agent, from, &kinds, limit).await?;
        if waited || !updates.is_empty() {
            // After reading: a token that was closed meanwhile is given nothing that came later.
            relay::authenticate(&app.db, token).await?.ok_or_else(ApiError::unauthorized)?;
        }
        if *newest.borrow() != mine {
            return Err(ApiError::superseded());
        }
        if !updates.is_empty() || Instant::now() >= deadline || app.shutdown.is_cancelled() {
            return Ok(Value::Array(updates));
        }
        tokio::select! {
            _ = news.changed() => {}
            _ = newest.wait_for(|n| *n != mine) => return Err(ApiError::superseded()),
            () = sleep_until(deadline.min(Instant::now() + LOOK_AGAIN)) => {}
            () = app.shutdown.cancelled() => {}
        }
        waited = true;
    }
}

fn kinds(poller: &Poller, params: &Params) -> Vec<String> {
    let mut remembered = poller.kinds.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(Value::Array(asked)) = params.json("allowed_updates") {
        *remembered = asked.iter().filter_map(|kind| kind.as_str().map(str::to_owned)).collect();
    }
    remembered.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_is_forgotten_unless_it_is_polled_for() {
        let (pollers, agent) = (Pollers::default(), AgentId::new());
        let poll = pollers.of(agent);
        pollers.forget(agent);
        assert_eq!(pollers.agents(), [agent]);
        drop(poll);
        pollers.forget(agent);
        assert!(pollers.agents().is_empty());
    }
}
