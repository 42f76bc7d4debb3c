//! A niche that sends one method to one host, which only the newest version of the contract can ask for. For tests
//! alone.

use openclaw_niche::http::Request;
use openclaw_niche::prelude::*;
use openclaw_niche::{HostWish, Wishes};

niche!(Courier, tools: [Deliver]);

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

/// Delivers a parcel.
#[derive(Deserialize, JsonSchema)]
struct Deliver {
    /// What is in it.
    parcel: String,
}

impl Tool for Deliver {
    const NAME: &'static str = "deliver";
    const EFFECT: Effect = Effect::Adds;
    const OPEN_WORLD: bool = true;
    type Data = ();

    fn call(self, _: &Context) -> Result<Answer, ToolError> {
        let request = Request::post("https://api.example.com/echo").json(&self.parcel)?;
        Ok(Answer::text(request.send()?.success()?.text()?))
    }
}
