//! `find_stock`: what is on the shelf, by lot and expiry.

use openclaw_niche::prelude::*;
use openclaw_niche::storage;

use super::invalid;
use crate::day::Day;
use crate::resolve::resolve;
use crate::search::Search;
use crate::stock::{Lot, PREFIX, Product};

/// How many products one answer shows.
const MOST_PRODUCTS: usize = 30;

/// A lot that expires within so many days is pointed out.
const SOON_DAYS: i64 = 90;

/// Finds what the pharmacy has in stock: do we have this product, how many units are left, in which lots, when do
/// they expire, at what price. Finds by product, brand or active substance.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct FindStock {
    /// The product, brand or substance to look for in stock, or "everything".
    pub(crate) query: String,
}

/// What is in stock.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct StockReport {
    /// The day for which it was looked up.
    pub(crate) today: Day,
    /// Products found, the best match first.
    pub(crate) products: Vec<StockedProduct>,
    /// How many more were found than are shown.
    pub(crate) more: usize,
}

/// A product.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct StockedProduct {
    /// Its name.
    pub(crate) product: String,
    /// Units that may be sold.
    pub(crate) units: u32,
    /// Units that have expired and may not be sold.
    pub(crate) expired_units: u32,
    /// Its lots, the first to expire first.
    pub(crate) lots: Vec<StockedLot>,
}

/// A lot.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct StockedLot {
    /// The lot number.
    pub(crate) batch: String,
    /// The last day on which it may be sold.
    pub(crate) expires: Day,
    /// Units.
    pub(crate) units: u32,
    /// Of one unit, in centavos.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) price_cents: Option<u32>,
    /// Whether it may be sold.
    pub(crate) state: LotState,
}

/// Whether a lot may be sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LotState {
    /// It may.
    Good,
    /// It may, and expires within 90 days.
    ExpiresSoon,
    /// It may not.
    Expired,
}

impl Tool for FindStock {
    const NAME: &'static str = "find_stock";
    const EFFECT: Effect = Effect::Reads;
    type Data = StockReport;

    fn wording(locale: Locale) -> Wording {
        match locale {
            Locale::En => Wording { title: "Find in stock", labels: &[("query", "Looked for")], ..Wording::default() },
            Locale::Pt => Wording {
                title: "Consultar estoque",
                description: "Consulta o que a farmácia tem no estoque: se tem o produto, quantas unidades restam, em que \
                    lotes, quando vencem e a que preço. Procura por produto, marca ou princípio ativo.",
                labels: &[("query", "Procura")],
                arguments: &[("query", "O produto, a marca ou a substância a procurar no estoque, ou \"tudo\".")],
            },
        }
    }

    fn call(self, context: &Context) -> Result<Answer<StockReport>, ToolError> {
        let (locale, today) = (context.locale, Day::at(context.now));
        if self.query.chars().count() > 200 {
            return Err(invalid(TOO_LONG, locale));
        }
        let query = if self.query.trim().eq_ignore_ascii_case("everything") { "" } else { self.query.trim() };
        let search = Search::new(query);
        let mut found: Vec<(u8, Product)> = storage::scan::<Product>(PREFIX)?
            .into_iter()
            .filter_map(|(_, product)| search.rank(&product).map(|rank| (rank, product)))
            .collect();
        found.sort_by_key(|(rank, _)| *rank);
        // A single word in common is only worth showing when nothing fits better.
        let best = found.first().map_or(0, |(rank, _)| *rank);
        found.retain(|(rank, _)| *rank <= best.max(1));

        let more = found.len().saturating_sub(MOST_PRODUCTS);
        found.truncate(MOST_PRODUCTS);
        let products: Vec<StockedProduct> = found.iter().map(|(_, product)| stocked(product, today)).collect();
        let text = if products.is_empty() { nothing(&search, locale) } else { lines(&products, more, locale) };
        Ok(Answer { text, data: StockReport { today, products, more } })
    }
}

fn stocked(product: &Product, today: Day) -> StockedProduct {
    let state = |lot: &Lot| match today.days_until(lot.expires) {
        days if days < 0 => LotState::Expired,
        days if days <= SOON_DAYS => LotState::ExpiresSoon,
        _ => LotState::Good,
    };
    let lot = |lot: &Lot| StockedLot {
        batch: lot.batch.clone(),
        expires: lot.expires,
        units: lot.quantity,
        price_cents: lot.price_cents,
        state: state(lot),
    };
    StockedProduct {
        product: product.name.clone(),
        units: product.good(today),
        expired_units: product.expired(today),
        lots: product.lots.iter().map(lot).collect(),
    }
}

