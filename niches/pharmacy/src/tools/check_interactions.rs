//! `check_interactions`: what public lists say about medicines taken together.

use openclaw_niche::prelude::*;

use super::report::{Found, Report, Statement, Understood, UnknownName};
use super::{invalid, unknown_sentence};
use crate::interactions::{Finding, Kind, check};
use crate::resolve::{Medicine, resolve, substance};
use crate::spelling::key;

/// More names than this at once are a list to be checked by a pharmacist, not by a chat.
const MOST_MEDICINES: usize = 20;

/// Checks whether two or more medicines interact when taken together: can a person take A with B? Also alcohol,
/// grapefruit and herbs. Brands, substances and classes, in Portuguese or English. Answers from public lists with
/// severity, effect, management and source; says when a name is unknown. Use it for every question about
/// combining medicines, and never answer such a question from memory.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct CheckInteractions {
    /// The medicines to check together, two or more: brands or substances as the person wrote them, such as
    /// "varfarina" and "ibuprofeno".
    #[schemars(length(min = 2, max = 20))]
    pub(crate) medicines: Vec<String>,
}

impl Tool for CheckInteractions {
    const NAME: &'static str = "check_interactions";
    const EFFECT: Effect = Effect::Reads;
    type Data = Report;

    fn wording(locale: Locale) -> Wording {
        match locale {
            Locale::En => Wording {
                title: "Check interactions between medicines",
                labels: &[("medicines", "Medicines")],
                ..Wording::default()
            },
            Locale::Pt => Wording {
                title: "Verificar interações entre medicamentos",
                description: "Verifica se dois ou mais medicamentos interagem quando tomados juntos: pode tomar A com B? \
                    Também álcool, toranja e plantas. Aceita marcas, substâncias e classes, em português ou inglês. \
                    Responde com base em listas públicas: gravidade, efeito, conduta e fonte; avisa quando não conhece \
                    um nome. Use em toda pergunta sobre combinar remédios e nunca responda de memória.",
                labels: &[("medicines", "Medicamentos")],
                arguments: &[(
                    "medicines",
                    "Os medicamentos (remédios) a verificar juntos, dois ou mais: marcas ou substâncias como a pessoa \
                     escreveu, por exemplo \"varfarina\" e \"ibuprofeno\".",
                )],
            },
        }
    }

    fn call(self, context: &Context) -> Result<Answer<Report>, ToolError> {
        let locale = context.locale;
        let mut names: Vec<String> = Vec::new();
        for name in self.medicines.iter().map(|name| name.trim()).filter(|name| !name.is_empty()) {
            if name.chars().count() > 100 {
                return Err(invalid(TOO_LONG, locale));
            }
            if !names.iter().any(|other| key(other) == key(name)) {
                names.push(name.to_owned());
            }
        }
        if names.len() < 2 {
            return Err(invalid(TOO_FEW, locale));
        }
        if names.len() > MOST_MEDICINES {
            return Err(invalid(TOO_MANY, locale));
        }
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for name in &names {
            match resolve(name) {
                Ok(medicine) => known.push(medicine),
                Err(nothing) => unknown.push(nothing),
            }
        }
        let findings = check(&known);
        let mut lines = vec![headline(findings.len(), unknown.len(), locale)];
        let found: Vec<Found> = findings.iter().map(|finding| found(finding, &known, locale)).collect();
        lines.extend(found.iter().enumerate().map(|(place, found)| line(place + 1, found, locale)));

        let without_entry = silent_pairs(&known, &findings);
        if !without_entry.is_empty() {
            let pairs: Vec<String> = without_entry.iter().map(|[a, b]| format!("{a} + {b}")).collect();
            lines.push(format!("{} {}.", NO_ENTRY.in_(locale), pairs.join("; ")));
        }
        lines.extend(unknown.iter().map(|unknown| unknown_sentence(unknown, locale)));
        lines.extend(known.iter().filter_map(|m| m.note.map(|note| format!("{}: {}.", m.written, note.in_(locale)))));
        lines.push(DISCLAIMER.in_(locale).to_owned());

        let understood = known.iter().map(|medicine| Understood {
            written: medicine.written.clone(),
            substances: medicine.substances.iter().map(|id| substance(*id, locale).to_owned()).collect(),
            note: medicine.note.map(|note| note.in_(locale).to_owned()),
        });
        let unknown = unknown.iter().map(|unknown| UnknownName {
            written: unknown.written.clone(),
            did_you_mean: unknown.close.iter().map(|name| (*name).to_owned()).collect(),
        });
        let data = Report {
            findings: found,
            understood: understood.collect(),
            unknown: unknown.collect(),
            without_entry,
            disclaimer: DISCLAIMER.in_(locale).to_owned(),
        };
        Ok(Answer { text: lines.join("\n"), data })
    }
}

