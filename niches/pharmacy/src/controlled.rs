//! The rules on prescriptions in Brazil: Portaria SVS/MS 344/1998 by list, antimicrobials, GLP-1 agonists.
//!
//! Only what was read in a cited text. The lists of Annex I change several times a year, so every rule carries
//! the date of what was read.

use openclaw_niche::{Text, text};

use crate::tables::{ADDENDA, CONTROLLED, List};

/// What a list asks for.
#[derive(Debug)]
pub(crate) struct Rule {
    /// The list's name.
    pub(crate) name: Text,
    /// The document a person must bring.
    pub(crate) document: Text,
    /// The document's colour.
    pub(crate) colour: Option<Text>,
    /// For how many days it holds.
    pub(crate) valid_days: Option<u16>,
    /// Where it holds.
    pub(crate) place: Option<Text>,
    /// The most that one document may order: a limit for the pharmacist's check, never advice.
    pub(crate) maximum: Option<Text>,
    /// What the pharmacy keeps.
    pub(crate) kept: Text,
    /// What counts for the substance alone.
    pub(crate) note: Option<Text>,
    /// What else counts.
    pub(crate) remark: Option<Text>,
    /// What was asked of a document from another state.
    pub(crate) out_of_state: Option<Text>,
    /// The texts that were read.
    pub(crate) source: &'static str,
    /// The date of the list or text that was read.
    pub(crate) dated: Text,
    /// Whether nothing may be sold before a pharmacist has seen the prescription.
    pub(crate) prescription: Prescription,
}

/// What selling takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prescription {
    /// A pharmacist checks it first.
    Checked,
    /// A private pharmacy never sells it.
    NeverSold,
    /// This table asks for none.
    NotAsked,
}

/// What holds for `substance`, when it stands in our table: the rule of its list, with what an addendum replaces.
pub(crate) fn of(substance: u16) -> Option<Rule> {
    let place = CONTROLLED.binary_search_by_key(&substance, |entry| entry.0).ok()?;
    let (_, list, note) = CONTROLLED[place];
    let rule = Rule { note, ..rule(list) };
    let Ok(place) = ADDENDA.binary_search_by_key(&substance, |entry| entry.0) else {
        return Some(rule);
    };
    let (_, addendum) = ADDENDA[place];
    Some(Rule {
        document: addendum.document,
        colour: Some(addendum.colour),
        kept: addendum.kept,
        note: Some(note.unwrap_or(ADDENDUM)),
        out_of_state: Some(OUT_OF_STATE),
        ..rule
    })
}

const WHOLE_COUNTRY: Option<Text> = Some(text("todo o país (Lei 13.732/2018)", "the whole country (Lei 13.732/2018)"));
const YELLOW: Option<Text> = Some(text("amarela", "yellow"));
const BLUE: Option<Text> = Some(text("azul", "blue"));
const WHITE: Option<Text> = Some(text("branca", "white"));
const NOTIFICATION_A: Text =
    text("Notificação de Receita A, junto com a receita", "Notificação de Receita A, with the prescription");
const KEEP_NOTIFICATION: Text = text(
    "a farmácia retém a notificação; a receita volta carimbada",
    "the pharmacy keeps the notification; the prescription goes back stamped",
);
const KEEP_FIRST: Text = text(
    "a farmácia retém a primeira via; a segunda volta ao paciente",
    "the pharmacy keeps the first copy; the second goes back to the patient",
);
const NOTHING_KEPT: Text = text("nada é retido", "nothing is kept");
const AMPOULES_OR_30: Text = text("5 ampolas, ou 30 dias de tratamento", "5 ampoules, or 30 days of treatment");
const AMPOULES_OR_60: Text = text("5 ampolas, ou 60 dias de tratamento", "5 ampoules, or 60 days of treatment");
const C1_C5_MAXIMUM: Text = text(
    "5 ampolas, ou 60 dias de tratamento; até três substâncias C1 ou C5 por receita",
    "5 ampoules, or 60 days of treatment; up to three C1 or C5 substances per prescription",
);
const OUT_OF_STATE: Text = text(
    "Notificação de Receita A ou Receita de Controle Especial de outro estado: em 2019 (CRF-SP, Ofício 2/2019 da Anvisa) ainda se pedia apresentá-la à vigilância local em até 72 horas, e a Notificação A com a receita e uma justificativa; se isso mudou (RDC 1.000/2025), não foi confirmado.",
    "Notificação de Receita A or Receita de Controle Especial from another state: in 2019 (CRF-SP, Anvisa's Ofício 2/2019) it still had to be shown to the local authority within 72 hours, and the Notificação A with the prescription and a justification; whether that has changed (RDC 1.000/2025) was not confirmed.",
);
const ADDENDUM: Text = text(
    "O documento é o do adendo; prazo e máximo são os da lista, e se o adendo os muda não foi confirmado.",
    "The document is the addendum's; days and maximum are the list's, and whether the addendum changes them was not confirmed.",
);
const PORTARIA: &str = "Portaria SVS/MS 344/1998";

