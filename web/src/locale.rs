//! The two languages, and the sentences of `locales/` in them.

use std::sync::OnceLock;

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use serde::{Deserialize, Serialize};
use unic_langid::LanguageIdentifier;

/// A language of the web.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Locale {
    /// Portuguese as written in Brazil: the default.
    Pt,
    /// English.
    En,
}

/// What a sentence can have in its gaps.
pub(crate) type Gap<'a> = (&'static str, FluentValue<'a>);

macro_rules! files {
    ($pt:ident, $en:ident: $($name:literal),*) => {
        const $pt: &[(&str, &str)] = &[$(($name, include_str!(concat!("../locales/pt/", $name, ".ftl")))),*];
        const $en: &[(&str, &str)] = &[$(($name, include_str!(concat!("../locales/en/", $name, ".ftl")))),*];
    };
}

files!(PT, EN: "account", "agent", "checkout", "design", "landing", "niche", "onboarding", "problems", "shell");

// What only the server says is not sent to browsers.
#[cfg(not(target_arch = "wasm32"))]
files!(SERVED_PT, SERVED_EN: "admin", "registry", "release", "roll-out");
#[cfg(target_arch = "wasm32")]
files!(SERVED_PT, SERVED_EN:);

impl Locale {
    /// The language that an address begins with.
    pub fn parse(code: &str) -> Option<Self> {
        match code {
            "pt" => Some(Self::Pt),
            "en" => Some(Self::En),
            _ => None,
        }
    }

    /// `pt` or `en`, as in addresses.
    pub fn code(self) -> &'static str {
        match self {
            Self::Pt => "pt",
            Self::En => "en",
        }
    }

    /// As in HTML's `lang`.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::Pt => "pt-BR",
            Self::En => "en",
        }
    }

    /// The other one.
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Pt => Self::En,
            Self::En => Self::Pt,
        }
    }

    /// The address of a page in this language. `path` begins with `/`, or is empty for the first page.
    pub(crate) fn path(self, path: &str) -> String {
        format!("/{}{path}", self.code())
    }

    /// A sentence.
    pub(crate) fn t(self, key: &str) -> String {
        self.find(key, &[]).unwrap_or_else(|| key.to_owned())
    }

    /// A sentence with its gaps filled.
    pub(crate) fn with(self, key: &str, gaps: &[Gap<'_>]) -> String {
        self.find(key, gaps).unwrap_or_else(|| key.to_owned())
    }

    /// A sentence whose key comes from data, such as an error's code.
    pub(crate) fn find(self, key: &str, gaps: &[Gap<'_>]) -> Option<String> {
        let bundle = self.bundle();
        let pattern = bundle.get_message(key)?.value()?;
        let mut args = FluentArgs::with_capacity(gaps.len());
        for (name, value) in gaps {
            args.set(*name, value.clone());
        }
        Some(bundle.format_pattern(pattern, Some(&args), &mut Vec::new()).into_owned())
    }

    fn bundle(self) -> &'static FluentBundle<FluentResource> {
        static PORTUGUESE: OnceLock<FluentBundle<FluentResource>> = OnceLock::new();
        static ENGLISH: OnceLock<FluentBundle<FluentResource>> = OnceLock::new();
        match self {
            Self::Pt => PORTUGUESE.get_or_init(|| bundle("pt-BR", &[PT, SERVED_PT])),
            Self::En => ENGLISH.get_or_init(|| bundle("en-US", &[EN, SERVED_EN])),
        }
    }
}

fn bundle(language: &str, files: &[&[(&str, &str)]]) -> FluentBundle<FluentResource> {
    let language: LanguageIdentifier = language.parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![language]);
    // Isolation marks would be read aloud and copied; both languages run left to right.
    bundle.set_use_isolating(false);
    for (_, text) in files.iter().copied().flatten() {
        // A test refuses files that do not parse; what did parse of one is used all the same.
        let resource = FluentResource::try_new((*text).to_owned()).unwrap_or_else(|(resource, _)| resource);
        bundle.add_resource_overriding(resource);
    }
    bundle
}

#[cfg(test)]
mod tests {
    use std::{
        collections::{BTreeMap, BTreeSet},
        path::Path,
    };

    use super::*;

    /// Keys made from data: the web cannot name them, the API can.
    const OPEN: &[&str] = &[
        "problem-",
        "step-",
        "agent-reason-",
        "job-",
        "tier-",
        "thinking-",
        "subscription-",
        "audit-",
        "done-",
        "worse-",
    ];

    /// Each message's key with the names of its gaps.
    fn messages(files: &[&[(&str, &str)]]) -> BTreeMap<String, BTreeSet<String>> {
        let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (name, text) in files.iter().copied().flatten() {
            if let Err((_, errors)) = FluentResource::try_new((*text).to_owned()) {
                panic!("{name}.ftl does not parse: {errors:?}");
            }
            let mut key = String::new();
            for line in text.lines().filter(|line| !line.starts_with('#')) {
                if let Some((start, _)) =
                    line.split_once(" =").filter(|_| line.starts_with(|c: char| c.is_ascii_lowercase()))
                {
                    key = start.to_owned();
                    assert!(all.insert(key.clone(), BTreeSet::new()).is_none(), "{key} stands twice");
                }
                let gaps = line.split('$').skip(1).map(|rest| {
                    rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect::<String>()
                });
                // `US$` is money, no gap.
                all.entry(key.clone()).or_default().extend(gaps.filter(|gap| !gap.is_empty()));
            }
        }
        all.remove("");
        all
    }

    fn sources(folder: &Path, all: &mut String) {
        for entry in std::fs::read_dir(folder).expect("the sources are there").flatten() {
            if entry.path().is_dir() {
                sources(&entry.path(), all);
            } else {
                all.push_str(&std::fs::read_to_string(entry.path()).expect("sources are text"));
            }
        }
    }

    #[test]
    fn both_languages_have_the_same_sentences_with_the_same_gaps() {
        assert_eq!(messages(&[PT, SERVED_PT]), messages(&[EN, SERVED_EN]));
    }

    #[test]
    fn every_sentence_is_used_and_every_used_sentence_exists() {
        let mut source = String::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut source);
        let known = messages(&[PT, SERVED_PT]);

        let unused: Vec<_> = known
            .keys()
            .filter(|key| !source.contains(&format!("\"{key}\"")))
            .filter(|key| !OPEN.iter().any(|prefix| key.starts_with(prefix)))
            .collect();
        assert!(unused.is_empty(), "never used: {unused:?}");

        let mut missing = BTreeSet::new();
        for call in [".t(\"", ".with(\"", ".with(\n            \"", ".with(\n                \""] {
            for rest in source.split(call).skip(1) {
                let key = rest.split('"').next().unwrap_or_default();
                if !known.contains_key(key) && !key.is_empty() {
                    missing.insert(key.to_owned());
                }
            }
        }
        assert!(missing.is_empty(), "used and not in locales/: {missing:?}");
    }

    #[test]
    fn gaps_are_filled_and_plurals_chosen() {
        let many = Locale::Pt.with("admin-agents-count", &[("count", 2.into())]);
        let one = Locale::Pt.with("admin-agents-count", &[("count", 1.into())]);
        assert_eq!((many.as_str(), one.as_str()), ("2 agentes", "1 agente"));
    }
}
