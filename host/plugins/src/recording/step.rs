//! What a guest may ask of the host, each question with its answer. A step of a recording is one of them.

use std::fmt::Debug;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::questions;

/// A question with its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "")]
pub(crate) struct Asked<Q: Question> {
    /// What was asked.
    #[serde(flatten)]
    pub(crate) question: Q,
    /// What the guest was told; absent when it was told nothing until the call ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) answer: Option<Q::Answer>,
}

/// How a question that is asked now stands to one that was recorded.
pub(crate) enum Likeness {
    /// It is the same.
    Same,
    /// It is about the same thing and differs: how, in words.
    Near(String),
    /// It is another.
    Other,
}

/// A kind of question.
pub(crate) trait Question:
    Debug + Clone + PartialEq + Eq + Send + Serialize + DeserializeOwned + 'static
{
    /// What the guest is told.
    type Answer: Debug + Clone + PartialEq + Eq + Send + Serialize + DeserializeOwned + 'static;

    /// How it stands to a recorded one.
    fn like(&self, recorded: &Self) -> Likeness;
    /// What the guest did, in words.
    fn words(&self) -> String;

    /// What is answered when it was not recorded. None: the guest cannot go on.
    fn unrecorded(&self) -> Option<Self::Answer> {
        None
    }
}

/// The step that a question is.
pub(crate) trait Kind: Question {
    /// As a step.
    fn step(asked: Asked<Self>) -> Step;
    /// The step as this kind of question, if it is one.
    fn of(step: &Step) -> Option<&Asked<Self>>;
    /// The same, to complete it.
    fn of_mut(step: &mut Step) -> Option<&mut Asked<Self>>;
}

/// An answer that may be a refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Said<T, E> {
    /// What was asked for.
    Ok(T),
    /// Why not.
    Error(E),
}

impl<T, E> From<Result<T, E>> for Said<T, E> {
    fn from(result: Result<T, E>) -> Self {
        result.map_or_else(Self::Error, Self::Ok)
    }
}

impl<T, E> From<Said<T, E>> for Result<T, E> {
    fn from(said: Said<T, E>) -> Self {
        match said {
            Said::Ok(answer) => Ok(answer),
            Said::Error(error) => Err(error),
        }
    }
}

macro_rules! steps {
    ($($name:literal $kind:ident),* $(,)?) => {
        /// One question of a guest's with its answer.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "ask")]
        pub(crate) enum Step {
            $(#[serde(rename = $name)] $kind(Asked<questions::$kind>),)*
        }

        impl Step {
            /// Whether it is a reading of a clock, or randomness.
            pub(crate) fn is_reading(&self) -> bool {
                matches!(self, Self::Clock(_) | Self::Random(_))
            }

            /// What the guest did, in words.
            pub(crate) fn words(&self) -> String {
                match self {
                    $(Self::$kind(asked) => asked.question.words(),)*
                }
            }
        }

        $(
            impl Kind for questions::$kind {
                fn step(asked: Asked<Self>) -> Step {
                    Step::$kind(asked)
                }

                fn of(step: &Step) -> Option<&Asked<Self>> {
                    match step {
                        Step::$kind(asked) => Some(asked),
                        _ => None,
                    }
                }

                fn of_mut(step: &mut Step) -> Option<&mut Asked<Self>> {
                    match step {
                        Step::$kind(asked) => Some(asked),
                        _ => None,
                    }
                }
            }
        )*
    };
}

steps! {
    "storage.get" Get,
    "storage.scan" Scan,
    "storage.set" Set,
    "storage.remove" Remove,
    "storage.compare-and-set" CompareAndSet,
    "storage.batch" Batch,
    "connections.send" Send,
    "http" Http,
    "clock" Clock,
    "random" Random,
    "log" Log,
}
