//! How much of a value there is to check.

use serde_json::Value;

use super::unfolding::Cost;

/// Steps that a division by a fraction takes: at worst with numbers of a thousand bits.
const DIVISION: usize = 5_000;

/// What a value comes to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Weight {
    /// Values, and long texts by their length.
    values: usize,
    /// Bytes of texts and of keys.
    text: usize,
    /// Numbers.
    numbers: usize,
    /// Of all lists together, the items times what is in the list: what comparing each with each can come to.
    pairs: usize,
}

impl Weight {
    /// The steps that a schema of this cost takes with the value.
    pub(super) fn steps(self, cost: Cost) -> usize {
        let nodes = cost.nodes.saturating_mul(self.values);
        // In a step, four states of a pattern are visited, of some 24 bytes each, or a few values are compared.
        let patterns = cost.automata.saturating_mul(self.text) / 96;
        let unique = cost.unique.saturating_mul(self.pairs) / 4;
        let divided = cost.divided.saturating_mul(self.numbers).saturating_mul(DIVISION);
        nodes.saturating_add(patterns).saturating_add(unique).saturating_add(divided)
    }
}

/// Weighs `value`.
pub(super) fn measure(value: &Value) -> Weight {
    let mut weight = Weight { values: 1, ..Weight::default() };
    match value {
        Value::Array(items) => {
            for item in items {
                weight.add(measure(item));
            }
            weight.pairs = weight.pairs.saturating_add(items.len().saturating_mul(weight.values));
        }
        Value::Object(members) => {
            for (key, value) in members {
                weight.add(text(key));
                weight.add(measure(value));
            }
        }
        Value::String(said) => weight = text(said),
        Value::Number(_) => weight.numbers = 1,
        _ => {}
    }
    weight
}

fn text(text: &str) -> Weight {
    Weight { values: 1 + text.len() / 64, text: text.len(), ..Weight::default() }
}

impl Weight {
    fn add(&mut self, other: Self) {
        self.values += other.values;
        self.text += other.text;
        self.numbers += other.numbers;
        self.pairs = self.pairs.saturating_add(other.pairs);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_weighs_what_is_in_it() {
        let weight = measure(&json!({ "ab": ["x".repeat(64), 1, [null, true]] }));
        assert_eq!(weight, Weight { values: 9, text: 66, numbers: 1, pairs: 3 * 7 + 2 * 3 });
        let cost = Cost { nodes: 10, automata: 96, unique: 4, divided: 2 };
        assert_eq!(weight.steps(cost), 90 + 66 + 27 + 10_000);
    }
}
