//! Which products on the shelf a person means.

use std::collections::BTreeSet;

use crate::resolve::{resolve, substances_within};
use crate::spelling::words;
use crate::stock::Product;

/// Words that ask and name nothing.
const ASKING: &[&str] = &[
    "a",
    "ainda",
    "any",
    "as",
    "available",
    "da",
    "de",
    "disponivel",
    "do",
    "does",
    "em",
    "estoque",
    "estoques",
    "existe",
    "few",
    "ha",
    "have",
    "how",
    "in",
    "is",
    "left",
    "loja",
    "many",
    "me",
    "much",
    "na",
    "nas",
    "no",
    "nos",
    "o",
    "of",
    "os",
    "para",
    "por",
    "prateleira",
    "product",
    "products",
    "produto",
    "produtos",
    "qual",
    "quais",
    "quanta",
    "quantas",
    "quanto",
    "quantos",
    "que",
    "remedio",
    "resta",
    "restam",
    "saldo",
    "shelf",
    "stock",
    "tem",
    "temos",
    "the",
    "there",
    "tudo",
    "um",
    "uma",
    "und",
    "unidade",
    "unidades",
    "units",
    "we",
    "what",
    "which",
    "you",
];

/// What a question about stock looks for.
pub(crate) struct Search {
    words: Vec<String>,
    substances: BTreeSet<u16>,
}

impl Search {
    /// From a question in a person's words.
    pub(crate) fn new(query: &str) -> Self {
        let named: Vec<String> = words(query).into_iter().filter(|word| !ASKING.contains(&word.as_str())).collect();
        // A plural asks for the same thing.
        let substances = resolve(&named.join(" ")).map(|medicine| medicine.substances.into_iter().collect());
        Self { words: named, substances: substances.unwrap_or_default() }
    }

    /// Whether everything is looked for.
    pub(crate) fn is_everything(&self) -> bool {
        self.words.is_empty()
    }

    /// What is looked for, without the words that only ask.
    pub(crate) fn named(&self) -> String {
        self.words.join(" ")
    }

    /// How well a product fits, the best first: 0 by all words of its name, 1 by what is in it, 2 by a word.
    pub(crate) fn rank(&self, product: &Product) -> Option<u8> {
        let name = words(&product.name);
        let joined = name.concat();
        let has =
            |word: &String| name.iter().any(|own| own.starts_with(word.as_str())) || joined.contains(word.as_str());
        if self.words.iter().all(has) {
            return Some(0);
        }
        if !self.substances.is_empty() && substances_within(&product.name).iter().any(|id| self.substances.contains(id))
        {
            return Some(1);
        }
        self.words.iter().any(|word| word.len() >= 4 && has(word)).then_some(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_finds_by_name_and_by_what_is_inside() {
        let dorflex = Product::new("Dorflex 36 comprimidos");
        let generic = Product::new("Dipirona 500 mg EMS");
        let other = Product::new("Omeprazol 20 mg");
        for (query, ranks) in [
            ("Tem Dorflex no estoque?", [Some(0), Some(1), None]),
            ("quantas unidades de dipirona", [Some(1), Some(0), None]),
            ("omeprazol 20", [None, None, Some(0)]),
            ("o que tem no estoque", [Some(0), Some(0), Some(0)]),
            ("xyz", [None, None, None]),
        ] {
            let search = Search::new(query);
            assert_eq!([&dorflex, &generic, &other].map(|product| search.rank(product)), ranks, "{query}");
        }
    }
}
