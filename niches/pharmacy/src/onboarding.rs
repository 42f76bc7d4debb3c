//! The interview of a pharmacy.

use openclaw_niche::cnpj::{Cnpj, CnpjError};
use openclaw_niche::prelude::*;

/// The questions in order. The bot token comes before the Telegram user: the web chat needs neither.
pub(crate) const QUESTIONS: &[Question] = &[
    Question::new(
        "pharmacy-name",
        Kind::Text { min: 2, max: 80, multiline: false },
        text("Como se chama a sua farmácia?", "What is your pharmacy called?"),
        text("Farmácia", "Pharmacy"),
    )
    .why(text("O assistente se apresenta com esse nome.", "The assistant introduces itself by that name."))
    .example(text("Farmácia Boa Viagem", "Farmácia Boa Viagem")),
    Question::new(
        "city",
        Kind::Text { min: 4, max: 80, multiline: false },
        text("Em que cidade e estado ela fica?", "In which city and state is it?"),
        text("Cidade", "City"),
    )
    .help(text("Cidade e sigla do estado, como Recife/PE.", "City and the state's two letters, such as Recife/PE."))
    .example(text("Recife/PE", "Recife/PE"))
    .check(city_and_state)
    .show(shown_city),
    Question::new(
        "cnpj",
        Kind::Text { min: 14, max: 24, multiline: false },
        text("Qual é o CNPJ?", "What is its CNPJ (company number)?"),
        text("CNPJ", "CNPJ"),
    )
    .help(text(
        "Com ou sem pontos. O formato com letras, de 2026, também vale.",
        "With or without dots. The form with letters, of 2026, is fine too.",
    ))
    .why(text("Para saber a que empresa o assistente pertence.", "To know which company the assistant belongs to."))
    .example(text("12.ABC.345/01DE-35", "12.ABC.345/01DE-35"))
    .check(cnpj)
    .show(shown_cnpj),
    Question::new(
        "opening-hours",
        Kind::Text { min: 4, max: 300, multiline: true },
        text("Qual é o horário de funcionamento?", "What are the opening hours?"),
        text("Horário", "Opening hours"),
    )
    .why(text(
        "O assistente diz a quem pergunta quando a farmácia está aberta; ele mesmo responde a qualquer hora.",
        "The assistant tells people when the pharmacy is open; it answers at any hour itself.",
    ))
    .example(text(
        "Segunda a sábado, 8h às 20h; domingo, 8h às 13h",
        "Monday to Saturday 8:00–20:00, Sunday 8:00–13:00",
    )),
    Question::new(
        "stock-system",
        Kind::Choice(&[
            Choice { id: "none", label: text("Nenhum, ou papel", "None, or paper") },
            Choice { id: "spreadsheet", label: text("Planilha", "Spreadsheet") },
            Choice { id: "system", label: text("Um sistema de gestão", "A management system") },
        ]),
        text("Como você controla o estoque hoje?", "How do you keep track of stock today?"),
        text("Controle de estoque", "Stock system"),
    )
    .why(text(
        "O assistente guarda um estoque próprio, por lote e validade, e ainda não lê outros sistemas.",
        "The assistant keeps a stock of its own, by lot and expiry, and does not read other systems yet.",
    )),
    Question::new(
        "stock-system-name",
        Kind::Text { min: 2, max: 60, multiline: false },
        text("Qual sistema?", "Which system?"),
        text("Sistema de gestão", "Management system"),
    )
    .when(|answers| answers.get("stock-system") == Some("system")),
    Question::new(
        "telegram-token",
        Kind::TelegramToken,
        text(
            "Por onde você quer falar com o assistente: um bot seu no Telegram ou o chat do site?",
            "How do you want to talk to the assistant: your own Telegram bot, or the web chat?",
        ),
        text("Bot do Telegram", "Telegram bot"),
    )
    .help(text(
        "No Telegram, abra @BotFather, envie /newbot e cole aqui o token. Ou escolha o chat do site: funciona na hora.",
        "In Telegram open @BotFather, send /newbot and paste the token here. Or choose the web chat: it works at once.",
    )),
    Question::new(
        "telegram-user",
        Kind::TelegramUser,
        text("Qual é o seu id no Telegram?", "What is your Telegram id?"),
        text("Usuário do Telegram", "Telegram user"),
    )
    .help(text("É um número. O bot @userinfobot mostra o seu.", "It is a number. The bot @userinfobot shows yours."))
    .why(text("Só essa pessoa poderá falar com o assistente.", "Only this person may talk to the assistant."))
    .example(text("123456789", "123456789"))
    .when(|answers| answers.get("telegram-token") != Some("web-chat")),
];

const STATES: [&str; 27] = [
    "AC", "AL", "AM", "AP", "BA", "CE", "DF", "ES", "GO", "MA", "MG", "MS", "MT", "PA", "PB", "PE", "PI", "PR", "RJ",
    "RN", "RO", "RR", "RS", "SC", "SE", "SP", "TO",
];

