//! A product's lots: what comes in, what may be sold, and from which lot first. Pure; the tools keep it.

use serde::{Deserialize, Serialize};

use crate::day::Day;
use crate::spelling::{key, words};

/// Where a pharmacy's products are kept.
pub(crate) const PREFIX: &str = "stock/";

/// A product with its lots, the first to expire first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Product {
    pub(crate) name: String,
    pub(crate) lots: Vec<Lot>,
}

/// A lot of a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lot {
    /// The maker's lot number.
    pub(crate) batch: String,
    /// The last day on which it may be sold.
    pub(crate) expires: Day,
    pub(crate) quantity: u32,
    /// Of one unit, in centavos.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) price_cents: Option<u32>,
}

/// Units taken from one lot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) batch: String,
    pub(crate) expires: Day,
    pub(crate) quantity: u32,
    pub(crate) price_cents: Option<u32>,
}

/// Why stock stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the lot has expired")]
    Expired { expires: Day },
    #[error("the same lot is kept with another expiry date")]
    OtherExpiry { kept: Day },
    #[error("not enough units that may be sold")]
    TooFew { good: u32, expired: u32 },
    #[error("the quantity is too large")]
    TooMany,
}

impl Product {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.trim().to_owned(), lots: Vec::new() }
    }

    /// Units that may be sold on `today`.
    pub(crate) fn good(&self, today: Day) -> u32 {
        self.units(|lot| !lot.expired(today))
    }

    /// Units that may not be sold any more.
    pub(crate) fn expired(&self, today: Day) -> u32 {
        self.units(|lot| lot.expired(today))
    }

    /// Adds a lot, or its units to the same lot; a price replaces the one before.
    pub(crate) fn receive(&mut self, lot: Lot, today: Day) -> Result<(), Refusal> {
        if lot.expired(today) {
            return Err(Refusal::Expired { expires: lot.expires });
        }
        match self.lots.iter_mut().find(|kept| key(&kept.batch) == key(&lot.batch)) {
            Some(kept) if kept.expires != lot.expires => {
                return Err(Refusal::OtherExpiry { kept: kept.expires });
            }
            Some(kept) => {
                kept.quantity = kept.quantity.checked_add(lot.quantity).ok_or(Refusal::TooMany)?;
                kept.price_cents = lot.price_cents.or(kept.price_cents);
            }
            None => self.lots.push(lot),
        }
        self.lots.sort_by(|a, b| (a.expires, &a.batch).cmp(&(b.expires, &b.batch)));
        Ok(())
    }

    /// Takes `quantity` units, from the lot that expires first. Expired lots are passed over; all or nothing.
    pub(crate) fn sell(&mut self, quantity: u32, today: Day) -> Result<Vec<Taken>, Refusal> {
        let good = self.good(today);
        if quantity > good {
            return Err(Refusal::TooFew { good, expired: self.expired(today) });
        }
        let mut missing = quantity;
        let mut taken = Vec::new();
        for lot in self.lots.iter_mut().filter(|lot| !lot.expired(today)) {
            let units = lot.quantity.min(missing);
            if units > 0 {
                lot.quantity -= units;
                missing -= units;
                let Lot { batch, expires, price_cents, .. } = lot.clone();
                taken.push(Taken { batch, expires, quantity: units, price_cents });
            }
        }
        self.lots.retain(|lot| lot.quantity > 0);
        Ok(taken)
    }

    fn units(&self, of: impl Fn(&Lot) -> bool) -> u32 {
        self.lots.iter().filter(|lot| of(lot)).fold(0, |sum, lot| sum.saturating_add(lot.quantity))
    }
}

impl Lot {
    /// A lot may be sold through its last day.
    pub(crate) fn expired(&self, today: Day) -> bool {
        self.expires < today
    }
}

