//! The interview as a list of questions: asks the first that is open, refuses the first answer that will not do.

use crate::bindings::types as wit;
use crate::{Choice, Kind, Locale, Profile, Question, Text, text};

/// What answers a Telegram question when the customer uses the web chat alone.
const WEB_CHAT: &str = "web-chat";

/// The next step after `answers`. Answers to questions that are not asked (any more) are ignored.
pub fn next_step(questions: &[Question], answers: &Profile, locale: Locale) -> Result<wit::Step, wit::Rejection> {
    let asked: Vec<&Question> = questions.iter().filter(|q| q.when.is_none_or(|when| when(answers))).collect();
    let mut open = None;
    for (place, question) in asked.iter().enumerate() {
        match answers.raw(question.id) {
            Some(answer) => question.accept(answer.trim()).map_err(|message| wit::Rejection {
                question: question.id.to_owned(),
                message: message.in_(locale).to_owned(),
            })?,
            None => open = open.or(Some((place, question))),
        }
    }
    Ok(match open {
        Some((place, question)) => wit::Step::Ask(question.ask(place, asked.len(), locale)),
        None => wit::Step::Done(asked.iter().map(|question| question.summary(answers, locale)).collect()),
    })
}

// === impl Question ===

impl Question {
    fn accept(&self, answer: &str) -> Result<(), Text> {
        if answer.is_empty() {
            return if self.optional { Ok(()) } else { Err(EMPTY) };
        }
        match self.kind {
            Kind::Text { min, max, .. } => {
                let length = u32::try_from(answer.chars().count()).unwrap_or(u32::MAX);
                if length < min {
                    return Err(TOO_SHORT);
                }
                if length > max {
                    return Err(TOO_LONG);
                }
            }
            Kind::Choice(options) => {
                options.iter().find(|option| option.id == answer).ok_or(NOT_AN_OPTION)?;
            }
            Kind::Number { min, max, .. } => {
                let number: i64 = answer.parse().map_err(|_| NO_NUMBER)?;
                if !(min..=max).contains(&number) {
                    return Err(OUT_OF_RANGE);
                }
            }
            Kind::YesNo if !matches!(answer, "yes" | "no") => return Err(NOT_YES_OR_NO),
            // Telegram's ids have at most 52 significant bits.
            Kind::TelegramUser if answer != WEB_CHAT => match answer.parse::<u64>() {
                Ok(id) if id > 0 && id < 1 << 52 => {}
                _ => return Err(NO_TELEGRAM_ID),
            },
            // The host checks the token itself; here it is `provided` or the web chat.
            Kind::YesNo | Kind::TelegramUser | Kind::TelegramToken => {}
        }
        self.check.map_or(Ok(()), |check| check(answer))
    }

    fn ask(&self, place: usize, total: usize, locale: Locale) -> wit::Question {
        let said = |text: Text| text.in_(locale).to_owned();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        wit::Question {
            id: self.id.to_owned(),
            title: said(self.title),
            help: self.help.map(said),
            why: self.why.map(said),
            example: self.example.map(said),
            kind: self.kind.in_(locale),
            optional: self.optional,
            position: count(place + 1),
            total: count(total),
        }
    }

    fn summary(&self, answers: &Profile, locale: Locale) -> wit::SummaryLine {
        let answer = answers.get(self.id).unwrap_or_default();
        let value = match (self.kind, self.show) {
            (Kind::TelegramUser | Kind::TelegramToken, _) if answer.is_empty() || answer == WEB_CHAT => {
                WEB_CHAT_ALONE.in_(locale).to_owned()
            }
            (_, _) if answer.is_empty() => "–".to_owned(),
            (Kind::TelegramToken, _) => KEPT.in_(locale).to_owned(),
            (_, Some(show)) => show(answer),
            (Kind::Choice(options), None) => {
                let option = options.iter().find(|option| option.id == answer);
                option.map_or(answer, |option| option.label.in_(locale)).to_owned()
            }
            (Kind::YesNo, None) => if answer == "yes" { YES } else { NO }.in_(locale).to_owned(),
            (Kind::Number { unit: Some(unit), .. }, None) => format!("{answer} {}", unit.in_(locale)),
            (_, None) => answer.to_owned(),
        };
        wit::SummaryLine { question: self.id.to_owned(), label: self.label.in_(locale).to_owned(), value }
    }
}