/// The city and its state's letters: the state stands last, behind `/`, `-`, `,` or a blank.
fn parts(written: &str) -> Option<(&str, String)> {
    let (city, state) = written.trim().rsplit_once(['/', '-', ',', ' '])?;
    let (city, state) = (city.trim_end_matches(['/', '-', ',', ' ']), state.to_uppercase());
    (city.chars().count() >= 2 && STATES.contains(&state.as_str())).then_some((city, state))
}

fn city_and_state(written: &str) -> Result<(), Text> {
    parts(written).map(|_| ()).ok_or(text(
        "Escreva a cidade e a sigla do estado, como Recife/PE.",
        "Please write the city and the state's two letters, such as Recife/PE.",
    ))
}

fn shown_city(written: &str) -> String {
    parts(written).map_or(written.to_owned(), |(city, state)| format!("{city}/{state}"))
}

fn cnpj(written: &str) -> Result<(), Text> {
    Cnpj::parse(written).map(|_| ()).map_err(|error| match error {
        CnpjError::Length(_) => text(
            "Um CNPJ tem 14 caracteres, sem contar pontos e traços.",
            "A CNPJ has 14 characters, not counting dots and dashes.",
        ),
        CnpjError::Character => text(
            "Um CNPJ tem letras e números, e termina em dois números.",
            "A CNPJ has letters and digits, and ends in two digits.",
        ),
        CnpjError::Repeated => {
            text("Esse CNPJ não existe: todos os números são iguais.", "There is no such CNPJ: all digits are equal.")
        }
        CnpjError::CheckDigits => text(
            "Os dígitos verificadores não conferem: há um caractere trocado.",
            "The check digits do not fit: a character is mistyped.",
        ),
    })
}

fn shown_cnpj(written: &str) -> String {
    Cnpj::parse(written).map_or(written.to_owned(), |cnpj| cnpj.to_string())
}

#[cfg(test)]
mod tests {
    use openclaw_niche::bindings::types::Step;
    use openclaw_niche::next_step;

    use super::*;

    const ANSWERS: &[(&str, &str)] = &[
        ("pharmacy-name", "Farmácia Boa Viagem"),
        ("city", "recife - pe"),
        ("cnpj", "12abc34501de35"),
        ("opening-hours", "Seg a sáb, 8h às 20h"),
        ("stock-system", "none"),
        ("telegram-token", "web-chat"),
    ];

    fn next(answers: &[(&str, &str)]) -> Result<Step, (String, String)> {
        let profile = answers.iter().copied().collect();
        next_step(QUESTIONS, &profile, Locale::Pt).map_err(|rejection| (rejection.question, rejection.message))
    }

    #[test]
    fn a_pharmacy_with_the_web_chat_answers_six_questions() {
        for (place, (question, _)) in ANSWERS.iter().enumerate() {
            match next(&ANSWERS[..place]) {
                Ok(Step::Ask(asked)) => {
                    assert_eq!((asked.id.as_str(), asked.position as usize), (*question, place + 1))
                }
                other => panic!("{other:?}"),
            }
        }
        let Ok(Step::Done(lines)) = next(ANSWERS) else { panic!("not done") };
        let values: Vec<&str> = lines.iter().map(|line| line.value.as_str()).collect();
        assert_eq!(
            values,
            [
                "Farmácia Boa Viagem",
                "recife/PE",
                "12.ABC.345/01DE-35",
                "Seg a sáb, 8h às 20h",
                "Nenhum, ou papel",
                "Só pelo chat do site"
            ]
        );
    }

    #[test]
    fn a_bot_asks_for_the_telegram_user_and_a_system_for_its_name() {
        let mut answers = ANSWERS.to_vec();
        answers[4].1 = "system";
        answers[5].1 = "provided";
        let Ok(Step::Ask(question)) = next(&answers) else { panic!() };
        assert_eq!((question.id.as_str(), question.total), ("stock-system-name", 8));
        answers.push(("stock-system-name", "Sistema X"));
        let Ok(Step::Ask(question)) = next(&answers) else { panic!() };
        assert_eq!(question.id, "telegram-user");
        answers.push(("telegram-user", ""));
        assert_eq!(next(&answers).unwrap_err().0, "telegram-user");
        answers.last_mut().unwrap().1 = "123456789";
        assert!(matches!(next(&answers), Ok(Step::Done(_))));
    }

    #[test]
    fn wrong_answers_are_refused_with_what_would_be_right() {
        for (question, wrong, hint) in [
            ("pharmacy-name", " ", "necessária"),
            ("city", "Recife", "sigla"),
            ("city", "Recife/XX", "sigla"),
            ("cnpj", "11.222.333/0001-82", "verificadores"),
            ("cnpj", "00000000000000", "iguais"),
            ("stock-system", "sap", "opções"),
            ("telegram-user", "@ana", "número"),
        ] {
            let (refused, message) = next(&[(question, wrong)]).unwrap_err();
            assert_eq!(refused, question);
            assert!(message.contains(hint), "{message}");
        }
    }
}