fn headline(found: usize, unknown: usize, locale: Locale) -> String {
    match (locale, found) {
        (_, 0) if unknown > 0 => NOT_ALL_CHECKED.in_(locale).to_owned(),
        (_, 0) => NOTHING_FOUND.in_(locale).to_owned(),
        (_, 1) => text("1 interação encontrada:", "1 interaction found:").in_(locale).to_owned(),
        (Locale::Pt, _) => {
            format!("{found} interações encontradas, da mais grave para a menos grave:")
        }
        (Locale::En, _) => format!("{found} interactions found, the worst first:"),
    }
}

fn found(finding: &Finding, medicines: &[Medicine], locale: Locale) -> Found {
    let [left, right] = finding.medicines.map(|place| &medicines[place]);
    let statements = match &finding.kind {
        Kind::Rules(rules) => rules
            .iter()
            .map(|rule| Statement {
                severity: rule.level.into(),
                effect: rule.effect.in_(locale).to_owned(),
                when: rule.when.map(|when| when.in_(locale).to_owned()),
                management: rule.management.in_(locale).to_owned(),
                source: rule.source.in_(locale).to_owned(),
                entry: rule.id.to_owned(),
            })
            .collect(),
        Kind::Duplicate => vec![Statement {
            severity: finding.level().into(),
            effect: DUPLICATE.in_(locale).to_owned(),
            when: None,
            management: DUPLICATE_MANAGEMENT.in_(locale).to_owned(),
            source: DUPLICATE_SOURCE.in_(locale).to_owned(),
            entry: "duplicate".to_owned(),
        }],
    };
    Found {
        severity: finding.level().into(),
        medicines: [left.written.clone(), right.written.clone()],
        substances: [finding.sides[0].label(left, locale), finding.sides[1].label(right, locale)],
        statements,
    }
}

fn line(number: usize, found: &Found, locale: Locale) -> String {
    let side = |place: usize| {
        let (substance, written) = (&found.substances[place], &found.medicines[place]);
        // Only a name that says something new stands in brackets.
        if key(written).contains(&key(substance)) || key(substance).contains(&key(written)) {
            substance.clone()
        } else {
            format!("{substance} ({written})")
        }
    };
    let statements: Vec<String> = found
        .statements
        .iter()
        .map(|said| {
            let when = said.when.as_ref().map_or(String::new(), |when| format!(" ({when})"));
            let (management, source) = match locale {
                Locale::Pt => ("Conduta", "Fonte"),
                Locale::En => ("Management", "Source"),
            };
            let severity = if said.severity == found.severity {
                String::new()
            } else {
                format!("{}: ", said.severity.word(locale))
            };
            format!("{severity}{}{when}. {management}: {}. {source}: {}.", said.effect, said.management, said.source)
        })
        .collect();
    let word = found.severity.word(locale).to_uppercase();
    format!("{number}. {word}: {} + {}: {}", side(0), side(1), statements.join(" | "))
}

/// Pairs of medicines about which nothing was found.
fn silent_pairs(medicines: &[Medicine], findings: &[Finding]) -> Vec<[String; 2]> {
    let mut silent = Vec::new();
    for (i, left) in medicines.iter().enumerate() {
        for (j, right) in medicines.iter().enumerate().skip(i + 1) {
            if !findings.iter().any(|finding| finding.medicines == [i, j]) {
                silent.push([left.written.clone(), right.written.clone()]);
            }
        }
    }
    silent
}

const TOO_FEW: Text = text(
    "São necessários pelo menos dois nomes diferentes de medicamentos.",
    "At least two different names of medicines are needed.",
);
const TOO_MANY: Text = text("No máximo 20 medicamentos por vez.", "At most 20 medicines at a time.");
const TOO_LONG: Text =
    text("Um nome de medicamento tem no máximo 100 caracteres.", "A medicine's name has at most 100 characters.");
