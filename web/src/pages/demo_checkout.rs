//! The checkout of `dev` without a Stripe key: no card, no money, the same events.

use crate::{components::prelude::*, document::DemoCheckoutPage, format};

/// It.
pub(crate) fn view(l: Locale, page: DemoCheckoutPage) -> View {
    let checkout = page.checkout;
    let niche = page.niche.map_or(checkout.niche, |niche| niche.name);
    let action: View = if checkout.paid {
        div()
            .class("actions")
            .children(link_button(Weight::Primary, l.path(&format!("/progress/{}", checkout.id)), l.t("demo-see")))
            .into()
    } else {
        post(
            l.path(&format!("/demo-checkout/{}", checkout.id)),
            vec![],
            submit(Weight::Primary, l.t("demo-pay")).attr("data-test", "pay-demo"),
        )
        .into()
    };
    div()
        .class("narrow stack")
        .children((
            banner(Tone::Warning, (strong().children(l.t("demo-banner-title")), p().children(l.t("demo-banner-text")))),
            h1().class("h2").children(l.t("demo-title")),
            dl().class("summary-lines receipt").children((
                fact(l.t("demo-agent"), niche),
                fact(l.t("demo-tier"), tier_name(l, &checkout.tier.id)),
                fact(
                    l.t("demo-price"),
                    span().children(format!(
                        "{} {}",
                        format::money(l, checkout.tier.price_cents),
                        l.t("price-per-month")
                    )),
                ),
                fact(l.t("demo-today"), strong().children(format::money(l, 0))),
            )),
            action,
            p().class("soft small").children(l.t("demo-next")),
        ))
        .into()
}
