//! What matching a pattern can cost. The engine takes linear time in the text, and the factor is the pattern's automaton:
//! at worst each byte of the text visits all of it.

use jsonschema_regex::to_rust_regex;
use regex_automata::nfa::thompson::NFA;

use super::cut;

/// Largest automaton of a pattern, in bytes.
pub(super) const LARGEST: usize = 512 << 10;

/// Most bytes that matching takes in one thread: the engine notes for each state where each group began and ended.
const MATCHING: usize = 256 << 10;

/// The bytes of the automaton of `pattern`, or what is wrong with it in words.
pub(super) fn automaton(pattern: &str) -> Result<usize, String> {
    let wrong = |why: &str| format!("the pattern {:?} is no regex that this host matches: {why}", cut(pattern.into()));
    let translated = to_rust_regex(pattern).map_err(|()| wrong("it is not of ECMA 262"))?;
    let config = NFA::config().nfa_size_limit(Some(LARGEST));
    let automaton = NFA::compiler().configure(config).build(&translated).map_err(|error| {
        wrong(&match error.size_limit() {
            Some(limit) => format!("it takes more than {limit} bytes"),
            None => "it needs more than matching in linear time can do, or is none".into(),
        })
    })?;
    let noted = automaton.states().len().saturating_mul(automaton.group_info().slot_len()).saturating_mul(16);
    if noted > MATCHING {
        return Err(wrong("it has too many groups for its length; write `(?:…)` where nothing is captured"));
    }
    Ok(automaton.memory_usage())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_cost_what_they_unfold_to() {
        let [few, many] = ["^[a-z]{2,8}$", "^[a-z]{2,800}$"].map(|pattern| automaton(pattern).unwrap());
        assert!(few < 2_000 && many > 35 * few, "{few} and {many} bytes");
        assert!(automaton("[01]*1[01]{90000}").unwrap_err().contains("takes more than 524288 bytes"));
        assert!(automaton(&format!("\\b{}[xy]", "()".repeat(5_000))).unwrap_err().contains("too many groups"));
        automaton("^(\\d{3})\\.(\\d{3})\\.(\\d{3})-(\\d{2})$").unwrap();
        assert!(automaton("^(?!a)b$").unwrap_err().contains("more than matching in linear time"));
    }
}
