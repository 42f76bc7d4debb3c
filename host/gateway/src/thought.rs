//! One answer: the LLM and the tools by turns, within bounds on rounds and time.

use futures::future::join_all;

use crate::{
    agent::Agent,
    conversation::{Message, ToolCall, Working, open_calls, trim},
    delivery::{NotKept, Stored},
    llm::Question,
    sentences::Trouble,
    tools::Offer,
};

/// What the LLM reads as the result of a call that a restart or the time limit cut off.
const UNKNOWN: &str =
    "Error: the assistant was interrupted. It is not known whether this took effect: check before repeating it.";

/// Why there is no answer.
pub(crate) enum Interrupted {
    /// The person is told.
    Trouble(Trouble),
    /// Another gateway went on with this conversation.
    Changed,
}

impl From<NotKept> for Interrupted {
    fn from(why: NotKept) -> Self {
        match why {
            NotKept::Changed => Self::Changed,
            NotKept::Refused => Self::Trouble(Trouble::NotKept),
        }
    }
}

impl Agent {
    /// Answers the turn that `turn` begins; `turn` grows by what was said and done, and is a whole turn in any case. An
    /// answer that `began` with a release before a restart goes on with its tools.
    pub(crate) async fn think(
        &self,
        stored: &mut Stored,
        update: u32,
        turn: &mut Vec<Message>,
        began: Option<String>,
    ) -> Result<String, Interrupted> {
        let rounds = self.rounds(stored, update, turn, began);
        let outcome = tokio::time::timeout(self.environment.limits.answer, rounds)
            .await
            .unwrap_or(Err(Interrupted::Trouble(Trouble::TooLong)));
        for call in open_calls(turn) {
            turn.push(Message::Tool { tool_call_id: call.id, content: UNKNOWN.into() });
        }
        match &outcome {
            Ok(_) => self.health.llm(Ok(())),
            Err(Interrupted::Trouble(Trouble::Away)) => self.health.llm(Err("the LLM cannot be reached")),
            Err(Interrupted::Trouble(Trouble::NoAccess)) => self.health.llm(Err("the LLM refuses the proxy token")),
            Err(_) => {}
        }
        outcome
    }

    async fn rounds(
        &self,
        stored: &mut Stored,
        update: u32,
        turn: &mut Vec<Message>,
        began: Option<String>,
    ) -> Result<String, Interrupted> {
        let mut offer = self.tools.offer(began.as_deref()).await;
        // After a restart: what may be done again is done again, the rest is left open and told as unknown.
        let open = open_calls(turn);
        if !open.is_empty() {
            let (again, lost): (Vec<_>, Vec<_>) =
                open.into_iter().partition(|call| offer.is_repeatable(&call.function.name));
            turn.extend(lost.into_iter().map(|call| Message::Tool { tool_call_id: call.id, content: UNKNOWN.into() }));
            let results = self.call_all(&offer, again).await;
            turn.extend(results);
        }
        for round in 1..=self.environment.limits.rounds {
            // The same tools for the whole answer, unless there were none or they are gone.
            if !offer.holds() {
                offer = self.tools.offer(None).await;
            }
            let may_call = round < self.environment.limits.rounds;
            let messages = self.shown(stored, turn, &offer);
            let question = Question { messages: &messages, tools: &offer.definitions, may_call };
            let completion = self
                .llm
                .ask(&question, self.environment.limits.llm_attempts, self.backoff())
                .await
                .map_err(Interrupted::Trouble)?;
            if completion.tool_calls.is_empty() {
                return Ok(completion.text);
            }
            if !may_call {
                break;
            }
            let calls = completion.tool_calls;
            turn.push(Message::Assistant {
                content: Some(completion.text).filter(|text| !text.is_empty()),
                reasoning_content: Some(completion.reasoning).filter(|text| !text.is_empty()),
                tool_calls: calls.clone(),
            });
            if calls.iter().any(|call| !offer.is_repeatable(&call.function.name)) {
                // Before something changes, that it was asked for is on record: a restart will not ask again.
                stored.conversation.working = Some(Working::new(update, turn, offer.release.as_deref()));
                self.save(stored).await?;
            }
            let results = self.call_all(&offer, calls).await;
            turn.extend(results);
            if stored.conversation.working.is_some() {
                stored.conversation.working = Some(Working::new(update, turn, offer.release.as_deref()));
                self.save(stored).await?;
            }
        }
        Err(Interrupted::Trouble(Trouble::TooManySteps))
    }

    async fn call_all(&self, offer: &Offer, calls: Vec<ToolCall>) -> Vec<Message> {
        join_all(calls.into_iter().map(|call| async move {
            let content = self.tools.call(offer, &call.function).await;
            Message::Tool { tool_call_id: call.id, content }
        }))
        .await
    }

    /// What the LLM sees: persona, as much of the past as fits, and this turn.
    fn shown(&self, stored: &Stored, turn: &[Message], offer: &Offer) -> Vec<Message> {
        let system = self.system_prompt(offer.known);
        let mut turns: Vec<Message> = stored.conversation.turns.iter().chain(turn).cloned().collect();
        trim(&mut turns, self.environment.context_tokens.saturating_sub(system.len() / 4));
        turns.insert(0, Message::System { content: system });
        turns
    }
}
