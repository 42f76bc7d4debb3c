//! `sell`: units leave the shelf, first-expired-first-out.

use openclaw_niche::prelude::*;
use openclaw_niche::storage;

use super::find_stock::money;
use super::invalid;
use super::receive_stock::MOST_UNITS;
use crate::controlled::{self, Prescription};
use crate::day::Day;
use crate::resolve::{substance, substances_within};
use crate::search::Search;
use crate::stock::{PREFIX, Product, Refusal, storage_key};

/// Records a sale: takes units out of stock, from the lot that expires first. Only when the person asked for the
/// sale with product and quantity. Expired lots are never sold; a controlled medicine needs its prescription checked.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sell {
    /// The product to sell, as it is called in stock.
    pub(crate) product: String,
    /// How many units are sold.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) quantity: u32,
    /// True only when the person said that the pharmacist has checked the prescription this medicine needs.
    #[serde(default)]
    pub(crate) prescription_checked: bool,
}

/// What was sold.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Sold {
    /// The product.
    pub(crate) product: String,
    /// Units sold.
    pub(crate) sold: u32,
    /// From which lots.
    pub(crate) lots: Vec<SoldLot>,
    /// The sum in centavos, when every lot has a price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) total_cents: Option<u64>,
    /// Units that are left for sale.
    pub(crate) left: u32,
}

/// Units of one lot.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SoldLot {
    /// The lot number.
    pub(crate) batch: String,
    /// Its last day.
    pub(crate) expires: Day,
    /// Units taken.
    pub(crate) units: u32,
}

impl Tool for Sell {
    const NAME: &'static str = "sell";
    const EFFECT: Effect = Effect::Takes;
    type Data = Sold;

    fn wording(locale: Locale) -> Wording {
        match locale {
            Locale::En => Wording {
                title: "Record a sale",
                labels: &[
                    ("product", "Product"),
                    ("quantity", "Quantity"),
                    ("prescription_checked", "Prescription checked"),
                ],
                ..Wording::default()
            },
            Locale::Pt => Wording {
                title: "Registrar venda",
                description: "Registra uma venda: retira unidades do estoque, do lote que vence primeiro. Só quando a pessoa \
                    pediu a venda com produto e quantidade. Nunca vende lote vencido; medicamento controlado exige receita \
                    conferida.",
                labels: &[
                    ("product", "Produto"),
                    ("quantity", "Quantidade"),
                    ("prescription_checked", "Receita conferida"),
                ],
                arguments: &[
                    ("product", "O produto a vender, como está no estoque."),
                    ("quantity", "Quantas unidades são vendidas."),
                    (
                        "prescription_checked",
                        "Verdadeiro só quando a pessoa disse que o farmacêutico conferiu a receita que este medicamento exige.",
                    ),
                ],
            },
        }
    }

    fn call(self, context: &Context) -> Result<Answer<Sold>, ToolError> {
        let (locale, today) = (context.locale, Day::at(context.now));
        if !(1..=MOST_UNITS).contains(&self.quantity) {
            return Err(invalid(NO_QUANTITY, locale));
        }
        let key = self.product_key(locale)?;
        let (name, taken, left) = storage::update(&key, |kept: &mut Option<Product>| {
            let product = kept.as_mut().ok_or_else(|| not_in_stock(&self.product, locale))?;
            self.prescription_allows(&product.name, locale)?;
            let taken =
                product.sell(self.quantity, today).map_err(|refusal| refused(&product.name, &refusal, locale))?;
            Ok::<_, ToolError>((product.name.clone(), taken, product.good(today)))
        })?;
        let total_cents = taken
            .iter()
            .map(|taken| taken.price_cents.map(|price| u64::from(price) * u64::from(taken.quantity)))
            .sum::<Option<u64>>();
        let lots: Vec<SoldLot> = taken
            .into_iter()
            .map(|taken| SoldLot { batch: taken.batch, expires: taken.expires, units: taken.quantity })
            .collect();
        let sold = Sold { product: name, sold: self.quantity, lots, total_cents, left };
        Ok(Answer { text: sentence(&sold, locale), data: sold })
    }
}

impl Sell {
    /// The key of the one product that is meant: the exact name, else the only one whose name fits.
    fn product_key(&self, locale: Locale) -> Result<String, ToolError> {
        let exact = storage_key(&self.product).filter(|_| self.product.chars().count() <= 100);
        let exact = exact.ok_or_else(|| invalid(NO_PRODUCT, locale))?;
        if storage::get::<Product>(&exact)?.is_some() {
            return Ok(exact);
        }
        let search = Search::new(&self.product);
        if search.is_everything() {
            return Err(invalid(NO_PRODUCT, locale));
        }
        let mut fitting = storage::scan::<Product>(PREFIX)?;
        fitting.retain(|(_, product)| search.rank(product) == Some(0));
        match &fitting[..] {
            [] => Err(not_in_stock(&self.product, locale)),
            [(key, _)] => Ok(key.clone()),
            several => {
                let names: Vec<&str> = several.iter().take(10).map(|(_, product)| product.name.as_str()).collect();
                let names = names.join("; ");
                Err(ToolError::InvalidArguments(match locale {
                    Locale::Pt => format!("Vários produtos têm esse nome. Qual deles: {names}?"),
                    Locale::En => format!("Several products have that name. Which one: {names}?"),
                }))
            }
        }
    }

