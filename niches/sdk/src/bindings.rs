//! The generated bindings to the newest version of the contract: one module for each world, so that a component
//! carries only the exports it uses. All of them share the types of the first.

#![allow(unsafe_code, missing_docs, unreachable_pub, clippy::all)]

pub mod imports {
    wit_bindgen::generate!({
        world: "imports",
        path: "../../wit/0.2",
    });
}

pub mod core {
    wit_bindgen::generate!({
        world: "core",
        path: "../../wit/0.2",
        pub_export_macro: true,
        export_macro_name: "export_core",
        default_bindings_module: "openclaw_niche::bindings::core",
    });
}

pub mod tools {
    wit_bindgen::generate!({
        world: "with-tools",
        path: "../../wit/0.2",
        pub_export_macro: true,
        export_macro_name: "export_tools",
        default_bindings_module: "openclaw_niche::bindings::tools",
        with: { "openclaw:niche/niche-types@0.2.0": crate::bindings::core::openclaw::niche::niche_types },
    });
}

pub mod onboarding {
    wit_bindgen::generate!({
        world: "with-onboarding",
        path: "../../wit/0.2",
        pub_export_macro: true,
        export_macro_name: "export_onboarding",
        default_bindings_module: "openclaw_niche::bindings::onboarding",
        with: { "openclaw:niche/niche-types@0.2.0": crate::bindings::core::openclaw::niche::niche_types },
    });
}

pub mod self_test {
    wit_bindgen::generate!({
        world: "with-self-test",
        path: "../../wit/0.2",
        pub_export_macro: true,
        export_macro_name: "export_self_test",
        default_bindings_module: "openclaw_niche::bindings::self_test",
    });
}

pub use imports::openclaw::niche::{connections, logging, storage};

/// The types of all worlds in one place.
pub mod types {
    pub use super::core::exports::openclaw::niche::catalog::{
        ConnectionWish, Conversation, Entry, HostWish, Speaker, Status, Turn, Wishes,
    };
    pub use super::core::exports::openclaw::niche::persona::PersonaError;
    pub use super::core::openclaw::niche::niche_types::{Answer, Connection};
    pub use super::onboarding::exports::openclaw::niche::onboarding::{
        ChoiceOption, Kind, NumberBounds, Question, Rejection, Step, SummaryLine, TextBounds,
    };
    pub use super::tools::exports::openclaw::niche::tools::{CallContext, Content, Output, Tool, ToolError};
}
