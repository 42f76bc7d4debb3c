//! What a niche is written with: traits, argument structs and one macro, instead of generated bindings.
//!
//! A niche describes itself with a [`Card`], says who its agent is with [`Niche::persona`], and offers
//! [`Tool`]s, an interview made of [`Question`]s and [`SelfTest`] cases if it wants to. [`niche!`] turns them
//! into a component of the contract in `wit/0.2/niche.wit`; what is left out is absent from the component.
//! Everything compiles for the host as well, so that a niche's logic is tested with a plain `cargo test`;
//! only the imports (storage, log, http, connections) need the sandbox.

#[doc(hidden)]
pub mod bindings;
mod card;
pub mod cnpj;
pub mod cpf;
pub mod http;
mod interview;
mod locale;
pub mod log;
mod macros;
mod profile;
mod question;
pub mod storage;
mod tool;

pub use bindings::connections;
pub use bindings::types::{Connection, ConnectionWish, HostWish, PersonaError, ToolError, Wishes};
pub use card::{Card, Example, Status, Turn};
pub use interview::next_step;
pub use locale::{Locale, Text, text};
pub use profile::Profile;
pub use question::{Check, Choice, Kind, Question, Show, When};
pub use tool::{Answer, Context, Effect, Tool, Wording, listing, run};

/// What nearly every niche uses.
pub mod prelude {
    pub use crate::{
        Answer, Card, Case, Choice, Connection, Context, Effect, Example, Kind, Locale, Niche, PersonaError, Profile,
        Question, SelfTest, Status, Text, Tool, ToolError, Turn, Wording, niche, text,
    };
    pub use schemars::JsonSchema;
    pub use serde::{Deserialize, Serialize};
}

/// What every niche is: an entry in the marketplace and somebody to talk to.
pub trait Niche {
    /// The entry in the marketplace, in all languages.
    const CARD: Card;

    /// Bytes of storage a customer's data may take; 0 for none.
    const STORAGE_BYTES: u64 = 0;

    /// What it asks to use. Unless overridden: its storage and nothing else.
    fn wants(_locale: Locale) -> Wishes {
        Wishes { hosts: Vec::new(), connections: Vec::new(), storage_bytes: Self::STORAGE_BYTES }
    }

    /// The system prompt of one customer's agent.
    fn persona(profile: &Profile, locale: Locale, connections: &[Connection]) -> Result<String, PersonaError>;
}

/// A case: its name, and what runs it. The error says what was expected and what came.
pub type Case = (&'static str, fn() -> Result<(), String>);

/// Cases that run in the sandbox when the release is installed, each with empty storage.
pub trait SelfTest {
    /// The cases.
    const CASES: &'static [Case];
}
