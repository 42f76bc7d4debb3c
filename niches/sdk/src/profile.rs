//! What a customer answered during onboarding.

use crate::PersonaError;
use crate::bindings::types::Answer;

/// A customer's answers by question.
#[derive(Debug, Clone, Default)]
pub struct Profile(Vec<Answer>);

impl Profile {
    /// The answer to `question`, if there is one that is not blank. The last one counts.
    pub fn get(&self, question: &str) -> Option<&str> {
        self.raw(question).map(str::trim).filter(|value| !value.is_empty())
    }

    /// The answer to `question`, or the error that names the question.
    pub fn require(&self, question: &str) -> Result<&str, PersonaError> {
        self.get(question).ok_or_else(|| PersonaError::MissingAnswer(question.to_owned()))
    }

    /// The answer to `question` as given, blank or not.
    pub(crate) fn raw(&self, question: &str) -> Option<&str> {
        self.0.iter().rev().find(|answer| answer.question == question).map(|answer| answer.value.as_str())
    }
}

impl From<Vec<Answer>> for Profile {
    fn from(answers: Vec<Answer>) -> Self {
        Self(answers)
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for Profile {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(answers: I) -> Self {
        let answer =
            |(question, value): (&str, &str)| Answer { question: question.to_owned(), value: value.to_owned() };
        Self(answers.into_iter().map(answer).collect())
    }
}
