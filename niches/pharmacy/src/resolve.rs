//! From what people write to substances: exact names only; what is close is offered back as a question.

use crate::spelling::{key, words};
use crate::tables::{CLASSES, NAMES, Name, SUBSTANCES, Target};
use openclaw_niche::{Locale, Text};

/// Words around a name that do not change what is meant: salts, strengths, forms, articles.
const AROUND: &[&str] = &[
    "a",
    "acetate",
    "acetato",
    "benzoate",
    "besilato",
    "besylate",
    "bromidrato",
    "calcica",
    "capsula",
    "capsulas",
    "capsule",
    "capsules",
    "citrato",
    "citrate",
    "cloridrato",
    "comprimido",
    "comprimidos",
    "cp",
    "cps",
    "cream",
    "creme",
    "da",
    "de",
    "dicloridrato",
    "dipotassico",
    "do",
    "drops",
    "fosfato",
    "fumarate",
    "fumarato",
    "g",
    "gel",
    "generic",
    "generico",
    "gotas",
    "hemitartarato",
    "hydrochloride",
    "injetavel",
    "magnesica",
    "magnesico",
    "maleate",
    "maleato",
    "mcg",
    "medicamento",
    "mesilato",
    "mesylate",
    "mg",
    "ml",
    "monoidratada",
    "o",
    "of",
    "oral",
    "pomada",
    "potassica",
    "potassico",
    "potassium",
    "remedio",
    "sodica",
    "sodico",
    "sodium",
    "solucao",
    "succinate",
    "succinato",
    "suspensao",
    "syrup",
    "tablet",
    "tablets",
    "tartarato",
    "tartrate",
    "the",
    "ui",
    "um",
    "uma",
    "xarope",
];

/// How many close names are offered.
const SUGGESTIONS: usize = 3;

/// No name in the table has more words.
const MOST_WORDS: usize = 6;

/// One thing a person named, understood.
#[derive(Debug, Clone)]
pub(crate) struct Medicine {
    /// As the person wrote it.
    pub(crate) written: String,
    /// Numbers of substances: all are inside, or for a class any of them may be meant.
    pub(crate) substances: Vec<u16>,
    /// The class, when one was named.
    pub(crate) class: Option<Text>,
    /// A remark on the brand.
    pub(crate) note: Option<Text>,
}

/// A name that stands in no table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unknown {
    /// As the person wrote it.
    pub(crate) written: String,
    /// What is spelt nearly so.
    pub(crate) close: Vec<&'static str>,
}

/// What `written` stands for. A product may be named by its substances, joined with `+` or `/`.
pub(crate) fn resolve(written: &str) -> Result<Medicine, Unknown> {
    let written = written.trim();
    if let Some(found) = find(written) {
        return Ok(medicine(written, &[found]));
    }
    let parts: Vec<&str> = written.split(['+', '/']).filter(|part| !bare(part).is_empty()).collect();
    let found: Option<Vec<&Name>> = parts.iter().map(|part| find(part)).collect();
    match found {
        Some(found) if !found.is_empty() => Ok(medicine(written, &found)),
        _ => Err(Unknown { written: written.to_owned(), close: close(written) }),
    }
}

/// The substances named anywhere in the name of a product on the shelf, such as "EMS Dipirona 500 mg 20 cp".
pub(crate) fn substances_within(product: &str) -> Vec<u16> {
    let words = words(product);
    let mut within: Vec<u16> = Vec::new();
    for length in 1..=MOST_WORDS {
        for name in words.windows(length).filter_map(|window| by_key(&window.concat())) {
            let (Target::Substance(found) | Target::Brand { substances: found, .. }) = name.target else { continue };
            for id in found {
                if !within.contains(id) {
                    within.push(*id);
                }
            }
        }
    }
    within
}

/// The name of a substance in `locale`.
pub(crate) fn substance(id: u16, locale: Locale) -> &'static str {
    SUBSTANCES[usize::from(id)].in_(locale)
}