/// What `list` asks for.
fn rule(list: List) -> Rule {
    use Prescription::{Checked, NeverSold, NotAsked};
    let ordinary = Rule {
        name: text("", ""),
        document: text("receita médica comum", "ordinary medical prescription"),
        colour: None,
        valid_days: None,
        place: None,
        maximum: None,
        kept: NOTHING_KEPT,
        note: None,
        remark: None,
        out_of_state: None,
        source: PORTARIA,
        dated: text("", ""),
        prescription: Checked,
    };
    match list {
        List::A1 => Rule {
            name: text("A1 (entorpecentes)", "A1 (narcotics)"),
            document: NOTIFICATION_A,
            colour: YELLOW,
            valid_days: Some(30),
            place: WHOLE_COUNTRY,
            maximum: Some(AMPOULES_OR_30),
            kept: KEEP_NOTIFICATION,
            out_of_state: Some(OUT_OF_STATE),
            source: "Portaria SVS/MS 344/1998 (republicada em 01/02/1999)",
            dated: text("nomes: DOU de 26/03/2025", "names: gazette of 26 Mar 2025"),
            ..ordinary
        },
        List::A2 => Rule {
            name: text("A2 (entorpecentes em concentrações especiais)", "A2 (narcotics in special concentrations)"),
            document: NOTIFICATION_A,
            colour: YELLOW,
            valid_days: Some(30),
            place: WHOLE_COUNTRY,
            maximum: Some(AMPOULES_OR_30),
            kept: KEEP_NOTIFICATION,
            out_of_state: Some(OUT_OF_STATE),
            source: "Portaria SVS/MS 344/1998; nomes por resumos de conselhos",
            dated: text(
                "quadro de 1998; data da lista de nomes não confirmada",
                "1998 table; date of the list of names not confirmed",
            ),
            ..ordinary
        },
        List::A3 => Rule {
            name: text("A3 (psicotrópicos estimulantes)", "A3 (psychotropic stimulants)"),
            document: NOTIFICATION_A,
            colour: YELLOW,
            valid_days: Some(30),
            place: WHOLE_COUNTRY,
            maximum: Some(text("30 dias de tratamento", "30 days of treatment")),
            kept: KEEP_NOTIFICATION,
            out_of_state: Some(OUT_OF_STATE),
            source: "Portaria SVS/MS 344/1998; InfoSUS SC (metilfenidato)",
            dated: text("2022", "2022"),
            ..ordinary
        },
        List::B1 => Rule {
            name: text("B1 (psicotrópicos)", "B1 (psychotropics)"),
            document: text("Notificação de Receita B", "Notificação de Receita B"),
            colour: BLUE,
            valid_days: Some(30),
            place: WHOLE_COUNTRY,
            maximum: Some(AMPOULES_OR_60),
            kept: text("a farmácia retém a notificação", "the pharmacy keeps the notification"),
            source: "Portaria SVS/MS 344/1998; RDC 871/2024",
            dated: text("nomes: Anexo I de 2023; RDC 871/2024", "names: Annex I of 2023; RDC 871/2024"),
            ..ordinary
        },
        List::B2 => Rule {
            name: text("B2 (anorexígenos)", "B2 (anorectics)"),
            document: text(
                "Notificação de Receita B2, com termo de responsabilidade assinado pelo prescritor",
                "Notificação de Receita B2, with a responsibility form signed by the prescriber",
            ),
            colour: BLUE,
            valid_days: Some(30),
            place: WHOLE_COUNTRY,
            kept: text("a farmácia retém a notificação", "the pharmacy keeps the notification"),
            source: "Portaria SVS/MS 344/1998; RDC 50/2014; RDC 133/2016",
            dated: text("2016", "2016"),
            ..ordinary
        },
        List::C1 => Rule {
            name: text("C1 (outras substâncias sob controle especial)", "C1 (other substances under special control)"),
            document: text("Receita de Controle Especial em duas vias", "Receita de Controle Especial, two copies"),
            colour: WHITE,
            valid_days: Some(30),
            place: WHOLE_COUNTRY,
            maximum: Some(C1_C5_MAXIMUM),
            kept: KEEP_FIRST,
            remark: Some(text(
                "Anticonvulsivantes e antiparkinsonianos: até 6 meses de tratamento.",
                "Anticonvulsants and anti-Parkinson drugs: up to 6 months of treatment.",
            )),
            out_of_state: Some(OUT_OF_STATE),
            source: "Portaria SVS/MS 344/1998; InfoSUS SC (carbamazepina)",
            dated: text("2025", "2025"),
            ..ordinary
        },
        List::C2 => Rule {
            name: text("C2 (retinoides por via oral)", "C2 (retinoids by mouth)"),
            document: text(
                "Notificação de Receita Especial, com termo de consentimento",
                "Notificação de Receita Especial, with a consent form",
            ),
            colour: WHITE,
            valid_days: Some(30),
            place: WHOLE_COUNTRY,
            maximum: Some(AMPOULES_OR_30),
            kept: text("a farmácia retém a notificação", "the pharmacy keeps the notification"),
            source: "Portaria SVS/MS 344/1998; InfoSUS SC; RDC 936/2024 (CRF-PR)",
            dated: text("dezembro de 2024", "December 2024"),
            ..ordinary
        },
        List::C3 => Rule {
            name: text("C3 (talidomida)", "C3 (thalidomide)"),
            document: text(
                "não se vende em farmácia: só unidades públicas credenciadas dispensam",
                "not sold in pharmacies: only accredited public units dispense it",
            ),
            kept: text("não se aplica", "does not apply"),
            source: "RDC 11/2011; nota do Paraná 01/2022",
            dated: text("2022", "2022"),
            prescription: NeverSold,
            ..ordinary
        },
        List::C4 => Rule {
            name: text("antiga C4 (antirretrovirais), revogada", "former C4 (antiretrovirals), revoked"),
            source: "RDC 103/2016 (31/08/2016)",
            dated: text("agosto de 2016", "August 2016"),
            ..ordinary
        },
        List::C5 => Rule {
            name: text("C5 (anabolizantes)", "C5 (anabolics)"),
            document: text(
                "Receita de Controle Especial em duas vias, com os dados da Lei 9.965/2000 (entre eles o código CID)",
                "Receita de Controle Especial, two copies, with the data of Lei 9.965/2000 (among them the CID code)",
            ),
            colour: WHITE,
            valid_days: Some(30),
            place: WHOLE_COUNTRY,
            maximum: Some(C1_C5_MAXIMUM),
            kept: KEEP_FIRST,
            remark: Some(text(
                "Acima do máximo, o prescritor justifica com diagnóstico ou CID, posologia, data e assinatura nas duas vias. O prazo conta do dia seguinte à emissão.",
                "Above the maximum the prescriber justifies with diagnosis or CID, posology, date and signature on both copies. The days count from the day after issue.",
            )),
            out_of_state: Some(OUT_OF_STATE),
            source: "Portaria SVS/MS 344/1998; Lei 9.965/2000; CRF-PR",
            dated: text("data da lista não confirmada", "date of the list not confirmed"),
            ..ordinary
        },
        List::D1 => Rule {
            name: text("D1 (precursores)", "D1 (precursors)"),
            dated: text("DOU de 03/02/2026", "gazette of 3 Feb 2026"),
            ..ordinary
        },
        List::Antimicrobial => Rule {
            name: text("antimicrobiano (fora da Portaria 344)", "antimicrobial (not Portaria 344)"),
            document: text(
                "receita do prescritor em duas vias, legível, com nome completo, idade e sexo do paciente, sem item da Portaria 344 na mesma folha",
                "the prescriber's own prescription in two copies, legible, with the patient's full name, age and sex, and no Portaria 344 item on the sheet",
            ),
            valid_days: Some(10),
            place: Some(text("todo o país", "the whole country")),
            kept: text(
                "a farmácia retém a segunda via; data, quantidade, lote e assinatura nas duas; registro no SNGPC",
                "the pharmacy keeps the second copy; date, quantity, lot and signature on both; entered in SNGPC",
            ),
            remark: Some(text(
                "Com \"uso contínuo\" e a quantidade para cada 30 dias, vale por 90 dias da emissão.",
                "Marked \"uso contínuo\" with the quantity for each 30 days it holds for 90 days from issue.",
            )),
            source: "RDC 471/2021; IN 360/2025",
            dated: text("IN 360/2025, em vigor desde 23/06/2025", "IN 360/2025, in force since 23 Jun 2025"),
            ..ordinary
        },
        List::Glp1 => Rule {
            name: text("agonista de GLP-1 (fora da Portaria 344)", "GLP-1 agonist (not Portaria 344)"),
            document: text(
                "receita em duas vias, sem item da Portaria 344 na mesma folha",
                "prescription in two copies, with no Portaria 344 item on the sheet",
            ),
            valid_days: Some(90),
            place: Some(text("todo o país", "the whole country")),
            kept: text("a farmácia retém uma via; registro no SNGPC", "the pharmacy keeps one copy; entered in SNGPC"),
            source: "RDC 973/2025; IN 360/2025",
            dated: text("em vigor desde 23/06/2025", "in force since 23 Jun 2025"),
            ..ordinary
        },
        List::NoRetention => Rule {
            name: text(
                "fora da lista de antimicrobianos com retenção",
                "not on the list of antimicrobials with retention",
            ),
            document: text(
                "esta tabela não pede documento com retenção; se exige receita comum, veja a tarja da caixa",
                "this table asks for no document that is kept; the stripe on the box says whether an ordinary prescription is needed",
            ),
            source: "lista de antimicrobianos (IN 244/2023)",
            dated: text(
                "ausência conferida na lista de 2023; a de 2025 não foi lida por inteiro",
                "absence checked in the 2023 list; that of 2025 was not read in full",
            ),
            prescription: NotAsked,
            ..ordinary
        },
        List::Unsettled => Rule {
            name: text("não confirmada", "not settled"),
            document: text(
                "confira o Anexo I vigente da Portaria 344 antes de dispensar",
                "check the current Annex I of Portaria 344 before dispensing",
            ),
            kept: text("conforme o Anexo I vigente", "as the current Annex I says"),
            dated: text("fontes incompletas", "incomplete sources"),
            ..ordinary
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve::resolve;

    fn list(name: &str) -> Option<List> {
        let substance = resolve(name).unwrap().substances[0];
        CONTROLLED.iter().find(|entry| entry.0 == substance).map(|entry| entry.1)
    }

    fn found(name: &str) -> Rule {
        of(resolve(name).unwrap().substances[0]).unwrap()
    }

    #[test]
    fn an_addendum_replaces_document_colour_and_what_is_kept() {
        for (name, not) in [
            ("fenobarbital", ["Notificação de Receita B", "azul"]),
            ("tramadol", ["Notificação de Receita A, junto com a receita", "amarela"]),
            ("codeína", ["Notificação de Receita A, junto com a receita", "amarela"]),
            ("OxyContin", ["Notificação de Receita A, junto com a receita", "amarela"]),
        ] {
            let rule = found(name);
            assert!(rule.document.pt.contains("Receita de Controle Especial em duas vias"), "{name}");
            assert!(rule.kept.pt.contains("primeira via"), "{name}");
            assert!(rule.colour.unwrap().pt.contains("branca"), "{name}");
            assert!(rule.document.pt != not[0] && rule.colour.unwrap().pt != not[1], "{name}");
            assert!(rule.note.is_some() && rule.out_of_state.is_some(), "{name}");
        }
        let phenobarbital = found("Gardenal");
        assert_eq!(phenobarbital.colour.unwrap().en, "white");
        // Read in summaries only, or not at all: to be checked.
        for name in ["fenobarbital", "tramadol", "codeína"] {
            assert!(found(name).document.pt.contains("confira o Anexo I vigente"), "{name}");
        }
        assert_eq!(found("morfina").colour.unwrap().en, "yellow");
        assert_eq!(found("diazepam").colour.unwrap().en, "blue");
    }

    #[test]
    fn the_72_hours_are_told_of_both_documents_with_their_doubt() {
        for name in ["morfina", "tramadol", "metilfenidato", "fluoxetina", "testosterona"] {
            let said = found(name).out_of_state.unwrap();
            assert!(said.pt.contains("72 horas") && said.pt.contains("não foi confirmado"), "{name}");
            assert!(said.pt.contains("Receita de Controle Especial"), "{name}");
        }
        assert!(found("diazepam").out_of_state.is_none());
    }

    #[test]
    fn medicines_stand_on_the_lists_that_were_read() {
        for (name, expected) in [
            ("Dimorf", List::A1),
            ("Tramal", List::A2),
            ("Ritalina", List::A3),
            ("Rivotril", List::B1),
            ("zolpidem", List::B1),
            ("sibutramina", List::B2),
            ("Lexapro", List::C1),
            ("Roacutan", List::C2),
            ("thalidomide", List::C3),
            ("Deposteron", List::C5),
            ("amoxicilina", List::Antimicrobial),
            ("Ozempic", List::Glp1),
            ("fluconazol", List::NoRetention),
            ("Arcoxia", List::Unsettled),
        ] {
            assert_eq!(list(name), Some(expected), "{name}");
        }
    }

    #[test]
    fn look_alikes_are_not_mistaken() {
        // Same endings and beginnings, other rules.
        assert_eq!((list("omeprazol"), list("buspirona")), (None, None));
        assert_eq!((list("Lexotan"), list("Lexapro")), (Some(List::B1), Some(List::C1)));
    }

    #[test]
    fn every_rule_says_what_was_read_and_when() {
        for (_, list, _) in CONTROLLED {
            let rule = rule(*list);
            for said in
                [rule.name.pt, rule.name.en, rule.document.en, rule.kept.pt, rule.source, rule.dated.pt, rule.dated.en]
            {
                assert!(!said.is_empty(), "{list:?}");
            }
        }
    }
}
