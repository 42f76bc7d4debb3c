//! The two languages of the platform, and texts that exist in both.

/// A language a niche speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Locale {
    /// Portuguese of Brazil: the platform's first language.
    Pt,
    /// English.
    En,
}

impl Locale {
    /// The nearest to a BCP 47 tag: Portuguese for itself, its neighbours and an empty tag, else English.
    pub fn of(tag: &str) -> Self {
        let language = tag.split(['-', '_']).next().unwrap_or_default();
        if ["", "pt", "es", "gl"].iter().any(|near| language.eq_ignore_ascii_case(near)) { Self::Pt } else { Self::En }
    }

    /// Its tag.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Pt => "pt",
            Self::En => "en",
        }
    }
}

/// The same words in both languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text {
    /// In Portuguese.
    pub pt: &'static str,
    /// In English.
    pub en: &'static str,
}

impl Text {
    /// The words in `locale`.
    pub const fn in_(&self, locale: Locale) -> &'static str {
        match locale {
            Locale::Pt => self.pt,
            Locale::En => self.en,
        }
    }
}

/// The same words in Portuguese and English.
pub const fn text(pt: &'static str, en: &'static str) -> Text {
    Text { pt, en }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_language_answers() {
        for tag in ["pt", "pt-BR", "PT_br", "es-AR", ""] {
            assert_eq!(Locale::of(tag), Locale::Pt, "{tag}");
        }
        for tag in ["en", "en-GB", "de", "fr-FR"] {
            assert_eq!(Locale::of(tag), Locale::En, "{tag}");
        }
    }
}
