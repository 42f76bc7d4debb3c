//! The tools: how they speak. What they know and decide is in the modules beside this folder.

mod check_interactions;
mod controlled_substance;
mod find_stock;
mod receive_stock;
mod report;
mod sell;

pub(crate) use check_interactions::CheckInteractions;
pub(crate) use controlled_substance::ControlledSubstance;
pub(crate) use find_stock::FindStock;
pub(crate) use receive_stock::ReceiveStock;
pub(crate) use sell::Sell;

use openclaw_niche::{Locale, Text, ToolError};

use crate::resolve::Unknown;

/// An argument that makes no sense, told in the customer's language.
fn invalid(what: Text, locale: Locale) -> ToolError {
    ToolError::InvalidArguments(what.in_(locale).to_owned())
}

/// The sentence for a name that stands in no table: a question when something is close.
fn unknown_sentence(unknown: &Unknown, locale: Locale) -> String {
    let close = unknown.close.join(", ");
    match (locale, unknown.close.is_empty()) {
        (Locale::Pt, true) => {
            format!("Não conheço \"{}\": não está nas nossas tabelas. Consulte o farmacêutico.", unknown.written)
        }
        (Locale::Pt, false) => format!("Não conheço \"{}\". Você quis dizer: {close}?", unknown.written),
        (Locale::En, true) => {
            format!("I do not know \"{}\": it is not in our tables. Ask the pharmacist.", unknown.written)
        }
        (Locale::En, false) => format!("I do not know \"{}\". Did you mean: {close}?", unknown.written),
    }
}
