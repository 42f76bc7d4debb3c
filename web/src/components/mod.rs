//! The design system: each component once. `/design` shows every one in every state.

mod button;
mod chart;
mod chat;
mod frame;
mod icon;
mod notice;
mod parts;
mod problem;
mod steps;
mod table;
mod when;

/// What pages are made of.
pub(crate) mod prelude {
    pub(crate) use super::{
        button::*, chart::*, chat::*, frame::*, icon::*, notice::*, parts::*, problem::*, steps::*, table::*, when::*,
    };
    pub(crate) use crate::Locale;
    pub(crate) use sycamore::{
        prelude::*,
        web::{KeyedProps, NoHydrate, document, events as on_event, tags::*, window},
    };
}
