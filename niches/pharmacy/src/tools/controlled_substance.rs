//! `controlled_substance`: which prescription a medicine needs and what the pharmacy keeps.

use openclaw_niche::prelude::*;

use super::{invalid, unknown_sentence};
use crate::controlled::of;
use crate::resolve::{resolve, substance};
use crate::spelling::words;

/// Looks up whether a medicine is controlled in Brazil (Portaria 344/98, antimicrobials, GLP-1): which prescription
/// it needs, its colour, for how long it is valid, and what the pharmacy keeps. With source and date.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ControlledSubstance {
    /// The medicine whose prescription (receita, tarja, retention) is asked about: a brand or substance.
    pub(crate) medicine: String,
}

/// The rules for each substance of a medicine.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ControlledReport {
    /// The medicine as the person wrote it.
    pub(crate) medicine: String,
    /// The rules found.
    pub(crate) rules: Vec<PrescriptionRule>,
    /// Substances that are in no list of ours. That does not mean that they are free of control.
    pub(crate) not_in_our_lists: Vec<String>,
    /// Names to ask about, when the medicine is unknown.
    pub(crate) did_you_mean: Vec<String>,
}

/// What one list asks for.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PrescriptionRule {
    /// The substance.
    pub(crate) substance: String,
    /// The list.
    pub(crate) list: String,
    /// The document the person must bring.
    pub(crate) document: String,
    /// Its colour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) colour: Option<String>,
    /// For how many days it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) valid_days: Option<u16>,
    /// Where it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) valid_where: Option<String>,
    /// The most one document may order: a limit for the pharmacist's check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) maximum: Option<String>,
    /// What the pharmacy keeps.
    pub(crate) kept: String,
    /// What else counts.
    pub(crate) remarks: Vec<String>,
    /// The texts that were read.
    pub(crate) source: String,
    /// The date of the list that was read.
    pub(crate) list_date: String,
}

impl Tool for ControlledSubstance {
    const NAME: &'static str = "controlled_substance";
    const EFFECT: Effect = Effect::Reads;
    type Data = ControlledReport;

    fn wording(locale: Locale) -> Wording {
        match locale {
            Locale::En => Wording {
                title: "Look up a controlled medicine",
                labels: &[("medicine", "Medicine")],
                ..Wording::default()
            },
            Locale::Pt => Wording {
                title: "Consultar medicamento controlado",
                description: "Consulta se um medicamento é controlado no Brasil (Portaria 344/98, antimicrobianos, GLP-1): \
                    que receita precisa (notificação, receita especial), a cor, a validade e o que a farmácia retém. \
                    Com fonte e data da lista.",
                labels: &[("medicine", "Medicamento")],
                arguments: &[(
                    "medicine",
                    "O medicamento cuja receita, tarja ou retenção se quer saber: marca ou substância.",
                )],
            },
        }
    }

    fn call(self, context: &Context) -> Result<Answer<ControlledReport>, ToolError> {
        let locale = context.locale;
        if words(&self.medicine).is_empty() || self.medicine.chars().count() > 100 {
            return Err(invalid(NO_NAME, locale));
        }
        let medicine = match resolve(&self.medicine) {
            Ok(medicine) => medicine,
            Err(unknown) => {
                let text = format!("{} {}", unknown_sentence(&unknown, locale), UNKNOWN_IS_NOT_FREE.in_(locale));
                let did_you_mean = unknown.close.iter().map(|name| (*name).to_owned()).collect();
                let (rules, not_in_our_lists) = (Vec::new(), Vec::new());
                let data = ControlledReport { medicine: unknown.written, rules, not_in_our_lists, did_you_mean };
                return Ok(Answer { text, data });
            }
        };
        let (mut rules, mut not_in_our_lists) = (Vec::new(), Vec::new());
        for id in &medicine.substances {
            let name = substance(*id, locale).to_owned();
            let Some(rule) = of(*id) else {
                not_in_our_lists.push(name);
                continue;
            };
            let said = |text: Text| text.in_(locale).to_owned();
            rules.push(PrescriptionRule {
                substance: name,
                list: said(rule.name),
                document: said(rule.document),
                colour: rule.colour.map(said),
                valid_days: rule.valid_days,
                valid_where: rule.place.map(said),
                maximum: rule.maximum.map(said),
                kept: said(rule.kept),
                remarks: [rule.note, rule.remark, rule.out_of_state].into_iter().flatten().map(said).collect(),
                source: rule.source.to_owned(),
                list_date: said(rule.dated),
            });
        }
        let mut lines: Vec<String> = rules.iter().map(|rule| line(rule, locale)).collect();
        if !not_in_our_lists.is_empty() {
            lines.push(format!(
                "{} {}. {}",
                NOT_LISTED.in_(locale),
                not_in_our_lists.join(", "),
                UNKNOWN_IS_NOT_FREE.in_(locale)
            ));
        }
        if !rules.is_empty() {
            lines.push(CLOSING.in_(locale).to_owned());
        }
        let data = ControlledReport { medicine: medicine.written, rules, not_in_our_lists, did_you_mean: Vec::new() };
        Ok(Answer { text: lines.join("\n"), data })
    }
}