fn medicine(written: &str, found: &[&Name]) -> Medicine {
    let mut medicine = Medicine { written: written.to_owned(), substances: Vec::new(), class: None, note: None };
    for name in found {
        let inside = match name.target {
            Target::Substance(substances) => substances,
            Target::Brand { substances, note } => {
                medicine.note = medicine.note.or(note);
                substances
            }
            Target::Class(number) => {
                medicine.class = Some(CLASSES[number].label);
                CLASSES[number].members
            }
        };
        for id in inside {
            if !medicine.substances.contains(id) {
                medicine.substances.push(*id);
            }
        }
    }
    medicine
}

/// The name that is written exactly so, or so but for words that do not matter.
fn find(written: &str) -> Option<&'static Name> {
    by_key(&key(written)).or_else(|| by_key(&bare(written)))
}

fn by_key(key: &str) -> Option<&'static Name> {
    let place = NAMES.binary_search_by(|name| name.key.cmp(key)).ok()?;
    Some(&NAMES[place])
}

/// The key without words that do not matter.
fn bare(written: &str) -> String {
    let strength = |word: &str| {
        let digits = word.trim_start_matches(|c: char| c.is_ascii_digit());
        digits.len() < word.len() && matches!(digits, "" | "mg" | "g" | "mcg" | "ml" | "ui" | "cp" | "x")
    };
    let words = words(written).into_iter().filter(|word| !strength(word) && !AROUND.contains(&word.as_str()));
    words.collect()
}

/// Names that are spelt nearly so, or stand within what was written.
fn close(written: &str) -> Vec<&'static str> {
    let whole = bare(written);
    if whole.len() < 3 {
        return Vec::new();
    }
    let single: Vec<String> = words(written);
    let mut near: Vec<(usize, &Name)> = NAMES
        .iter()
        .filter_map(|name| {
            let allowed = if name.key.len() <= 5 { 1 } else { 2 };
            let far = distance(&whole, name.key, allowed);
            // A longer name that contains a known one may be a variant with another composition: a question.
            let inside = || name.key.len() >= 4 && single.iter().any(|word| word == name.key);
            far.or_else(|| inside().then_some(allowed + 1)).map(|far| (far, name))
        })
        .collect();
    near.sort_by_key(|(far, name)| (*far, name.key));
    let mut offered: Vec<&Name> = Vec::new();
    for (_, name) in near {
        // Two spellings of one substance are one question.
        if !offered.iter().any(|other| other.target == name.target) {
            offered.push(name);
        }
    }
    offered.iter().take(SUGGESTIONS).map(|name| name.written).collect()
}

/// The longest name that is compared; none in the table is longer.
const LONGEST: usize = 48;

