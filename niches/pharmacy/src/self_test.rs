//! What a release must show in the sandbox before it is installed: every tool once, with storage.

use openclaw_niche::bindings::types::Step;
use openclaw_niche::prelude::*;
use openclaw_niche::{listing, next_step, run};

use crate::Pharmacy;
use crate::onboarding::QUESTIONS;
use crate::tools::{CheckInteractions, ControlledSubstance, FindStock, ReceiveStock, Sell};

/// 2026-11-22, midday in Brazil.
const NOW: u64 = 1_795_359_600;

impl SelfTest for Pharmacy {
    const CASES: &'static [Case] = &[
        ("warfarin and ibuprofen are a major interaction", || {
            let text = call::<CheckInteractions>(r#"{"medicines":["Marevan","ibuprofeno"]}"#)?;
            contains(&text, &["GRAVE", "varfarina", "sangramento", "ANSM 2016"])
        }),
        ("an unknown name is said to be unknown", || {
            let text = call::<CheckInteractions>(r#"{"medicines":["varfarina","ibuprofneo"]}"#)?;
            contains(&text, &["Não conheço", "ibuprofeno?"])
        }),
        ("a controlled medicine has its prescription", || {
            let text = call::<ControlledSubstance>(r#"{"medicine":"Rivotril"}"#)?;
            contains(&text, &["B1", "azul", "30 dias", "Portaria"])
        }),
        ("what expires first is sold first", || {
            receive("B2", "2027-09-30", 10)?;
            receive("A1", "2027-01-31", 4)?;
            let sold = call::<Sell>(r#"{"product":"dorflex","quantity":6}"#)?;
            contains(&sold, &["4 un. do lote A1", "2 un. do lote B2", "Restam 8"])?;
            contains(&call::<FindStock>(r#"{"query":"tem dipirona?"}"#)?, &["Dorflex", "8 unidades", "lote B2"])
        }),
        ("expired lots are refused", || {
            refused(receive("OLD", "2026-10-31", 1))?;
            refused(call::<Sell>(r#"{"product":"dorflex","quantity":1}"#))
        }),
        ("a sale without enough stock changes nothing", || {
            receive("A1", "2027-01-31", 4)?;
            refused(call::<Sell>(r#"{"product":"dorflex","quantity":5}"#))?;
            contains(&call::<FindStock>(r#"{"query":"dorflex"}"#)?, &["4 unidades"])
        }),
        ("the interview takes an alphanumeric CNPJ and refuses a mistyped one", || {
            let step = |cnpj| next_step(QUESTIONS, &[("cnpj", cnpj)].into_iter().collect(), Locale::Pt);
            match (step("12.ABC.345/01DE-35"), step("12.ABC.345/01DE-36")) {
                (Ok(Step::Ask(_)), Err(_)) => Ok(()),
                other => Err(format!("{other:?}")),
            }
        }),
        ("the persona names the pharmacy and its limits", || {
            let profile = [("pharmacy-name", "Farmácia Sol")].into_iter().collect();
            let prompt = Pharmacy::persona(&profile, Locale::Pt, &[]).map_err(|error| format!("{error:?}"))?;
            contains(&prompt, &["Farmácia Sol", "Nunca diagnostica"])
        }),
        ("every tool is described in both languages", || {
            for locale in [Locale::Pt, Locale::En] {
                for tool in [
                    listing::<CheckInteractions>(locale),
                    listing::<FindStock>(locale),
                    listing::<ReceiveStock>(locale),
                    listing::<Sell>(locale),
                    listing::<ControlledSubstance>(locale),
                ] {
                    if tool.title.is_empty() || tool.description.is_empty() || tool.output_schema.is_none() {
                        return Err(tool.name);
                    }
                }
            }
            Ok(())
        }),
    ];
}

fn call<T: Tool>(arguments: &str) -> Result<String, String> {
    use openclaw_niche::bindings::types::Content;
    let context = Context { locale: Locale::Pt, profile: Profile::default(), now: NOW };
    let output = run::<T>(arguments, &context).map_err(|error| format!("{error:?}"))?;
    match output.content.into_iter().next() {
        Some(Content::Text(text)) => Ok(text),
        other => Err(format!("{other:?}")),
    }
}

fn receive(batch: &str, expires: &str, quantity: u32) -> Result<String, String> {
    let arguments = format!(
        r#"{{"product":"Dorflex 36 comprimidos","batch":"{batch}","expires":"{expires}","quantity":{quantity},"price":24.9}}"#
    );
    call::<ReceiveStock>(&arguments)
}

fn refused(outcome: Result<String, String>) -> Result<(), String> {
    match outcome {
        Err(error) if error.contains("Refused") => Ok(()),
        other => Err(format!("expected a refusal, got {other:?}")),
    }
}

fn contains(text: &str, parts: &[&str]) -> Result<(), String> {
    match parts.iter().find(|part| !text.contains(*part)) {
        None => Ok(()),
        Some(part) => Err(format!("expected `{part}` in: {text}")),
    }
}
