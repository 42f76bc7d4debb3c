//! The CPF, Brazil's number for people.

/// A CPF whose check digits are right. That says nothing about a person's existing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Cpf([u8; 11]);

impl Cpf {
    /// Reads one with or without `.`, `-` and blanks; none when length, characters or check digits are wrong,
    /// or all digits are equal.
    pub fn parse(written: &str) -> Option<Self> {
        let digits: Vec<u8> = written
            .chars()
            .filter(|c| !matches!(c, '.' | '-') && !c.is_whitespace())
            .map(|c| c.to_digit(10).map(|digit| digit as u8))
            .collect::<Option<_>>()?;
        let digits: [u8; 11] = digits.try_into().ok()?;
        let fits = |length: usize| {
            let sum: u32 = digits[..length].iter().rev().zip(2_u32..).map(|(d, weight)| u32::from(*d) * weight).sum();
            let digit = match sum % 11 {
                0 | 1 => 0,
                remainder => 11 - remainder,
            };
            u32::from(digits[length]) == digit
        };
        (digits.iter().any(|d| *d != digits[0]) && fits(9) && fits(10)).then_some(Self(digits))
    }

    /// The digits as printed on documents, `529.982.247-25`. Personal data: not for logs.
    pub fn formatted(&self) -> String {
        let part = |from: usize, to: usize| self.0[from..to].iter().map(|d| char::from(b'0' + d)).collect::<String>();
        format!("{}.{}.{}-{}", part(0, 3), part(3, 6), part(6, 9), part(9, 11))
    }
}

impl std::fmt::Debug for Cpf {
    /// Hides the number: it is personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cpf(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn right_numbers_pass_and_wrong_ones_do_not() {
        assert_eq!(Cpf::parse("52998224725").map(|cpf| cpf.formatted()).as_deref(), Some("529.982.247-25"));
        for wrong in ["529.982.247-26", "111.111.111-11", "5299822472", "529.982.247-2A", ""] {
            assert_eq!(Cpf::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_number_is_not_printed_by_accident() {
        let shown = format!("{:?}", Cpf::parse("529.982.247-25"));
        assert!(!shown.contains('5'), "{shown}");
    }
}
