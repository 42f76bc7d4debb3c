//! Which interactions the tables hold between medicines, worst first. What they do not hold is never called safe.

use openclaw_niche::Locale;

use crate::resolve::{Medicine, substance};
use crate::tables::{Level, RULES, Rule};

/// Something found between two medicines, or inside one.
#[derive(Debug)]
pub(crate) struct Finding {
    /// Places in the list of medicines; equal when both substances are inside one product.
    pub(crate) medicines: [usize; 2],
    pub(crate) sides: [Side; 2],
    pub(crate) kind: Kind,
}

/// What of a medicine takes part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Side {
    Substance(u16),
    /// All members of the class that was named.
    WholeClass,
    /// Only these members of the class that was named.
    Members(Vec<u16>),
}

/// What was found.
#[derive(Debug)]
pub(crate) enum Kind {
    /// Rows of the tables, strictest first; sources that differ stand side by side.
    Rules(Vec<&'static Rule>),
    /// The same substance in two products.
    Duplicate,
}

impl Finding {
    /// The strictest level of its sources. A doubled substance asks for a precaution.
    pub(crate) fn level(&self) -> Level {
        match &self.kind {
            Kind::Rules(rules) => rules.iter().map(|rule| rule.level).min().unwrap_or(Level::Moderate),
            Kind::Duplicate => Level::Moderate,
        }
    }
}

impl Side {
    /// Its name in `locale`.
    pub(crate) fn label(&self, medicine: &Medicine, locale: Locale) -> String {
        let class = || medicine.class.map_or(medicine.written.as_str(), |class| class.in_(locale));
        match self {
            Self::Substance(id) => substance(*id, locale).to_owned(),
            Self::WholeClass => class().to_owned(),
            Self::Members(members) => {
                let names: Vec<&str> = members.iter().map(|id| substance(*id, locale)).collect();
                format!("{} ({})", class(), names.join(", "))
            }
        }
    }
}

/// Everything the tables hold about `medicines`, worst first.
pub(crate) fn check(medicines: &[Medicine]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (i, left) in medicines.iter().enumerate() {
        for (j, right) in medicines.iter().enumerate().skip(i) {
            if left.class.is_some() || right.class.is_some() {
                if i != j {
                    between_classes([i, j], left, right, &mut findings);
                }
            } else {
                between_products([i, j], left, right, &mut findings);
            }
        }
    }
    findings.sort_by_key(Finding::level);
    findings
}

/// Each pair of substances; inside one product each pair once.
fn between_products(medicines: [usize; 2], left: &Medicine, right: &Medicine, findings: &mut Vec<Finding>) {
    let one_product = medicines[0] == medicines[1];
    for (place, x) in left.substances.iter().enumerate() {
        for y in right.substances.iter().skip(if one_product { place + 1 } else { 0 }) {
            let kind = if x == y {
                Kind::Duplicate
            } else {
                let mut rules: Vec<&Rule> = RULES.iter().filter(|rule| rule.holds(*x, *y)).collect();
                if rules.is_empty() {
                    continue;
                }
                rules.sort_by_key(|rule| rule.level);
                Kind::Rules(rules)
            };
            findings.push(Finding { medicines, sides: [Side::Substance(*x), Side::Substance(*y)], kind });
        }
    }
}

/// When a class was named any of its members may be meant: a row counts when it names one of them.
fn between_classes(medicines: [usize; 2], left: &Medicine, right: &Medicine, findings: &mut Vec<Finding>) {
    let first = findings.len();
    for rule in RULES {
        let touched = |of: &Medicine, other: &Medicine| -> Vec<u16> {
            let hit = |x: &&u16| other.substances.iter().any(|y| *x != y && rule.holds(**x, *y));
            of.substances.iter().filter(hit).copied().collect()
        };
        let (x, y) = (touched(left, right), touched(right, left));
        if x.is_empty() {
            continue;
        }
        for (x, y) in pairs(left, right, x, y) {
            let same = findings[first..].iter_mut().find(|finding| finding.sides[0] == x && finding.sides[1] == y);
            match same.map(|finding| &mut finding.kind) {
                Some(Kind::Rules(rules)) => {
                    rules.push(rule);
                    rules.sort_by_key(|rule| rule.level);
                }
                _ => findings.push(Finding { medicines, sides: [x, y], kind: Kind::Rules(vec![rule]) }),
            }
        }
    }
}

/// The sides of a row: a class as one, a product substance by substance.
fn pairs(left: &Medicine, right: &Medicine, x: Vec<u16>, y: Vec<u16>) -> Vec<(Side, Side)> {
    let sides = |medicine: &Medicine, other: &Medicine, touched: Vec<u16>| -> Vec<Side> {
        if medicine.class.is_none() {
            return touched.into_iter().map(Side::Substance).collect();
        }
        // A member does not interact with itself: that it is missing makes the class no less whole.
        let whole = medicine.substances.iter().all(|id| touched.contains(id) || other.substances == [*id]);
        vec![if whole { Side::WholeClass } else { Side::Members(touched) }]
    };
    let (x, y) = (sides(left, right, x), sides(right, left, y));
    x.iter().flat_map(|x| y.iter().map(|y| (x.clone(), y.clone()))).collect()
}

// === impl Rule ===

impl Rule {
    /// Whether the row is about this pair, whichever way round.
    fn holds(&self, x: u16, y: u16) -> bool {
        let has = |group: &[u16], id: u16| group.binary_search(&id).is_ok();
        (has(self.a, x) && has(self.b, y)) || (has(self.a, y) && has(self.b, x))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve::resolve;

    fn findings(names: &[&str]) -> (Vec<Medicine>, Vec<Finding>) {
        let medicines: Vec<Medicine> =
            names.iter().map(|name| resolve(name).unwrap_or_else(|unknown| panic!("{unknown:?}"))).collect();
        let findings = check(&medicines);
        (medicines, findings)
    }

    /// The rows that hold between substances, as `rule level`.
    fn rows(names: &[&str]) -> Vec<String> {
        let (_, findings) = findings(names);
        let rules = findings.iter().flat_map(|finding| match &finding.kind {
            Kind::Rules(rules) => rules.iter().map(|rule| format!("{} {:?}", rule.id, rule.level)).collect(),
            Kind::Duplicate => vec!["duplicate".to_owned()],
        });
        rules.collect()
    }

    #[test]
    fn all_fifteen_pairs_of_the_onc_list_are_found_by_either_language_and_in_either_order() {
        for (rule, object, precipitant) in [
            ("ONC-3", "metilfenidato", "tranylcypromine"),
            ("ONC-3", "Venvanse", "Parnate"),
            ("ONC-4", "atazanavir", "omeprazol"),
            ("ONC-6", "febuxostat", "Imuran"),
            ("ONC-8", "Prozac", "Jumexil"),
            ("ONC-11", "irinotecano", "fluconazole"),
            ("ONC-16", "meperidine", "selegilina"),
            ("ONC-20", "Amytril", "Parnate"),
            ("ONC-21", "citalopram", "amiodarona"),
            ("ONC-22", "ramelteon", "Cipro"),
            ("ONC-23", "lopinavir", "rifampin"),
            ("ONC-23", "ritonavir", "St John's wort"),
            ("ONC-25", "Sinvascor", "Klaricid"),
            ("ONC-27", "ergotamina", "ritonavir"),
            ("ONC-28", "Sirdalud", "fluvoxamina"),
            ("ONC-30", "tranilcipromina", "procarbazina"),
            ("ONC-31", "Imigran", "azul de metileno"),
        ] {
            let expected = format!("{rule} Contraindicated");
            assert!(rows(&[object, precipitant]).contains(&expected), "{rule}: {object} + {precipitant}");
            assert!(rows(&[precipitant, object]).contains(&expected), "{rule}: {precipitant} + {object}");
        }
        let onc: std::collections::BTreeSet<&str> =
            RULES.iter().map(|rule| rule.id).filter(|id| id.starts_with("ONC-")).collect();
        assert_eq!(onc.len(), 15);
    }

    #[test]
    fn every_numbered_row_of_the_table_is_there() {
        let rows: std::collections::BTreeSet<u32> = RULES
            .iter()
            .filter_map(|rule| rule.id.trim_end_matches(|c: char| c.is_ascii_lowercase()).parse().ok())
            .collect();
        assert_eq!(rows, (1..=111).collect());
    }

    #[test]
    fn brands_are_taken_apart_before_pairs_are_tested() {
        assert_eq!(rows(&["Marevan", "Advil"]), ["3 Major"]);
        let found = rows(&["Marevan", "Resfenol"]);
        assert_eq!(found, ["13 Moderate"], "paracetamol within Resfenol");
        // Cefalium holds an ergot and metoclopramide.
        assert!(rows(&["Cefalium", "Imigran"]).contains(&"84 Contraindicated".to_owned()));
        assert!(rows(&["Cefalium", "Prolopa"]).contains(&"73 Contraindicated".to_owned()));
    }

    #[test]
    fn the_worst_comes_first_and_sources_that_differ_stand_side_by_side() {
        let (_, findings) = findings(&["paracetamol", "varfarina", "miconazol", "ibuprofeno"]);
        let levels: Vec<Level> = findings.iter().map(Finding::level).collect();
        assert_eq!(levels, [Level::Contraindicated, Level::Major, Level::Moderate]);

        // ONC: contraindicated; ANSM: precaution. The stricter counts, both are shown.
        assert_eq!(rows(&["azitromicina", "citalopram"]), ["ONC-21 Contraindicated", "53 Moderate"]);
    }

    #[test]
    fn the_same_substance_in_two_products_is_found_and_so_are_two_of_a_class() {
        assert_eq!(rows(&["Dorflex", "Neosaldina"]), ["duplicate", "duplicate"]);
        assert_eq!(rows(&["Advil", "Voltaren"]), ["22 Major"]);
        assert_eq!(rows(&["Tylenol"]), Vec::<String>::new());
    }

    #[test]
    fn pairs_inside_one_product_are_tested_too() {
        assert_eq!(rows(&["tramadol + bupropiona"]), ["80 Moderate"]);
        assert_eq!(rows(&["Yasmin"]), Vec::<String>::new());
    }

    #[test]
    fn a_class_finds_the_rows_of_its_members() {
        let (medicines, whole) = findings(&["varfarina", "anti-inflamatório"]);
        assert_eq!(whole.len(), 1);
        assert_eq!(whole[0].sides[1], Side::WholeClass);
        assert_eq!(whole[0].sides[1].label(&medicines[1], Locale::En), "NSAIDs");

        let (medicines, some) = findings(&["metronidazol", "benzodiazepínico", "anticoncepcional", "carbamazepina"]);
        assert!(
            some.iter().any(|f| f.medicines == [2, 3]
                && f.sides[0].label(&medicines[2], Locale::Pt) == "anticoncepcionais hormonais")
        );

        let (_, partly) = findings(&["estatina", "claritromicina"]);
        assert!(partly.iter().any(|f| matches!(&f.sides[0], Side::Members(members) if members.len() == 2)));
        let (_, itself) = findings(&["AINE", "ibuprofeno"]);
        assert_eq!(itself[0].sides[0], Side::WholeClass);
    }

    #[test]
    fn known_medicines_without_a_row_give_nothing() {
        assert_eq!(rows(&["paracetamol", "omeprazol"]), Vec::<String>::new());
        assert_eq!(rows(&["dipirona", "metotrexato"]), Vec::<String>::new());
    }

    #[test]
    fn a_class_holds_only_members_that_a_source_names_and_its_word_counts_alone() {
        for (a, b, row) in [
            ("levodopa", "antipsicótico", "74 Major"),
            ("BCG", "corticoide", "35 Contraindicated"),
            ("MMR vaccine", "chemotherapy", "35 Contraindicated"),
            ("alendronato", "antacid", "93 Moderate"),
            ("codeína", "sedating antihistamine", "62 Major"),
            ("Sustrate", "Viagra", "37b Contraindicated"),
            ("Yasmin", "Tegretol", "94 Major"),
        ] {
            assert!(rows(&[a, b]).contains(&row.to_owned()), "{a} + {b}");
        }
        for (a, b) in [
            ("petidina", "clonazepam"),
            ("flunitrazepam", "álcool"),
            ("pregabalina", "álcool"),
            ("estradiol", "carbamazepina"),
            ("levodopa", "clozapina"),
        ] {
            assert_eq!(rows(&[a, b]), Vec::<String>::new(), "{a} + {b}");
        }
    }

    #[test]
    fn what_goes_beyond_a_source_says_so() {
        for id in ["37b", "104a", "104b"] {
            let rule = RULES.iter().find(|rule| rule.id == id).unwrap();
            assert!(rule.when.is_some_and(|when| when.pt.contains("não foi")), "{id}");
        }
    }

    #[test]
    fn food_and_drink_count() {
        assert_eq!(rows(&["Flagyl", "cerveja"]), ["102 Contraindicated"]);
        assert_eq!(rows(&["simvastatin", "grapefruit juice"]), ["107 Major"]);
        assert_eq!(rows(&["Dorflex", "álcool"]), ["104a Major"]);
    }
}
