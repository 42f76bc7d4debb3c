//! The CNPJ, Brazil's company number, numeric and alphanumeric.
//!
//! Source: IN RFB 2.119/2022 as changed by IN RFB 2.229/2024 (letters since July 2026). The value of a
//! character is its ASCII code less 48; weights run from 2 to 9 from right to left and start again; the digit
//! is 11 less the remainder by 11, or 0 for remainders 0 and 1.

/// A CNPJ whose check digits are right. That says nothing about a company's existing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cnpj([u8; 14]);

/// Why a text is no CNPJ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CnpjError {
    /// Without punctuation it has this many characters instead of 14.
    #[error("a CNPJ has 14 characters, not {0}")]
    Length(usize),
    /// A character that no CNPJ has, or a letter among the two check digits.
    #[error("a CNPJ has letters and digits, and ends in two digits")]
    Character,
    /// Fourteen equal digits: some pass the arithmetic, none is issued.
    #[error("no CNPJ has 14 equal digits")]
    Repeated,
    /// The check digits do not fit the rest.
    #[error("the check digits do not fit: a character is mistyped")]
    CheckDigits,
}

impl Cnpj {
    /// Reads one as people write it: with or without `.`, `/`, `-` and blanks, in small letters or capitals.
    pub fn parse(written: &str) -> Result<Self, CnpjError> {
        let plain: Vec<char> =
            written.chars().filter(|c| !matches!(c, '.' | '/' | '-') && !c.is_whitespace()).collect();
        if plain.len() != 14 {
            return Err(CnpjError::Length(plain.len()));
        }
        let mut characters = [0_u8; 14];
        for (place, character) in plain.into_iter().enumerate() {
            let upper = character.to_ascii_uppercase();
            if !(upper.is_ascii_digit() || (upper.is_ascii_uppercase() && place < 12)) {
                return Err(CnpjError::Character);
            }
            characters[place] = upper as u8;
        }
        if characters.iter().all(|c| *c == characters[0]) {
            return Err(CnpjError::Repeated);
        }
        if characters[12] != check_digit(&characters[..12]) || characters[13] != check_digit(&characters[..13]) {
            return Err(CnpjError::CheckDigits);
        }
        Ok(Self(characters))
    }
}

/// The digit that belongs behind `characters`, as ASCII.
fn check_digit(characters: &[u8]) -> u8 {
    let weights = (2_u32..=9).cycle();
    let sum: u32 = characters.iter().rev().zip(weights).map(|(c, weight)| u32::from(c - b'0') * weight).sum();
    match sum % 11 {
        0 | 1 => b'0',
        remainder => b'0' + (11 - remainder) as u8,
    }
}

impl std::fmt::Display for Cnpj {
    /// As printed on documents: `12.ABC.345/01DE-35`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (place, character) in self.0.iter().enumerate() {
            match place {
                2 | 5 => f.write_str(".")?,
                8 => f.write_str("/")?,
                12 => f.write_str("-")?,
                _ => {}
            }
            write!(f, "{}", char::from(*character))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_both_kinds_pass_as_people_write_them() {
        for written in ["11.222.333/0001-81", "00.000.000/0001-91", "12.ABC.345/01DE-35"] {
            assert_eq!(Cnpj::parse(written).map(|cnpj| cnpj.to_string()).as_deref(), Ok(written));
        }
        assert_eq!(Cnpj::parse(" 12abc34501de35 ").map(|cnpj| cnpj.to_string()).as_deref(), Ok("12.ABC.345/01DE-35"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(Cnpj::parse("11.222.333/0001-8"), Err(CnpjError::Length(13)));
        assert_eq!(Cnpj::parse("11.222.333/0001-82"), Err(CnpjError::CheckDigits));
        assert_eq!(Cnpj::parse("12.ABC.345/01DE-3X"), Err(CnpjError::Character));
        assert_eq!(Cnpj::parse("12.ÁBC.345/01DE-35"), Err(CnpjError::Character));
        assert_eq!(Cnpj::parse("00000000000000"), Err(CnpjError::Repeated));
    }

    #[test]
    fn every_single_mistyped_character_is_found_out() {
        let right: Vec<char> = "12ABC34501DE35".chars().collect();
        for place in 0..right.len() {
            for other in ('0'..='9').filter(|c| right[place].is_ascii_digit() && *c != right[place]) {
                let mut wrong = right.clone();
                wrong[place] = other;
                let wrong: String = wrong.into_iter().collect();
                assert!(Cnpj::parse(&wrong).is_err(), "{wrong} passed");
            }
        }
    }
}