const NOTHING_FOUND: Text = text(
    "Nenhuma interação encontrada nas nossas fontes. Isso não quer dizer que seja seguro.",
    "No interaction found in our sources. That does not mean that it is safe.",
);
const NOT_ALL_CHECKED: Text = text(
    "Não foi possível verificar tudo: há nomes que não conheço.",
    "Not everything could be checked: there are names that I do not know.",
);
const NO_ENTRY: Text = text(
    "Sem registro nas nossas fontes (isso não quer dizer que seja seguro):",
    "No entry in our sources (that does not mean safe):",
);
const DUPLICATE: Text = text(
    "a mesma substância está em dois produtos: as doses se somam",
    "the same substance is in two products: the doses add up",
);
const DUPLICATE_MANAGEMENT: Text = text(
    "é duplicidade: perguntar ao farmacêutico antes de tomar os dois",
    "a duplication: ask the pharmacist before taking both",
);
const DUPLICATE_SOURCE: Text = text(
    "composição dos produtos (Anvisa, dados abertos, 22/01/2024)",
    "composition of the products (Anvisa open data, 22 Jan 2024)",
);
const DISCLAIMER: Text = text(
    "Informação de listas públicas (ONC 2012, ANSM 2016, CredibleMeds 2017, bulas da FDA), que não são completas. \
     Não é diagnóstico nem prescrição: a decisão é do farmacêutico ou do prescritor. Não pare um tratamento por conta própria.",
    "Information from public lists (ONC 2012, ANSM 2016, CredibleMeds 2017, FDA labels), which are not complete. \
     It is no diagnosis and no prescription: the pharmacist or the prescriber decides. Do not stop a treatment on your own.",
);

#[cfg(test)]
mod tests {
    use super::super::report::Severity;
    use super::*;

    fn ask(medicines: &[&str], locale: Locale) -> Answer<Report> {
        let context = Context { locale, profile: Profile::default(), now: 0 };
        let medicines = medicines.iter().map(|name| (*name).to_owned()).collect();
        CheckInteractions { medicines }.call(&context).unwrap()
    }

    #[test]
    fn an_answer_has_severity_effect_management_source_and_says_what_it_is_not() {
        let answer = ask(&["Marevan", "ibuprofeno"], Locale::Pt);
        let [found] = &answer.data.findings[..] else { panic!("{:?}", answer.data) };
        assert_eq!(found.severity, Severity::Major);
        assert_eq!(found.substances, ["varfarina", "ibuprofeno"]);
        for part in [
            "GRAVE (EVITAR): varfarina (Marevan) + ibuprofeno",
            "sangramento",
            "Conduta: evitar",
            "Fonte: ANSM 2016",
            "Não é diagnóstico",
        ] {
            assert!(answer.text.contains(part), "{part} is not in: {}", answer.text);
        }
    }

    #[test]
    fn an_unknown_name_is_said_to_be_unknown_and_never_harmless() {
        let answer = ask(&["varfarina", "ibuprofneo", "xyzabc"], Locale::Pt);
        assert!(answer.text.contains("Você quis dizer: ibuprofeno?"), "{}", answer.text);
        assert!(answer.text.contains("Não conheço \"xyzabc\""), "{}", answer.text);
        assert_eq!(answer.data.unknown.len(), 2);
        assert!(answer.data.findings.is_empty(), "a close spelling is never taken silently");
    }

    #[test]
    fn no_entry_is_never_called_safe() {
        let answer = ask(&["paracetamol", "omeprazole"], Locale::En);
        assert!(answer.text.contains("does not mean that it is safe"), "{}", answer.text);
        assert_eq!(answer.data.without_entry, [["paracetamol".to_owned(), "omeprazole".to_owned()]]);
    }

    #[test]
    fn one_medicine_alone_is_no_question() {
        let context = Context { locale: Locale::En, profile: Profile::default(), now: 0 };
        let once = CheckInteractions { medicines: vec!["Varfarina".into(), " varfarina ".into()] };
        assert!(matches!(once.call(&context), Err(ToolError::InvalidArguments(_))));
    }
}