/// The key under which the product of this name is kept, unless nothing of the name is left.
pub(crate) fn storage_key(name: &str) -> Option<String> {
    let words = words(name);
    (!words.is_empty()).then(|| format!("{PREFIX}{}", words.join("-")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(written: &str) -> Day {
        Day::parse(written).unwrap()
    }

    fn lot(batch: &str, expires: &str, quantity: u32) -> Lot {
        Lot { batch: batch.into(), expires: day(expires), quantity, price_cents: None }
    }

    fn product(lots: &[(&str, &str, u32)]) -> Product {
        let mut product = Product::new("Dorflex");
        for (batch, expires, quantity) in lots {
            product.receive(lot(batch, expires, *quantity), day("2020-01-01")).unwrap();
        }
        product
    }

    #[test]
    fn what_expires_first_is_sold_first() {
        let mut product = product(&[("B", "2027-12-31", 10), ("A", "2027-06-30", 4)]);
        let taken = product.sell(6, day("2026-11-22")).unwrap();
        let taken: Vec<(&str, u32)> = taken.iter().map(|taken| (taken.batch.as_str(), taken.quantity)).collect();
        assert_eq!(taken, [("A", 4), ("B", 2)]);
        assert_eq!(product.lots, [lot("B", "2027-12-31", 8)]);
    }

    #[test]
    fn expired_lots_are_never_sold_nor_received() {
        let mut product = product(&[("OLD", "2026-11-21", 50), ("NEW", "2027-06-30", 2)]);
        let today = day("2026-11-22");
        let before = product.clone();
        assert_eq!(product.sell(3, today), Err(Refusal::TooFew { good: 2, expired: 50 }));
        assert_eq!(product, before, "a refused sale changes nothing");
        assert_eq!(product.sell(2, today).unwrap()[0].batch, "NEW");
        assert_eq!(
            product.receive(lot("LATE", "2026-11-21", 1), today),
            Err(Refusal::Expired { expires: day("2026-11-21") })
        );
    }

    #[test]
    fn a_lot_may_be_sold_on_its_last_day() {
        let mut product = product(&[("A", "2026-11-22", 1)]);
        assert!(product.sell(1, day("2026-11-22")).is_ok());
    }

    #[test]
    fn one_lot_has_one_expiry_date() {
        let mut product = product(&[("A1", "2027-06-30", 4)]);
        let today = day("2026-11-22");
        product.receive(lot("a-1", "2027-06-30", 6), today).unwrap();
        assert_eq!(product.good(today), 10);
        assert_eq!(
            product.receive(lot("A1", "2027-07-31", 1), today),
            Err(Refusal::OtherExpiry { kept: day("2027-06-30") })
        );
    }

    #[test]
    fn the_key_of_a_product_does_not_depend_on_how_it_is_typed() {
        assert_eq!(storage_key(" Dipirona  500 MG "), storage_key("dipirona 500 mg"));
        assert_eq!(storage_key("***"), None);
    }

    proptest! {
        #[test]
        fn a_sale_takes_exactly_what_was_asked_and_always_the_earliest_good_lots(
            lots in proptest::collection::vec((1_u8..=28, 1_u32..50), 0..12),
            quantity in 1_u32..200,
        ) {
            let today = day("2026-11-15");
            let mut product = Product::new("X");
            for (place, (of_month, units)) in lots.iter().enumerate() {
                let lot = lot(&format!("L{place}"), &format!("2026-11-{of_month:02}"), *units);
                product.receive(lot, day("2020-01-01")).unwrap();
            }
            let before = product.clone();
            match product.sell(quantity, today) {
                Ok(taken) => {
                    prop_assert_eq!(taken.iter().map(|taken| taken.quantity).sum::<u32>(), quantity);
                    prop_assert!(taken.iter().all(|taken| taken.expires >= today));
                    prop_assert_eq!(product.good(today) + quantity, before.good(today));
                    prop_assert_eq!(product.expired(today), before.expired(today));
                    let last = taken.iter().map(|taken| taken.expires).max();
                    let left = product.lots.iter().filter(|lot| !lot.expired(today)).map(|lot| lot.expires).min();
                    prop_assert!(left.is_none_or(|left| Some(left) >= last));
                }
                Err(refusal) => {
                    prop_assert!(quantity > before.good(today), "{refusal:?}");
                    prop_assert_eq!(&product, &before);
                }
            }
        }
    }
}
