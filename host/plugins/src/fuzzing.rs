//! A fuzzer's way into what the host makes of a guest's answers: as the engine hands them over, with any content that
//! the contract's types can have. Only with the feature `fuzzing`, for host/plugins/fuzz.

use arbitrary::Arbitrary;
use serde_json::Value;

use crate::PluginError;
use crate::contract::bindings::exports::openclaw::niche as wit;
use crate::contract::bindings::v0_1::exports::openclaw::niche::catalog as catalog_v0_1;
use crate::contract::{catalog, onboarding, tools};

/// An answer of a guest's to one of the contract's functions.
#[derive(Debug, Arbitrary)]
pub struct GuestAnswer(Answer);

#[derive(Debug, Arbitrary)]
enum Answer {
    Described(wit::catalog::Entry),
    Wants(wit::catalog::Wishes),
    WantsV0_1(catalog_v0_1::Wishes),
    Listed(Vec<wit::tools::Tool>),
    Called(Result<wit::tools::Output, wit::tools::ToolError>),
    Next(Result<wit::onboarding::Step, wit::onboarding::Rejection>),
}

impl GuestAnswer {
    /// What callers would see of it, as JSON; or why it is refused.
    pub fn decode(self) -> Result<Value, PluginError> {
        Ok(match self.0 {
            Answer::Described(entry) => json(catalog::entry(entry)?),
            Answer::Wants(wishes) => json(catalog::wishes(wishes)?),
            Answer::WantsV0_1(wishes) => json(catalog::wishes(wishes.into())?),
            Answer::Listed(list) => json(tools::tools(list)?),
            Answer::Called(result) => json(tools::result(result)?),
            Answer::Next(step) => json(onboarding::step(step)?),
        })
    }
}

fn json(answer: impl serde::Serialize) -> Value {
    serde_json::to_value(answer).expect("what the host gives its callers can be written as JSON")
}
