//! The design system: each component once. `/design` shows every one in every state.

mod button;
mod chart;
mod chat;
mod frame;
mod icon;
#[cfg(not(target_arch = "wasm32"))]
mod lines;
mod notice;
mod parts;
mod place;
mod problem;
#[cfg(not(target_arch = "wasm32"))]
mod release;
#[cfg(not(target_arch = "wasm32"))]
mod rights;
mod steps;
mod table;
mod when;

/// What pages are made of.
pub(crate) mod prelude {
    // What only an admin's pages have is never sent to a browser.
    pub(crate) use super::{
        button::*, chart::*, chat::*, frame::*, icon::*, notice::*, parts::*, place::*, problem::*, steps::*, table::*,
        when::*,
    };
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) use super::{lines::*, release::*, rights::*};
    pub(crate) use crate::Locale;
    pub(crate) use sycamore::{
        prelude::*,
        web::{KeyedProps, NoHydrate, document, events as on_event, tags::*, window},
    };
}
