//! `receive_stock`: a delivery goes on the shelf.

use openclaw_niche::prelude::*;
use openclaw_niche::storage;

use super::invalid;
use crate::day::Day;
use crate::stock::{Lot, Product, Refusal, storage_key};

/// More of one thing at once is a typing error.
pub(super) const MOST_UNITS: u32 = 1_000_000;

/// Records a delivery: adds units of a lot to the stock. Only when the person gave product, lot number, expiry date
/// and quantity. An expired lot is refused.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReceiveStock {
    /// The product as it should be called, with strength and size.
    pub(crate) product: String,
    /// The lot number on the box.
    pub(crate) batch: String,
    /// The expiry date: YYYY-MM-DD, or YYYY-MM for the end of a month.
    pub(crate) expires: String,
    /// How many units arrived.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) quantity: u32,
    /// The selling price of one unit in reais, such as 12.90.
    #[serde(default)]
    pub(crate) price: Option<f64>,
}

/// The stock after the delivery.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Received {
    /// The product as it is kept.
    pub(crate) product: String,
    /// The lot number.
    pub(crate) batch: String,
    /// The last day on which it may be sold.
    pub(crate) expires: Day,
    /// Units that arrived.
    pub(crate) received: u32,
    /// Units of the product that may be sold now, in all lots.
    pub(crate) units: u32,
}

impl Tool for ReceiveStock {
    const NAME: &'static str = "receive_stock";
    const EFFECT: Effect = Effect::Adds;
    type Data = Received;

    fn wording(locale: Locale) -> Wording {
        match locale {
            Locale::En => Wording {
                title: "Record a delivery",
                labels: &[
                    ("product", "Product"),
                    ("batch", "Lot"),
                    ("expires", "Expires"),
                    ("quantity", "Quantity"),
                    ("price", "Price (R$)"),
                ],
                ..Wording::default()
            },
            Locale::Pt => Wording {
                title: "Registrar entrada de mercadoria",
                description: "Registra uma entrada: soma unidades de um lote ao estoque. Só quando a pessoa informou produto, \
                    lote, validade e quantidade. Recusa lote vencido.",
                labels: &[
                    ("product", "Produto"),
                    ("batch", "Lote"),
                    ("expires", "Validade"),
                    ("quantity", "Quantidade"),
                    ("price", "Preço (R$)"),
                ],
                arguments: &[
                    ("product", "O produto como deve ser chamado, com concentração e apresentação."),
                    ("batch", "O número do lote na caixa."),
                    ("expires", "A validade: AAAA-MM-DD, ou AAAA-MM para o fim do mês."),
                    ("quantity", "Quantas unidades chegaram."),
                    ("price", "O preço de venda de uma unidade em reais, como 12.90."),
                ],
            },
        }
    }

    fn call(self, context: &Context) -> Result<Answer<Received>, ToolError> {
        let (locale, today) = (context.locale, Day::at(context.now));
        let key = storage_key(&self.product).filter(|_| self.product.chars().count() <= 100);
        let key = key.ok_or_else(|| invalid(NO_PRODUCT, locale))?;
        let batch = self.batch.trim().to_owned();
        if batch.is_empty() || batch.chars().count() > 40 {
            return Err(invalid(NO_BATCH, locale));
        }
        let expires = Day::parse(&self.expires).ok_or_else(|| invalid(NO_DAY, locale))?;
        if !(1..=MOST_UNITS).contains(&self.quantity) {
            return Err(invalid(NO_QUANTITY, locale));
        }
        let price_cents = self.price.map(cents).transpose().map_err(|()| invalid(NO_PRICE, locale))?;

        let received = storage::update(&key, |kept: &mut Option<Product>| {
            let product = kept.get_or_insert_with(|| Product::new(&self.product));
            let lot = Lot { batch: batch.clone(), expires, quantity: self.quantity, price_cents };
            product.receive(lot, today).map_err(|refusal| refused(&refusal, locale))?;
            Ok::<_, ToolError>(Received {
                product: product.name.clone(),
                batch: batch.clone(),
                expires,
                received: self.quantity,
                units: product.good(today),
            })
        })?;
        let text = match locale {
            Locale::Pt => format!(
                "Entrada registrada: {} un. de {}, lote {}, vence {}. Total à venda: {}.",
                received.received,
                received.product,
                received.batch,
                expires.brazilian(),
                received.units
            ),
            Locale::En => format!(
                "Delivery recorded: {} units of {}, lot {}, expires {expires}. For sale in all: {}.",
                received.received, received.product, received.batch, received.units
            ),
        };
        Ok(Answer { text, data: received })
    }
}

/// Reais as centavos, if it is a price.
fn cents(reais: f64) -> Result<u32, ()> {
    // The bounds keep the rounded number within u32.
    if (0.0..1_000_000.0).contains(&reais) { Ok((reais * 100.0).round() as u32) } else { Err(()) }
}

fn refused(refusal: &Refusal, locale: Locale) -> ToolError {
    let sentence = match (refusal, locale) {
        (Refusal::Expired { expires }, Locale::Pt) => {
            format!("Este lote venceu em {}: não entra no estoque.", expires.brazilian())
        }
        (Refusal::Expired { expires }, Locale::En) => {
            format!("This lot expired on {expires}: it does not go on the shelf.")
        }
        (Refusal::OtherExpiry { kept }, Locale::Pt) => {
            format!("Este lote já está registrado com validade {}: confira a caixa.", kept.brazilian())
        }
        (Refusal::OtherExpiry { kept }, Locale::En) => {
            format!("This lot is already kept with expiry {kept}: check the box.")
        }
        (Refusal::TooFew { .. } | Refusal::TooMany, _) => NO_QUANTITY.in_(locale).to_owned(),
    };
    ToolError::Refused(sentence)
}

const NO_PRODUCT: Text =
    text("Diga o nome do produto, com até 100 caracteres.", "Name the product, in at most 100 characters.");
const NO_BATCH: Text =
    text("Diga o número do lote, com até 40 caracteres.", "Give the lot number, in at most 40 characters.");
const NO_DAY: Text = text(
    "A validade deve ser uma data, como 2027-08-31 ou 08/2027.",
    "The expiry must be a date, such as 2027-08-31 or 2027-08.",
);
const NO_QUANTITY: Text =
    text("A quantidade vai de 1 a 1.000.000 de unidades.", "The quantity goes from 1 to 1,000,000 units.");
const NO_PRICE: Text =
    text("O preço deve ser um valor em reais, como 12.90.", "The price must be an amount in reais, such as 12.90.");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_become_whole_centavos() {
        assert_eq!(cents(12.9), Ok(1290));
        assert_eq!(cents(0.1 + 0.2), Ok(30));
        for wrong in [-0.01, f64::NAN, f64::INFINITY, 1e12] {
            assert_eq!(cents(wrong), Err(()));
        }
    }
}
