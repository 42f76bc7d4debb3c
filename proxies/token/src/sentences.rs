//! What an agent's user reads instead of an answer. Portuguese first; the agent's locale decides.

use time::{OffsetDateTime, macros::format_description};

/// A day as people write it.
pub(crate) fn day(locale: &str, at: OffsetDateTime) -> String {
    let written = match locale {
        "en" => at.format(format_description!("[day padding:none] [month repr:long] [year]")),
        _ => at.format(format_description!("[day]/[month]/[year]")),
    };
    written.expect("a date has a day, a month and a year")
}

/// The period's tokens are spent.
pub(crate) fn exhausted(locale: &str, ends_at: OffsetDateTime, public_url: &str) -> String {
    let day = day(locale, ends_at);
    match locale {
        "en" => format!(
            "I have used up this period's quota. I will answer again on {day}; to go on before that, upgrade the plan \
             at {public_url}/en"
        ),
        _ => format!(
            "Cheguei ao limite de uso deste período. Volto a responder em {day}; para continuar antes disso, amplie o \
             plano em {public_url}/pt"
        ),
    }
}

/// This request may take more than is left, although most others would fit.
pub(crate) fn too_large(locale: &str, ends_at: OffsetDateTime, public_url: &str) -> String {
    let day = day(locale, ends_at);
    match locale {
        "en" => format!(
            "This message is too large for what is left of this month's quota. Please send a shorter one; the quota is \
             renewed on {day}, or upgrade the plan at {public_url}/en"
        ),
        _ => format!(
            "Esta mensagem é grande demais para o que resta do limite deste mês. Envie uma mais curta; o limite se \
             renova em {day}, ou amplie o plano em {public_url}/pt"
        ),
    }
}

/// There is no period to spend from.
pub(crate) fn no_period(locale: &str, public_url: &str) -> String {
    match locale {
        "en" => format!(
            "This agent's subscription has no current period, so I cannot answer. Please check the payment at \
             {public_url}/en"
        ),
        _ => format!(
            "A assinatura deste agente não tem um período vigente, por isso não posso responder. Confira o pagamento \
             em {public_url}/pt"
        ),
    }
}