    /// Refuses what needs a prescription that nobody has checked, and what a pharmacy never sells.
    fn prescription_allows(&self, product: &str, locale: Locale) -> Result<(), ToolError> {
        for id in substances_within(product) {
            let Some(rule) = controlled::of(id) else {
                continue;
            };
            let (name, list, document) = (substance(id, locale), rule.name.in_(locale), rule.document.in_(locale));
            match rule.prescription {
                Prescription::NeverSold => {
                    return Err(ToolError::Refused(format!("{name}, {list}: {document}.")));
                }
                Prescription::Checked if !self.prescription_checked => {
                    return Err(ToolError::Refused(match locale {
                        Locale::Pt => format!(
                            "{product} contém {name}, lista {list}. Documento: {document}. Venda só depois que o farmacêutico \
                             conferir a receita; confirme isso e peça a venda de novo."
                        ),
                        Locale::En => format!(
                            "{product} contains {name}, list {list}. Document: {document}. It is sold only after the \
                             pharmacist has checked the prescription; confirm that and ask for the sale again."
                        ),
                    }));
                }
                Prescription::Checked | Prescription::NotAsked => {}
            }
        }
        Ok(())
    }
}

fn sentence(sold: &Sold, locale: Locale) -> String {
    let lots: Vec<String> = sold
        .lots
        .iter()
        .map(|lot| match locale {
            Locale::Pt => format!("{} un. do lote {} (vence {})", lot.units, lot.batch, lot.expires.brazilian()),
            Locale::En => format!("{} of lot {} (expires {})", lot.units, lot.batch, lot.expires),
        })
        .collect();
    let lots = lots.join(", ");
    let total = sold.total_cents.map_or(String::new(), |cents| format!(" Total: {}.", money(cents, locale)));
    match locale {
        Locale::Pt => {
            format!("Venda registrada: {} un. de {}: {lots}.{total} Restam {}.", sold.sold, sold.product, sold.left)
        }
        Locale::En => format!("Sale recorded: {} of {}: {lots}.{total} {} left.", sold.sold, sold.product, sold.left),
    }
}

fn not_in_stock(product: &str, locale: Locale) -> ToolError {
    ToolError::Refused(match locale {
        Locale::Pt => format!("\"{}\" não está no estoque.", product.trim()),
        Locale::En => format!("\"{}\" is not in stock.", product.trim()),
    })
}

fn refused(product: &str, refusal: &Refusal, locale: Locale) -> ToolError {
    let Refusal::TooFew { good, expired } = refusal else {
        return ToolError::Refused(refusal.to_string());
    };
    let expired = match (locale, expired) {
        (_, 0) => String::new(),
        (Locale::Pt, units) => format!(" Outras {units} venceram e não podem ser vendidas."),
        (Locale::En, units) => format!(" Another {units} have expired and may not be sold."),
    };
    ToolError::Refused(match locale {
        Locale::Pt => {
            format!("Só há {good} unidades de {product} à venda.{expired} Nada foi vendido.")
        }
        Locale::En => {
            format!("There are only {good} units of {product} for sale.{expired} Nothing was sold.")
        }
    })
}

const NO_PRODUCT: Text =
    text("Diga o nome do produto, com até 100 caracteres.", "Name the product, in at most 100 characters.");
const NO_QUANTITY: Text =
    text("A quantidade vai de 1 a 1.000.000 de unidades.", "The quantity goes from 1 to 1,000,000 units.");

#[cfg(test)]
mod tests {
    use super::*;

    fn sell(prescription_checked: bool) -> Sell {
        Sell { product: "x".into(), quantity: 1, prescription_checked }
    }

    #[test]
    fn a_controlled_medicine_is_sold_only_with_its_prescription_checked() {
        for product in ["Rivotril 2 mg 30 comprimidos", "EMS Clonazepam 2mg", "Amoxicilina 500 mg", "Ozempic"] {
            let refused = sell(false).prescription_allows(product, Locale::Pt);
            assert!(matches!(refused, Err(ToolError::Refused(reason)) if reason.contains("farmacêutico")), "{product}");
            assert!(sell(true).prescription_allows(product, Locale::Pt).is_ok(), "{product}");
        }
        for product in ["Dorflex", "Shampoo", "Fluconazol 150 mg"] {
            assert!(sell(false).prescription_allows(product, Locale::Pt).is_ok(), "{product}");
        }
    }

    #[test]
    fn a_refusal_names_the_document_of_the_addendum() {
        for product in ["Gardenal 100 mg", "Tramal 50 mg", "Tylex 30 mg", "OxyContin 20 mg"] {
            let refused = sell(false).prescription_allows(product, Locale::Pt);
            let Err(ToolError::Refused(reason)) = refused else { panic!("{product}: {refused:?}") };
            assert!(reason.contains("Receita de Controle Especial em duas vias"), "{reason}");
            assert!(!reason.contains("Notificação de Receita B"), "{reason}");
        }
    }

    #[test]
    fn thalidomide_is_never_sold() {
        assert!(sell(true).prescription_allows("Talidomida 100 mg", Locale::En).is_err());
    }
}
