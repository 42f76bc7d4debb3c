//! How a name is compared: case, accents, hyphens and blanks do not count. Shared with `build.rs`.

/// The words of `written` in small plain letters and digits. Hyphens and apostrophes join, the rest separates.
pub(crate) fn words(written: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for character in written.chars().flat_map(char::to_lowercase) {
        let plain = match character {
            'á' | 'à' | 'â' | 'ã' | 'ä' => 'a',
            'é' | 'è' | 'ê' | 'ë' => 'e',
            'í' | 'ì' | 'î' | 'ï' => 'i',
            'ó' | 'ò' | 'ô' | 'õ' | 'ö' => 'o',
            'ú' | 'ù' | 'û' | 'ü' => 'u',
            'ç' => 'c',
            'ñ' => 'n',
            // Accents that come as characters of their own.
            '\u{300}'..='\u{36f}' => continue,
            '-' | '\u{2010}'..='\u{2013}' | '\'' | '’' => continue,
            other => other,
        };
        if plain.is_ascii_alphanumeric() {
            words.last_mut().expect("never empty").push(plain);
        } else if !words.last().expect("never empty").is_empty() {
            words.push(String::new());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// What two spellings of one name have in common.
pub(crate) fn key(written: &str) -> String {
    words(written).concat()
}
