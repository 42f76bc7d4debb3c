//! One message of one chat, from arriving to answered exactly once.
//!
//! The order is what makes it once: the answer is kept together with the update it answers, then sent under keys, then
//! struck from the outbox; only then does the caller confirm the update. Killed anywhere in between, the update comes
//! again and finds how far it went.

use std::sync::Arc;

use tokio_util::task::AbortOnDropHandle;

use crate::{
    agent::Agent,
    conversation::{KEPT_TOKENS, Message, Pending, trim},
    delivery::{Changed, NotKept, parts, plain},
    poll::{Content, Incoming},
    sentences::Trouble,
    thought::Interrupted,
};

/// Answers `incoming`, waiting for whatever is away.
pub(crate) async fn handle(agent: Arc<Agent>, incoming: Incoming) {
    let locale = agent.environment.locale;
    let Incoming { update, chat, content } = incoming;
    match content {
        Content::Stranger { user } => {
            // Once for ever per person, and not worth waiting for.
            let sentence = plain(&locale.stranger(user));
            if let Err(error) = agent.telegram.send(chat, &sentence, &format!("stranger.{user}")).await {
                tracing::debug!(%error, "a stranger was not told");
            }
        }
        Content::NotText => agent.send(chat, plain(locale.only_text()), &format!("{update}.0")).await,
        Content::Text(text) => {
            let text = if is_start(&text) { locale.hello().to_owned() } else { text };
            while let Err(Changed) = answer(&agent, update, chat, &text).await {
                tracing::warn!(update, "another gateway of this agent is at work; reading the conversation again");
            }
        }
    }
}

/// `/start`, as Telegram sends it when a person opens the chat, perhaps with the link's parameter.
fn is_start(text: &str) -> bool {
    text.split([' ', '@', '\n']).next() == Some("/start")
}

async fn answer(agent: &Arc<Agent>, update: u32, chat: i64, text: &str) -> Result<(), Changed> {
    let mut stored = agent.load(chat, update).await;
    if stored.conversation.pending.is_some() {
        agent.deliver(chat, &mut stored).await?;
    }
    if stored.conversation.has_answered(update) {
        return Ok(());
    }
    let typing = AbortOnDropHandle::new(tokio::spawn(type_on(agent.clone(), chat)));
    let (mut turn, began) = match stored.conversation.working.take() {
        Some(working) if working.update_id == update => (working.messages, working.release),
        _ => (vec![Message::User { content: text.to_owned() }], None),
    };
    let locale = agent.environment.locale;
    let said = match agent.think(&mut stored, update, &mut turn, began).await {
        Ok(said) => said,
        Err(Interrupted::Trouble(trouble)) => locale.trouble(trouble).to_owned(),
        Err(Interrupted::Changed) => return Err(Changed),
    };
    drop(typing);

    let parts = parts(&said, locale.trouble(Trouble::Empty));
    turn.push(Message::Assistant { content: Some(said), reasoning_content: None, tool_calls: Vec::new() });
    let conversation = &mut stored.conversation;
    conversation.turns.append(&mut turn);
    trim(&mut conversation.turns, agent.environment.context_tokens.min(KEPT_TOKENS));
    conversation.answered = Some(update);
    conversation.working = None;
    conversation.pending = Some(Pending { update_id: update, parts });
    match agent.save(&mut stored).await {
        Ok(()) => agent.deliver(chat, &mut stored).await,
        Err(NotKept::Changed) => Err(Changed),
        Err(NotKept::Refused) => give_up(agent, update, chat).await,
    }
}

/// The answer cannot be kept and so is not sent: the person is told instead, and the update is done with. The past goes
/// too if it is what cannot be kept any more.
async fn give_up(agent: &Agent, update: u32, chat: i64) -> Result<(), Changed> {
    let sentence = plain(agent.environment.locale.trouble(Trouble::NotKept));
    let mut stored = agent.load(chat, update).await;
    if stored.conversation.has_answered(update) {
        return agent.deliver(chat, &mut stored).await;
    }
    for forgets in [false, true] {
        let conversation = &mut stored.conversation;
        if forgets {
            conversation.turns.clear();
        }
        conversation.answered = Some(update);
        conversation.working = None;
        conversation.pending = Some(Pending { update_id: update, parts: vec![sentence.clone()] });
        match agent.save(&mut stored).await {
            Ok(()) => return agent.deliver(chat, &mut stored).await,
            Err(NotKept::Changed) => return Err(Changed),
            Err(NotKept::Refused) => {}
        }
    }
    agent.send(chat, sentence, &format!("{update}.0")).await;
    Ok(())
}

async fn type_on(agent: Arc<Agent>, chat: i64) {
    loop {
        if let Err(error) = agent.telegram.typing(chat).await {
            tracing::debug!(%error, "typing is not shown");
        }
        tokio::time::sleep(agent.environment.limits.typing).await;
    }
}