fn nothing(search: &Search, locale: Locale) -> String {
    if search.is_everything() {
        return EMPTY.in_(locale).to_owned();
    }
    let named = search.named();
    let close = resolve(&named).err().map(|unknown| unknown.close.join(", ")).filter(|close| !close.is_empty());
    match (locale, close) {
        (Locale::Pt, None) => format!("Não há registro de \"{named}\" no estoque deste assistente."),
        (Locale::Pt, Some(close)) => format!("Não há registro de \"{named}\" no estoque. Você quis dizer: {close}?"),
        (Locale::En, None) => format!("There is no record of \"{named}\" in this assistant's stock."),
        (Locale::En, Some(close)) => format!("There is no record of \"{named}\" in stock. Did you mean: {close}?"),
    }
}

fn lines(products: &[StockedProduct], more: usize, locale: Locale) -> String {
    let mut lines = Vec::new();
    for product in products {
        lines.push(match locale {
            Locale::Pt => format!("{}: {} unidades à venda.", product.product, product.units),
            Locale::En => format!("{}: {} units for sale.", product.product, product.units),
        });
        lines.extend(product.lots.iter().map(|lot| lot_line(lot, locale)));
    }
    if more > 0 {
        lines.push(match locale {
            Locale::Pt => format!("Mais {more} produtos: pergunte por um nome."),
            Locale::En => format!("{more} more products: ask for a name."),
        });
    }
    lines.join("\n")
}

fn lot_line(lot: &StockedLot, locale: Locale) -> String {
    let price = lot.price_cents.map_or(String::new(), |cents| format!(", {}", money(u64::from(cents), locale)));
    let state = match lot.state {
        LotState::Good => text("", ""),
        LotState::ExpiresSoon => text(" (vence em breve)", " (expires soon)"),
        LotState::Expired => text(" (VENCIDO: não vender)", " (EXPIRED: do not sell)"),
    };
    let state = state.in_(locale);
    match locale {
        Locale::Pt => {
            format!("- lote {}: {} un., vence {}{price}{state}", lot.batch, lot.units, lot.expires.brazilian())
        }
        Locale::En => format!("- lot {}: {} units, expires {}{price}{state}", lot.batch, lot.units, lot.expires),
    }
}

/// Centavos as reais.
pub(super) fn money(cents: u64, locale: Locale) -> String {
    let point = match locale {
        Locale::Pt => ',',
        Locale::En => '.',
    };
    format!("R$ {}{point}{:02}", cents / 100, cents % 100)
}

const EMPTY: Text = text("O estoque registrado aqui está vazio.", "The stock recorded here is empty.");
const TOO_LONG: Text = text("Pergunte com até 200 caracteres.", "Ask in at most 200 characters.");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_as_the_language_does() {
        assert_eq!(money(990, Locale::Pt), "R$ 9,90");
        assert_eq!(money(123_405, Locale::En), "R$ 1234.05");
    }

    #[test]
    fn what_is_not_there_is_named_and_a_close_spelling_is_offered() {
        let answer = |query| nothing(&Search::new(query), Locale::Pt);
        assert_eq!(
            answer("tem Rivotrill no estoque?"),
            "Não há registro de \"rivotrill\" no estoque. Você quis dizer: Rivotril?"
        );
        assert!(answer("sabonete").contains("\"sabonete\""));
        assert!(answer("o que tem no estoque").contains("vazio"));
    }

    #[test]
    fn expired_lots_are_marked_and_not_counted() {
        let day = |written| Day::parse(written).unwrap();
        let mut product = Product::new("Dorflex");
        for (batch, expires) in [("A", "2026-01-31"), ("B", "2026-12-31"), ("C", "2028-01-31")] {
            let lot = Lot { batch: batch.into(), expires: day(expires), quantity: 5, price_cents: Some(990) };
            product.receive(lot, day("2020-01-01")).unwrap();
        }
        let stocked = stocked(&product, day("2026-11-22"));
        assert_eq!((stocked.units, stocked.expired_units), (10, 5));
        let states: Vec<LotState> = stocked.lots.iter().map(|lot| lot.state).collect();
        assert_eq!(states, [LotState::Expired, LotState::ExpiresSoon, LotState::Good]);
        let text = lines(&[stocked], 0, Locale::Pt);
        assert!(text.contains("lote A: 5 un., vence 31/01/2026, R$ 9,90 (VENCIDO: não vender)"), "{text}");
    }
}
