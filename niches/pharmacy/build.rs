//! Turns the tables under `data/` into sorted constants, so that a call parses nothing, and refuses tables that
//! contradict themselves: unknown names, doubled names, missing phrases.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

#[path = "src/spelling.rs"]
mod spelling;

use spelling::key;

fn main() {
    println!("cargo::rerun-if-changed=data");
    println!("cargo::rerun-if-changed=src/spelling.rs");
    let mut out = String::new();

    let substances = table("substances.md");
    let mut names = Names::default();
    let mut ids = HashMap::new();
    writeln!(out, "pub(crate) static SUBSTANCES: &[Text] = &[").unwrap();
    for (id, row) in substances.iter().enumerate() {
        assert!(ids.insert(row[0].clone(), id).is_none(), "substances.md: {} stands twice", row[0]);
        writeln!(out, "    {},", text(&row[0], &row[1])).unwrap();
        let target = format!("Target::Substance(&[{id}])");
        for name in [&row[0], &row[1]].into_iter().map(String::as_str).chain(list(&row[2])) {
            names.add(name, &target, "substances.md");
        }
    }
    writeln!(out, "];").unwrap();
    let id = |name: &str, file: &str| *ids.get(name).unwrap_or_else(|| panic!("{file}: no substance `{name}`"));

    let classes: BTreeMap<String, Vec<String>> =
        table("classes.md").into_iter().map(|row| (row[0].clone(), row)).collect();
    writeln!(out, "pub(crate) static CLASSES: &[Class] = &[").unwrap();
    for (number, row) in classes.values().enumerate() {
        let members = members(&format!("@{}", row[0]), &classes, &id, 0);
        writeln!(out, "    Class {{ label: {}, members: &{members:?} }},", text(&row[1], &row[2])).unwrap();
        for name in list(&row[3]) {
            names.add(name, &format!("Target::Class({number})"), "classes.md");
        }
    }
    writeln!(out, "];").unwrap();

    for row in table("brands.md") {
        let inside: Vec<usize> = row[1].split('+').map(|name| id(name.trim(), "brands.md")).collect();
        let note = optional_text(&row[2], &row[3]);
        names.add(&row[0], &format!("Target::Brand {{ substances: &{inside:?}, note: {note} }}"), "brands.md");
    }

    let phrases: HashMap<String, String> =
        table("phrases.md").into_iter().map(|row| (row[0].clone(), text(&row[1], &row[2]))).collect();
    let words = table("sources.md");
    let mut said = BTreeSet::new();
    writeln!(out, "pub(crate) static RULES: &[Rule] = &[").unwrap();
    for row in table("interactions.md") {
        let mut phrase = |name: &str| {
            said.insert(name.to_owned());
            phrases.get(name).unwrap_or_else(|| panic!("interactions.md {}: no phrase `{name}`", row[0])).clone()
        };
        let level = match row[3].as_str() {
            "contraindicated" => "Contraindicated",
            "major" => "Major",
            "moderate" => "Moderate",
            other => panic!("interactions.md {}: no level `{other}`", row[0]),
        };
        let when = if row[4].is_empty() { "None".to_owned() } else { format!("Some({})", phrase(&row[4])) };
        writeln!(
            out,
            "    Rule {{ id: {:?}, a: &{:?}, b: &{:?}, level: Level::{level}, when: {when}, effect: {}, management: {}, source: {} }},",
            row[0],
            members(&row[1], &classes, &id, 0),
            members(&row[2], &classes, &id, 0),
            phrase(&row[5]),
            phrase(&row[6]),
            text(&source_pt(&row[7], &words), &row[7]),
        )
        .unwrap();
    }
    writeln!(out, "];").unwrap();
    for phrase in phrases.keys() {
        assert!(said.contains(phrase), "phrases.md: nothing says `{phrase}`");
    }

    let mut controlled = BTreeMap::new();
    for row in table("controlled.md") {
        let list: String = row[1].split('-').map(capitalised).collect();
        let entry = format!("({}, List::{list}, {})", id(&row[0], "controlled.md"), optional_text(&row[2], &row[3]));
        let twice = controlled.insert(id(&row[0], "controlled.md"), entry);
        assert!(twice.is_none(), "controlled.md: {} stands twice", row[0]);
    }
    let mut addenda = BTreeMap::new();
    for row in table("addenda.md") {
        let substance = id(&row[0], "addenda.md");
        assert!(controlled.contains_key(&substance), "addenda.md: {} is not in controlled.md", row[0]);
        let (document, colour, kept) = (text(&row[1], &row[2]), text(&row[3], &row[4]), text(&row[5], &row[6]));
        let entry = format!("({substance}, Addendum {{ document: {document}, colour: {colour}, kept: {kept} }})");
        assert!(addenda.insert(substance, entry).is_none(), "addenda.md: {} stands twice", row[0]);
    }
    let entries: Vec<String> = controlled.into_values().collect();
    writeln!(out, "pub(crate) static CONTROLLED: &[(u16, List, Option<Text>)] = &[{}];", entries.join(", ")).unwrap();
    let entries: Vec<String> = addenda.into_values().collect();
    writeln!(out, "pub(crate) static ADDENDA: &[(u16, Addendum)] = &[{}];", entries.join(", ")).unwrap();

    writeln!(out, "pub(crate) static NAMES: &[Name] = &[").unwrap();
    for (key, (written, target)) in names.0 {
        writeln!(out, "    Name {{ key: {key:?}, written: {written:?}, target: {target} }},").unwrap();
    }
    writeln!(out, "];").unwrap();

    let path = Path::new(&env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("tables.rs");
    fs::write(path, out).expect("OUT_DIR can be written");
}

/// Names by key, each with one meaning.
#[derive(Default)]
struct Names(BTreeMap<String, (String, String)>);

impl Names {
    fn add(&mut self, written: &str, target: &str, file: &str) {
        let before = self.0.insert(key(written), (written.to_owned(), target.to_owned()));
        if let Some((other, meaning)) = before {
            assert!(meaning == target, "{file}: `{written}` has two meanings (also as `{other}`)");
        }
    }
}

/// The rows of all tables in `data/FILE`, without their heads.
fn table(file: &str) -> Vec<Vec<String>> {
    let source = fs::read_to_string(Path::new("data").join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    let mut rows: Vec<Vec<String>> = Vec::new();
    for line in source.lines().filter(|line| line.starts_with('|')) {
        if line.starts_with("|---") {
            // The row before was the head.
            rows.pop();
            continue;
        }
        let inside = line.trim().trim_start_matches('|').strip_suffix('|').unwrap_or_else(|| panic!("{file}: {line}"));
        rows.push(inside.split('|').map(|cell| cell.trim().to_owned()).collect());
    }
    let columns = rows[0].len();
    for row in &rows {
        assert_eq!(row.len(), columns, "{file}: {row:?}");
    }
    rows
}

/// The sorted numbers of a group: names and `@class`es, separated by commas.
fn members(
    group: &str,
    classes: &BTreeMap<String, Vec<String>>,
    id: &dyn Fn(&str, &str) -> usize,
    depth: usize,
) -> Vec<usize> {
    assert!(depth < 8, "classes.md: `{group}` contains itself");
    let mut all = BTreeSet::new();
    for name in list(group) {
        match name.strip_prefix('@') {
            Some(class) => {
                let row = classes.get(class).unwrap_or_else(|| panic!("no class `{class}`"));
                all.extend(members(&row[4], classes, id, depth + 1));
            }
            None => {
                all.insert(id(name, "a group"));
            }
        }
    }
    assert!(!all.is_empty(), "`{group}` is empty");
    all.into_iter().collect()
}

fn list(cell: &str) -> impl Iterator<Item = &str> {
    cell.split(',').map(str::trim).filter(|name| !name.is_empty())
}

/// A source in Portuguese: names stay, the words around them follow `sources.md`, in its order.
fn source_pt(source: &str, words: &[Vec<String>]) -> String {
    words.iter().fold(source.to_owned(), |said, row| said.replace(&row[0], &row[1]))
}

fn text(pt: &str, en: &str) -> String {
    format!("text({pt:?}, {en:?})")
}

fn optional_text(pt: &str, en: &str) -> String {
    if pt.is_empty() { "None".to_owned() } else { format!("Some({})", text(pt, en)) }
}

fn capitalised(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_uppercase() + rest
}