/// The number of single changes (a letter more, less, other, or two swapped) between `a` and `b`, if at most `limit`.
fn distance(a: &str, b: &str, limit: usize) -> Option<usize> {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len().abs_diff(b.len()) > limit || a.len().max(b.len()) > LONGEST {
        return None;
    }
    // Each change takes away or brings at most one kind of letter: most names are far by that alone.
    let (has_a, has_b) = (letters(a), letters(b));
    if (has_a & !has_b).count_ones().max((has_b & !has_a).count_ones()) as usize > limit {
        return None;
    }
    let mut rows = [[0; LONGEST + 1]; 3];
    for (j, far) in rows[0].iter_mut().enumerate() {
        *far = j;
    }
    for i in 1..=a.len() {
        let (row, last, before) = (i % 3, (i + 2) % 3, (i + 1) % 3);
        rows[row][0] = i;
        let mut nearest = i;
        for j in 1..=b.len() {
            let change = rows[last][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut far = change.min(rows[last][j] + 1).min(rows[row][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                far = far.min(rows[before][j - 2] + 1);
            }
            rows[row][j] = far;
            nearest = nearest.min(far);
        }
        if nearest > limit {
            return None;
        }
    }
    Some(rows[a.len() % 3][b.len()]).filter(|far| *far <= limit)
}

/// The kinds of letters and digits in a key, a bit each.
fn letters(key: &[u8]) -> u64 {
    key.iter().fold(0, |seen, character| seen | 1 << (character & 63))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(written: &str) -> Vec<&'static str> {
        let found = resolve(written).unwrap_or_else(|unknown| panic!("{unknown:?}"));
        found.substances.iter().map(|id| substance(*id, Locale::Pt)).collect()
    }

    #[test]
    fn case_accents_hyphens_salts_and_strengths_do_not_count() {
        for written in ["varfarina", "VARFARINA", "Varfarina sódica 5 mg", "warfarin", "Marevan 5mg", "o marevan"] {
            assert_eq!(names(written), ["varfarina"], "{written}");
        }
        for written in ["di-hidroergotamina", "dihidroergotamina", "Di hidroergotamina"] {
            assert_eq!(names(written), ["di-hidroergotamina"], "{written}");
        }
        for written in ["erva de são joão", "Erva-de-São-João", "St. John's wort", "ERVA DE SA\u{303}O JOA\u{303}O"]
        {
            assert_eq!(names(written), ["erva-de-são-joão"], "{written}");
        }
        assert_eq!(names("cloridrato de sertralina 50mg comprimido"), ["sertralina"]);
        assert_eq!(names("Puran T4 50 mcg"), ["levotiroxina"]);
    }

    #[test]
    fn a_brand_stands_for_all_it_contains_and_the_longest_name_wins() {
        assert_eq!(names("Dorflex"), ["dipirona", "orfenadrina", "cafeína"]);
        assert_eq!(names("Buscopan"), ["escopolamina"]);
        assert_eq!(names("buscopan composto"), ["escopolamina", "dipirona"]);
        assert_eq!(names("sulfametoxazol + trimetoprima"), ["sulfametoxazol", "trimetoprima"]);
        assert_eq!(names("sacubitril/valsartana 49mg/51mg"), ["sacubitril", "valsartana"]);
    }

    #[test]
    fn a_close_name_is_offered_and_never_taken() {
        assert_eq!(resolve("varfarinna").unwrap_err().close, ["varfarina"]);
        assert_eq!(resolve("ibuprofneo").unwrap_err().close, ["ibuprofeno"]);
        assert!(resolve("Lexaprol").unwrap_err().close.contains(&"Lexapro"));
        // Another composition may hide behind a longer name.
        assert!(resolve("Benegrip Multi").unwrap_err().close.contains(&"Benegrip"));
        assert_eq!(resolve("xyzabc").unwrap_err().close, Vec::<&str>::new());
        assert_eq!(resolve("").unwrap_err().close, Vec::<&str>::new());
    }

    #[test]
    fn a_class_stands_for_any_of_its_members() {
        let class = resolve("anti-inflamatório").unwrap();
        assert!(class.class.is_some() && class.substances.len() > 20);
    }

    #[test]
    fn a_swap_a_slip_and_a_letter_more_or_less_count_as_one_change() {
        for (a, b, far) in [
            ("varfarina", "varfarina", Some(0)),
            ("varfarina", "varfairna", Some(1)),
            ("varfarina", "varfarinna", Some(1)),
            ("varfarina", "warfarin", Some(2)),
            ("varfarina", "verapamil", None),
        ] {
            assert_eq!((distance(a, b, 2), distance(b, a, 2)), (far, far), "{a} {b}");
        }
        assert!(NAMES.iter().all(|name| name.key.len() <= LONGEST));
    }

    #[test]
    fn a_product_on_the_shelf_is_known_wherever_its_name_says_so() {
        let within =
            |name| -> Vec<&str> { substances_within(name).into_iter().map(|id| substance(id, Locale::En)).collect() };
        assert_eq!(within("EMS Clonazepam 2 mg 30 cp"), ["clonazepam"]);
        assert_eq!(within("Losartana potássica + Hidroclorotiazida 50+12,5"), ["losartan", "hydrochlorothiazide"]);
        assert_eq!(within("Ácido valproico 250"), ["valproic acid"]);
        assert_eq!(within("Shampoo Anticaspa"), Vec::<&str>::new());
        assert!(NAMES.iter().all(|name| words(name.written).len() <= MOST_WORDS));
    }

    #[test]
    fn the_table_of_names_is_sorted() {
        assert!(NAMES.is_sorted_by(|a, b| a.key < b.key));
        assert!(NAMES.len() > 600, "{}", NAMES.len());
    }
}
