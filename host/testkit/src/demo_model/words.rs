//! Words as the demo model compares them: without accents and endings, and without those that carry no subject.

/// The language a person writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Pt,
    En,
}

/// A word of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// As written.
    pub(super) text: String,
    /// Lower case without accents.
    pub(super) folded: String,
    /// Whether a comma, colon or bracket stood before it.
    pub(super) after_break: bool,
}

impl Word {
    /// Whether it can be what a question is about.
    pub(super) fn is_content(&self) -> bool {
        self.folded.chars().count() > 1 && !self.is_number() && !holds(STOP, &self.folded)
    }

    /// A number, perhaps with its unit or date signs.
    pub(super) fn is_number(&self) -> bool {
        self.folded.starts_with(|c: char| c.is_ascii_digit()) || UNITS.contains(&self.folded.as_str())
    }
}

const UNITS: &[&str] = &["mg", "mcg", "ml", "kg", "g", "l", "cm", "mm", "m2"];

/// Portuguese and English words that every trade uses.
const STOP: &str = "\
    a ao aos as com como da das de do dos e em entre essa esse esta este eu ha isso isto ja la mais mas me mesmo \
    meu minha muito na nao nas no nos o os ou para pela pelo por pra qual quais quando quanta quantas quanto \
    quantos que quem se sem ser seu sim so sobre sua tambem tem temos tenho ter tinha tudo um uma voce voces ola \
    oi bom boa dia tarde noite favor obrigado obrigada posso pode podem podemos poderia preciso precisa quero \
    quer queria gostaria exige exigem precisam requires needs saber ver veja vejo diga mostre fazer faz usar usa usando tomar toma tomando tome dar \
    dou junto juntos juntas misturar comprar compra cliente paciente pessoa ajuda ajudar existe existem alguma \
    algum agora hoje ainda aqui caixa caixas unidade unidades quantidade ok seguro problema risco perigoso \
    combinar combina the an and any are at be between by can could did does for from give had has have hello hi \
    how i if in is it know many may mix much my need of on or our please safe she he should show some tell \
    thanks that their them there they this to together use using take taking want was we what when where which \
    who will with would you your left box boxes unit units help now today let am not customer patient person ask \
    combine";

/// Words by which Portuguese is told from English.
const PT: &str = "\
    a o os as de do da que com em na no para tem um uma qual posso ola oi voce e quanto quantas quantos por \
    favor nao preciso meu minha";
const EN: &str = "\
    the of and with is are in on for to what which can you hello hi how do does have i my please need any much \
    many we";

/// Words that ask whether there is something; they carry a subject only for tools that answer that.
const HAVE: &str = "tem temos ha existe have has got there";
/// Words that ask how much there is.
const COUNT: &str = "quanto quanta quantos quantas many much";
/// Words between a verb and its thing.
const ARTICLES: &str = "a o as os um uma algum alguma de do da any the some an mais of is are";

fn holds(list: &str, folded: &str) -> bool {
    list.split(' ').any(|word| word == folded)
}

/// Whether `words` ask if there is something, or how much of it.
pub(super) fn ask_for_presence(words: &[Word]) -> bool {
    words.iter().enumerate().any(|(index, word)| {
        // "Is there …" stands at the beginning; "há problema em …" asks for something else.
        let thing = || words[index + 1..].iter().find(|next| !holds(ARTICLES, &next.folded));
        holds(COUNT, &word.folded)
            || index < 4 && holds(HAVE, &word.folded) && thing().is_some_and(|thing| thing.is_content())
    })
}

/// Whether a description speaks of presence or amounts.
pub(super) fn speaks_of_presence(text: &str) -> bool {
    words(text).iter().any(|word| holds(HAVE, &word.folded) || holds(COUNT, &word.folded))
}

/// Lower case, without accents.
pub(super) fn fold(text: &str) -> String {
    text.chars()
        .flat_map(char::to_lowercase)
        .map(|c| match c {
            'á' | 'à' | 'â' | 'ã' | 'ä' => 'a',
            'é' | 'è' | 'ê' | 'ë' => 'e',
            'í' | 'ì' | 'î' | 'ï' => 'i',
            'ó' | 'ò' | 'ô' | 'õ' | 'ö' => 'o',
            'ú' | 'ù' | 'û' | 'ü' => 'u',
            'ç' => 'c',
            'ñ' => 'n',
            c => c,
        })
        .collect()
}

/// The words of `text`; a `+` is a word of its own, and hyphens, slashes and points inside words stay.
pub(super) fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut after_break = false;
    for piece in text.split(|c: char| c.is_whitespace() || c == '_') {
        for (index, side) in piece.split('+').enumerate() {
            if index > 0 {
                words.push(Word { text: "+".into(), folded: "+".into(), after_break: false });
            }
            let core = side.trim_matches(|c: char| !c.is_alphanumeric());
            if core.is_empty() {
                after_break |= !side.is_empty();
                continue;
            }
            let start = side.find(core).unwrap_or(0);
            words.push(Word { text: core.into(), folded: fold(core), after_break: after_break || start > 0 });
            after_break = start + core.len() < side.len();
        }
    }
    words
}

/// The part of a word that its forms share, roughly.
pub(super) fn stem(folded: &str) -> &str {
    let singular = folded.strip_suffix('s').filter(|rest| rest.len() > 2).unwrap_or(folded);
    let without = ["ing", "r", "m"].iter().find_map(|ending| singular.strip_suffix(ending)).unwrap_or(singular);
    let root = without.trim_end_matches(['a', 'e', 'i', 'o', 'u']);
    if root.len() >= 3 { root } else { singular }
}

/// Whether two folded words are forms of one.
pub(super) fn akin(one: &str, other: &str) -> bool {
    /// Shared beginnings shorter than this say nothing.
    const SHARED: usize = 6;
    one == other
        || stem(one) == stem(other)
        || one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count() >= SHARED
}

/// The language of `asked`, else that of the first message.
pub(super) fn language(asked: &str, first: Option<&str>) -> Language {
    let lean = |text: &str| {
        let words = words(text);
        let count = |list: &str| words.iter().filter(|word| holds(list, &word.folded)).count();
        let accented = words.iter().filter(|word| word.folded != word.text.to_lowercase()).count();
        (count(PT) + accented).cmp(&count(EN))
    };
    let leaning = lean(asked).then_with(|| first.map_or(std::cmp::Ordering::Equal, lean));
    if leaning.is_lt() { Language::En } else { Language::Pt }
}
