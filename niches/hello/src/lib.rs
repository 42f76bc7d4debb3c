//! The smallest niche that does something: a new vertical is a new file.

use openclaw_niche::prelude::*;

niche!(Hello, tools: [Greet], self_test: Hello);

struct Hello;

impl Niche for Hello {
    const CARD: Card = Card {
        id: "hello",
        version: env!("CARGO_PKG_VERSION"),
        name: text("Olá", "Hello"),
        tagline: text("Cumprimenta quem chega.", "Greets whoever comes in."),
        icon: "👋",
        accent: "#2f6fde",
        status: Status::Active,
        highlights: &[text("Diz olá pelo nome", "Says hello by name")],
        limits: &[text("Não faz mais nada", "Does nothing else")],
        suggestions: &[text("Cumprimente a Ana", "Greet Ana")],
        examples: &[],
        changes: text("Primeira versão.", "First release."),
    };

    fn persona(_: &Profile, locale: Locale, _: &[Connection]) -> Result<String, PersonaError> {
        Ok(text("Você cumprimenta as pessoas.", "You greet people.").in_(locale).to_owned())
    }
}

/// Greets a person by name.
#[derive(Deserialize, JsonSchema)]
struct Greet {
    /// Who is greeted.
    name: String,
}

impl Tool for Greet {
    const NAME: &'static str = "greet";
    const EFFECT: Effect = Effect::Reads;
    type Data = ();

    fn wording(locale: Locale) -> Wording {
        match locale {
            Locale::En => Wording { title: "Greet", ..Wording::default() },
            Locale::Pt => Wording {
                title: "Cumprimentar",
                description: "Cumprimenta uma pessoa pelo nome.",
                arguments: &[("name", "Quem é cumprimentado.")],
                labels: &[("name", "Nome")],
            },
        }
    }

    fn call(self, context: &Context) -> Result<Answer, ToolError> {
        Ok(Answer::text(format!("{}, {}!", text("Olá", "Hello").in_(context.locale), self.name)))
    }
}

impl SelfTest for Hello {
    const CASES: &'static [Case] = &[("greets by name", || {
        let context = Context { locale: Locale::En, profile: Profile::default(), now: 0 };
        let answer = Greet { name: "Ana".into() }.call(&context).map_err(|error| format!("{error:?}"))?;
        if answer.text == "Hello, Ana!" { Ok(()) } else { Err(answer.text) }
    })];
}
