//! Records calls of a release, and replays recordings against one.

use std::future::pending;

use super::difference::of_endings;
use super::tape::Tape;
use super::{Deviation, Difference, Ending, FORMAT, RecordedCall, Recording, RecordingError};
use crate::release::Given;
use crate::{Answer, CallError, CallScope, PluginError, QuestionKind, Release, Step, ToolCall, ToolOutcome, WEB_CHAT};

/// What a niche is told in place of a bot token.
const PROVIDED: &str = "provided";
/// More steps than an interview has.
const INTERVIEW: usize = 200;

impl Release {
    /// Calls a tool like [`call_tool`](Self::call_tool), and keeps what it asked and was answered. What broke the call
    /// off and is not the component's fault, such as a storage that is away, is an error: it would not come again.
    pub async fn record(
        &self,
        call: ToolCall<'_>,
        scope: CallScope,
    ) -> Result<(ToolOutcome, RecordedCall), RecordingError> {
        let unrepeatable = |error| RecordingError::Unrepeatable { tool: call.name.to_owned(), error: Box::new(error) };
        let profile = self.as_niches_see(call.profile, call.locale).await.map_err(unrepeatable)?;
        let tape = Tape::recording();
        let shown = ToolCall { profile: &profile, ..call };
        let outcome = self.call_given(shown, Given::Recorded(scope, tape.clone()), pending()).await;
        if let Err(CallError::Plugin(error)) = &outcome.result
            && !error.is_components_fault()
        {
            return Err(unrepeatable(error.clone()));
        }
        let recorded = RecordedCall {
            tool: call.name.to_owned(),
            arguments: call.arguments.to_owned(),
            locale: call.locale.to_owned(),
            now: call.now,
            steps: tape.recorded()?,
            ending: Ending::of(&outcome.result),
            profile,
        };
        Ok((outcome, recorded))
    }

    /// The recording of `calls` of this release; `name` says in a few words what it shows.
    pub async fn recording(&self, name: &str, calls: Vec<RecordedCall>) -> Result<Recording, PluginError> {
        let entry = self.describe("en").await?;
        Ok(Recording {
            format: FORMAT,
            name: name.to_owned(),
            niche: entry.id,
            version: entry.version,
            release: self.digest(),
            contract: self.contract(),
            calls,
        })
    }

    /// Runs the calls of `recording` again, in order, each answered from what was recorded of it, and tells what is
    /// other. Reaches no network, no storage and no clock.
    pub async fn replay(&self, recording: &Recording) -> Result<Vec<Difference>, PluginError> {
        let entry = self.describe("en").await?;
        if entry.id != recording.niche {
            return Err(RecordingError::OtherNiche { of: recording.niche.clone(), is: entry.id }.into());
        }
        let mut differences = Vec::new();
        for (index, recorded) in recording.calls.iter().enumerate() {
            // A replay waits for nothing: others have a turn between its calls, and whoever bounds them all.
            tokio::task::yield_now().await;
            let tape = Tape::replaying(recorded.steps.clone());
            let call = ToolCall {
                name: &recorded.tool,
                arguments: &recorded.arguments,
                locale: &recorded.locale,
                profile: &recorded.profile,
                now: recorded.now,
            };
            let outcome = self.call_given(call, Given::Replayed(tape.clone()), pending()).await;
            if let Err(CallError::Plugin(error)) = &outcome.result
                && !error.is_components_fault()
            {
                return Err(error.clone());
            }
            let played = tape.played();
            let mut found = played.found;
            if !played.over {
                let ended = of_endings(&Ending::of(&outcome.result), &recorded.ending);
                found.extend(ended.into_iter().map(Deviation::Result));
            }
            let difference = |what| Difference { call: index + 1, tool: recorded.tool.clone(), what };
            differences.extend(found.into_iter().map(difference));
        }
        Ok(differences)
    }

    /// `answers` as a niche sees them: bot tokens are `provided`.
    async fn as_niches_see(&self, answers: &[Answer], locale: &str) -> Result<Vec<Answer>, PluginError> {
        let mut sealed = answers.to_vec();
        for answer in &mut sealed {
            if is_bot_token(&answer.value) {
                answer.value = PROVIDED.to_owned();
            }
        }
        let mut given: Vec<Answer> = Vec::new();
        for _ in 0..INTERVIEW {
            let Step::Ask(question) = self.next_question(&given, locale).await? else { break };
            let Some(answer) = sealed.iter_mut().find(|answer| answer.question == question.id) else { break };
            if question.kind == QuestionKind::TelegramToken && answer.value != WEB_CHAT {
                answer.value = PROVIDED.to_owned();
            }
            given.push(answer.clone());
        }
        Ok(sealed)
    }
}

/// Whether `text` looks like a token of a Telegram bot, whichever question it answers.
fn is_bot_token(text: &str) -> bool {
    text.trim().split_once(':').is_some_and(|(number, secret)| {
        let letters = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        number.len() >= 6
            && number.bytes().all(|b| b.is_ascii_digit())
            && secret.len() >= 20
            && secret.chars().all(letters)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bot_token_is_told_from_other_answers() {
        assert!(is_bot_token("123456789:AAF-abcdefghij_klmnopqrstuvwxyz0123"));
        for text in ["provided", "web-chat", "12:30", "Rua 123456: casa", "123456:short"] {
            assert!(!is_bot_token(text), "{text}");
        }
    }
}