impl Kind {
    fn in_(self, locale: Locale) -> wit::Kind {
        let said = |text: Text| text.in_(locale).to_owned();
        match self {
            Self::Text { min, max, multiline } => wit::Kind::Text(wit::TextBounds { min, max, multiline }),
            Self::Choice(options) => {
                let option = |o: &Choice| wit::ChoiceOption { id: o.id.to_owned(), label: said(o.label), help: None };
                wit::Kind::Choice(options.iter().map(option).collect())
            }
            Self::Number { min, max, unit } => wit::Kind::Number(wit::NumberBounds { min, max, unit: unit.map(said) }),
            Self::YesNo => wit::Kind::YesNo,
            Self::TelegramUser => wit::Kind::TelegramUser,
            Self::TelegramToken => wit::Kind::TelegramToken,
        }
    }
}

const EMPTY: Text = text("Esta resposta é necessária.", "This answer is needed.");
const TOO_SHORT: Text =
    text("Está curto demais. Escreva um pouco mais.", "That is too short. Please write a little more.");
const TOO_LONG: Text = text("Está longo demais. Resuma, por favor.", "That is too long. Please shorten it.");
const NOT_AN_OPTION: Text = text("Escolha uma das opções.", "Please choose one of the options.");
const NO_NUMBER: Text =
    text("Escreva um número inteiro, só com algarismos.", "Please write a whole number, in digits.");
const OUT_OF_RANGE: Text = text("Esse número está fora dos limites.", "That number is out of range.");
const NOT_YES_OR_NO: Text = text("Responda sim ou não.", "Please answer yes or no.");
const NO_TELEGRAM_ID: Text = text(
    "O id do Telegram é um número, como 123456789. O bot @userinfobot mostra o seu.",
    "A Telegram id is a number, such as 123456789. The bot @userinfobot shows yours.",
);
const WEB_CHAT_ALONE: Text = text("Só pelo chat do site", "Web chat only");
const KEPT: Text = text("Recebido e guardado com segurança", "Received and kept safely");
const YES: Text = text("Sim", "Yes");
const NO: Text = text("Não", "No");

#[cfg(test)]
mod tests {
    use super::*;

    const SAME: Text = text("?", "?");
    const QUESTIONS: &[Question] = &[
        Question::new("name", Kind::Text { min: 2, max: 10, multiline: false }, SAME, text("Nome", "Name")),
        Question::new("pets", Kind::YesNo, SAME, text("Animais", "Pets")),
        Question::new("legs", Kind::Number { min: 0, max: 8, unit: None }, SAME, text("Pernas", "Legs"))
            .when(|answers| answers.get("pets") == Some("yes")),
        Question::new("user", Kind::TelegramUser, SAME, text("Telegram", "Telegram")).optional(),
    ];

    fn step(answers: &[(&str, &str)]) -> Result<wit::Step, wit::Rejection> {
        next_step(QUESTIONS, &answers.iter().copied().collect(), Locale::En)
    }

    fn asked(answers: &[(&str, &str)]) -> (String, u32, u32) {
        match step(answers) {
            Ok(wit::Step::Ask(question)) => (question.id, question.position, question.total),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_first_open_question_is_asked_and_the_count_follows_the_answers() {
        assert_eq!(asked(&[]), ("name".into(), 1, 3));
        assert_eq!(asked(&[("name", "Ana"), ("pets", "no")]), ("user".into(), 3, 3));
        assert_eq!(asked(&[("name", "Ana"), ("pets", "yes")]), ("legs".into(), 3, 4));
    }

    #[test]
    fn the_first_bad_answer_is_refused_even_when_an_earlier_question_is_open() {
        for (question, bad) in [("name", "A"), ("name", "  "), ("pets", "maybe"), ("user", "@ana"), ("user", "0")] {
            assert_eq!(step(&[(question, bad)]).unwrap_err().question, question, "{bad}");
        }
        let rejection = step(&[("name", "Ana"), ("pets", "yes"), ("legs", "9")]).unwrap_err();
        assert_eq!(rejection.question, "legs");
    }

    #[test]
    fn the_summary_speaks_as_people_do_and_a_later_answer_replaces_an_earlier_one() {
        let Ok(wit::Step::Done(lines)) = step(&[("name", "Ana"), ("pets", "no"), ("user", ""), ("name", "Bia")]) else {
            panic!("not done");
        };
        let lines: Vec<_> = lines.into_iter().map(|line| format!("{}: {}", line.label, line.value)).collect();
        assert_eq!(lines, ["Name: Bia", "Pets: No", "Telegram: Web chat only"]);
    }
}
