//! What the core says to people about an answer, in their language. Everything else they read comes from niches.

use crate::locale::Locale;

/// What is wrong with an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sentence {
    /// Nothing was said.
    Empty,
    /// Fewer characters than this.
    TooShort(u32),
    /// More characters than this.
    TooLong(u32),
    /// Characters that no text has.
    ControlCharacters,
    /// None of the options.
    NoOption,
    /// No whole number.
    NoNumber,
    /// Not between these.
    OutOfRange(i64, i64),
    /// Neither yes nor no.
    NoYesNo,
    /// No Telegram user id.
    NoTelegramUser,
    /// Not the shape of a bot token.
    NoToken,
    /// Telegram knows no such bot.
    UnknownBot,
}

impl Sentence {
    /// The sentence.
    pub(crate) fn in_(&self, locale: Locale) -> String {
        match locale {
            Locale::Pt => self.portuguese(),
            Locale::En => self.english(),
        }
    }

    fn portuguese(&self) -> String {
        match self {
            Self::Empty => "Esta resposta não pode ficar em branco.".into(),
            Self::TooShort(1) => "Escreva ao menos 1 caractere.".into(),
            Self::TooShort(min) => format!("Escreva ao menos {min} caracteres."),
            Self::TooLong(max) => format!("Escreva no máximo {max} caracteres."),
            Self::ControlCharacters => "Use apenas letras, números e sinais comuns.".into(),
            Self::NoOption => "Escolha uma das opções.".into(),
            Self::NoNumber => "Escreva um número inteiro.".into(),
            Self::OutOfRange(min, max) => format!("Escreva um número de {min} a {max}."),
            Self::NoYesNo => "Responda sim ou não.".into(),
            Self::NoTelegramUser => {
                "O ID do Telegram é um número, como 123456789. Para saber o seu, escreva para @userinfobot.".into()
            }
            Self::NoToken => "Isso não parece um token de bot. O @BotFather o mostra assim: 123456789:AAH… \
                              Copie-o inteiro, ou escolha o chat da web."
                .into(),
            Self::UnknownBot => "O Telegram não reconhece este token. Copie-o de novo do @BotFather, \
                                 ou escolha o chat da web."
                .into(),
        }
    }

    fn english(&self) -> String {
        match self {
            Self::Empty => "This answer cannot be left empty.".into(),
            Self::TooShort(1) => "Write at least 1 character.".into(),
            Self::TooShort(min) => format!("Write at least {min} characters."),
            Self::TooLong(max) => format!("Write at most {max} characters."),
            Self::ControlCharacters => "Use only letters, numbers and common signs.".into(),
            Self::NoOption => "Choose one of the options.".into(),
            Self::NoNumber => "Write a whole number.".into(),
            Self::OutOfRange(min, max) => format!("Write a number from {min} to {max}."),
            Self::NoYesNo => "Answer yes or no.".into(),
            Self::NoTelegramUser => {
                "A Telegram id is a number such as 123456789. To find yours, write to @userinfobot.".into()
            }
            Self::NoToken => "This does not look like a bot token. @BotFather shows it like 123456789:AAH… \
                              Copy all of it, or choose the web chat."
                .into(),
            Self::UnknownBot => {
                "Telegram does not know this token. Copy it from @BotFather again, or choose the web chat.".into()
            }
        }
    }
}
