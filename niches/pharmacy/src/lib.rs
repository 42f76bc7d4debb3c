//! The pharmacy niche: an assistant for Brazilian pharmacies that checks interactions, keeps stock by lot and
//! expiry, and looks up what a controlled medicine asks for. It never diagnoses, prescribes or gives a dose.

use openclaw_niche::prelude::*;

mod card;
mod controlled;
mod day;
mod interactions;
mod onboarding;
mod persona;
mod resolve;
mod search;
mod self_test;
mod spelling;
mod stock;
mod tables;
mod tools;

use onboarding::QUESTIONS;
use tools::{CheckInteractions, ControlledSubstance, FindStock, ReceiveStock, Sell};

niche!(
    Pharmacy,
    tools: [CheckInteractions, FindStock, ReceiveStock, Sell, ControlledSubstance],
    onboarding: QUESTIONS,
    self_test: Pharmacy,
);

/// The niche.
struct Pharmacy;

impl Niche for Pharmacy {
    const CARD: Card = card::CARD;
    /// Some ten thousand products with a few lots each.
    const STORAGE_BYTES: u64 = 16 * 1024 * 1024;

    fn persona(profile: &Profile, locale: Locale, _: &[Connection]) -> Result<String, PersonaError> {
        Ok(persona::prompt(profile, locale))
    }
}
