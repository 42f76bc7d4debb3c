//! Who the agent is: the prompt, or why there is none.

use super::Check;
use super::bindings::exports::openclaw::niche::persona as wit;
use crate::PluginError;
use crate::capabilities::log::beginning;

/// Longest prompt, in characters: more would leave a model little room for anything else.
const PROMPT_CHARS: usize = 100_000;
/// How much is told of why there is none.
const WHY_CHARS: usize = 600;

pub(crate) fn prompt(prompt: Result<String, wit::PersonaError>) -> Result<String, PluginError> {
    let check = Check::of("persona.render");
    match prompt {
        Ok(prompt) => check.text("the prompt", &prompt, PROMPT_CHARS).map(|()| prompt),
        Err(wit::PersonaError::MissingAnswer(question)) => {
            check.id("the missing answer's question", &question, '-', 60)?;
            Err(PluginError::MissingAnswer(question))
        }
        Err(wit::PersonaError::Other(why)) => Err(PluginError::Persona(beginning(&why, WHY_CHARS))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_niche_says_in_place_of_a_prompt_is_one_short_line() {
        let long = format!("no\nprompt\u{1b}[31m {}", "x".repeat(1 << 20));
        let Err(PluginError::Persona(why)) = prompt(Err(wit::PersonaError::Other(long.clone()))) else { panic!() };
        assert!(why.starts_with("no prompt [31m x") && why.chars().count() <= WHY_CHARS + 1, "{why}");
        for error in [wit::PersonaError::MissingAnswer(long.clone()), wit::PersonaError::MissingAnswer("a\nb".into())] {
            let Err(PluginError::InvalidOutput { detail, .. }) = prompt(Err(error)) else { panic!() };
            assert!(detail.len() < 1000 && !detail.contains(char::is_control), "{detail}");
        }
        assert_eq!(
            prompt(Err(wit::PersonaError::MissingAnswer("city".into()))),
            Err(PluginError::MissingAnswer("city".into()))
        );
        prompt(Ok(long.repeat(2))).unwrap_err();
        prompt(Ok(String::new())).unwrap_err();
    }
}
