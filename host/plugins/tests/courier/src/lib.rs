//! A niche that asks to send one method to one host, which only the newest version of the contract can say. For
//! tests alone.

use openclaw_niche::prelude::*;
use openclaw_niche::{HostWish, Wishes};

niche!(Courier);

struct Courier;

impl Niche for Courier {
    const CARD: Card = Card {
        id: "courier",
        version: env!("CARGO_PKG_VERSION"),
        name: text("Mensageiro", "Courier"),
        tagline: text("Entrega o que recebe.", "Delivers what it is given."),
        icon: "📮",
        accent: "#8a5a00",
        status: Status::ComingSoon,
        highlights: &[],
        limits: &[],
        suggestions: &[],
        examples: &[],
        changes: text("Primeira versão.", "First release."),
    };

    fn wants(locale: Locale) -> Wishes {
        let reason = text("Para entregar.", "To deliver.").in_(locale).to_owned();
        let deliver = HostWish { host: "api.example.com".into(), methods: vec!["POST".into()], reason };
        Wishes { hosts: vec![deliver], connections: vec![], storage_bytes: 0 }
    }

    fn persona(_: &Profile, _: Locale, _: &[Connection]) -> Result<String, PersonaError> {
        Ok("Você entrega.".to_owned())
    }
}