fn line(rule: &PrescriptionRule, locale: Locale) -> String {
    let said = |label: Text, value: &str| format!("{}: {value}.", label.in_(locale));
    let days = rule.valid_days.map(|days| {
        let place = rule.valid_where.as_ref().map_or(String::new(), |place| format!(", {place}"));
        format!("{days} {}{place}", text("dias", "days").in_(locale))
    });
    let mut parts = vec![format!("{}: {}.", rule.substance, rule.list)];
    parts.push(said(text("Documento", "Document"), &rule.document));
    parts.extend(rule.colour.as_ref().map(|colour| said(text("Cor", "Colour"), colour)));
    parts.extend(days.map(|days| said(text("Validade", "Valid"), &days)));
    parts.extend(rule.maximum.as_ref().map(|maximum| {
        said(
            text(
                "Máximo por receita (para a conferência do farmacêutico)",
                "Most per prescription (for the pharmacist's check)",
            ),
            maximum,
        )
    }));
    parts.push(said(text("Retenção", "Kept"), &rule.kept));
    parts.extend(rule.remarks.iter().cloned());
    parts.push(said(text("Fonte", "Source"), &format!("{} ({})", rule.source, rule.list_date)));
    parts.join(" ")
}

const NO_NAME: Text =
    text("Diga o nome de um medicamento, com até 100 caracteres.", "Name one medicine, in at most 100 characters.");
const NOT_LISTED: Text = text("Sem registro nas nossas listas:", "In no list of ours:");
const UNKNOWN_IS_NOT_FREE: Text = text(
    "Não estar nas nossas listas não quer dizer que seja livre: confira a tarja e o Anexo I vigente com o farmacêutico.",
    "Not being in our lists does not mean free of control: check the stripe on the box and the current Annex I with the pharmacist.",
);
const CLOSING: Text = text(
    "As listas mudam várias vezes por ano: o farmacêutico confere o Anexo I vigente. Receita eletrônica de controlado só com assinatura qualificada (Lei 14.063/2020, art. 13).",
    "The lists change several times a year: the pharmacist checks the current Annex I. An electronic prescription of a controlled medicine needs a qualified signature (Lei 14.063/2020, art. 13).",
);

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(medicine: &str, locale: Locale) -> Answer<ControlledReport> {
        let context = Context { locale, profile: Profile::default(), now: 0 };
        ControlledSubstance { medicine: medicine.into() }.call(&context).unwrap()
    }

    #[test]
    fn a_controlled_medicine_has_document_colour_validity_retention_source_and_date() {
        let answer = ask("Rivotril", Locale::Pt);
        for part in [
            "clonazepam: B1",
            "Notificação de Receita B",
            "azul",
            "30 dias",
            "retém a notificação",
            "Portaria SVS/MS 344/1998",
            "2023",
        ] {
            assert!(answer.text.contains(part), "{part} is not in: {}", answer.text);
        }
        assert_eq!(answer.data.rules[0].valid_days, Some(30));
    }

    #[test]
    fn an_addendum_stands_in_the_place_of_what_the_list_asks_for() {
        let [rule] = &ask("Gardenal", Locale::Pt).data.rules[..] else { panic!() };
        assert!(rule.document.starts_with("Receita de Controle Especial em duas vias"), "{}", rule.document);
        assert_eq!(rule.colour.as_deref(), Some("branca"));
        assert!(rule.kept.contains("primeira via"), "{}", rule.kept);
        let answer = ask("Tramal", Locale::En);
        let [rule] = &answer.data.rules[..] else { panic!() };
        assert!(rule.document.starts_with("up to 100 mg a unit, Receita de Controle Especial"), "{}", rule.document);
        assert_eq!(rule.colour.as_deref(), Some("white up to 100 mg a unit; yellow above that"));
        assert!(answer.text.contains(&rule.document), "{}", answer.text);
        let [rule] = &ask("Tylex", Locale::En).data.rules[..] else { panic!() };
        assert!(rule.document.contains("was not read") && rule.document.contains("check"), "{}", rule.document);
    }

    #[test]
    fn what_is_in_no_list_is_not_called_free() {
        for name in ["losartana", "Remédio Xis"] {
            let answer = ask(name, Locale::Pt);
            assert!(answer.text.contains("não quer dizer que seja livre"), "{}", answer.text);
            assert!(answer.data.rules.is_empty());
        }
    }

    #[test]
    fn a_product_shows_each_of_its_substances() {
        let answer = ask("Tylex", Locale::En);
        assert_eq!(answer.data.rules.len(), 1);
        assert_eq!(answer.data.not_in_our_lists, ["paracetamol"]);
    }
}
