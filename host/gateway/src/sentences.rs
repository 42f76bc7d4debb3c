//! What the gateway itself says to a person, in their language: short, and with what to do.

/// A language the gateway speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Locale {
    /// Portuguese of Brazil.
    Pt,
    /// English.
    En,
}

/// Why a message gets a sentence instead of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The LLM cannot be reached or fails.
    Away,
    /// The LLM has too much to do.
    Busy,
    /// The agent's credential is not accepted.
    NoAccess,
    /// The LLM refused this request.
    Refused,
    /// The whole answer took too long.
    TooLong,
    /// The LLM went on calling tools.
    TooManySteps,
    /// The LLM said nothing.
    Empty,
    /// What came of it cannot be kept.
    NotKept,
}

impl Locale {
    /// `pt`, `pt-BR`, `en`, `en-US`, …
    pub fn parse(text: &str) -> Option<Self> {
        match text.split(['-', '_']).next()?.to_ascii_lowercase().as_str() {
            "pt" => Some(Self::Pt),
            "en" => Some(Self::En),
            _ => None,
        }
    }

    fn choose<T>(self, pt: T, en: T) -> T {
        match self {
            Self::Pt => pt,
            Self::En => en,
        }
    }

    pub(crate) fn trouble(self, trouble: Trouble) -> &'static str {
        match trouble {
            Trouble::Away => self.choose(
                "Não consegui responder agora: o serviço de inteligência não está disponível. Envie a mensagem de novo em alguns minutos.",
                "I could not answer now: the language service is not available. Please send your message again in a few minutes.",
            ),
            Trouble::Busy => self.choose(
                "Há muitos pedidos neste momento. Espere um minuto e envie a mensagem de novo.",
                "There are too many requests right now. Please wait a minute and send your message again.",
            ),
            Trouble::NoAccess => self.choose(
                "Este assistente está sem acesso no momento. Verifique a assinatura no painel da sua conta.",
                "This assistant has no access at the moment. Please check the subscription in your account's dashboard.",
            ),
            Trouble::Refused => self.choose(
                "Não consegui tratar esta mensagem. Tente escrever de outra forma.",
                "I could not handle this message. Please try to say it in another way.",
            ),
            Trouble::TooLong => self.choose(
                "A resposta demorou demais. Tente de novo com uma pergunta mais curta.",
                "The answer took too long. Please try again with a shorter question.",
            ),
            Trouble::TooManySteps => self.choose(
                "A pergunta pediu passos demais e parei antes do fim. Divida-a em perguntas menores.",
                "The question took too many steps and I stopped before the end. Please split it into smaller questions.",
            ),
            Trouble::Empty => self.choose(
                "Fiquei sem resposta para esta mensagem. Tente escrever de outra forma.",
                "I found no answer to this message. Please try to say it in another way.",
            ),
            Trouble::NotKept => self.choose(
                "Isto ficou grande demais para eu guardar e parei antes do fim. Peça menos de cada vez; antes de repetir um pedido, confira se ele já foi feito.",
                "This became too large for me to keep and I stopped before the end. Please ask for less at a time; before repeating a request, check whether it was already done.",
            ),
        }
    }

    /// For voice, pictures, files and the like.
    pub(crate) fn only_text(self) -> &'static str {
        self.choose(
            "Por enquanto só entendo texto. Escreva sua pergunta, por favor.",
            "I only understand text for now. Please write your question.",
        )
    }

    /// For someone who is not on the list; the id is what the owner needs to add them.
    pub(crate) fn stranger(self, user: u64) -> String {
        self.choose(
            format!(
                "Este é um assistente particular. Se ele é seu, inclua o ID {user} do Telegram no painel da sua conta."
            ),
            format!(
                "This is a private assistant. If it is yours, add the Telegram ID {user} in your account's dashboard."
            ),
        )
    }

    /// When the conversation cannot be read for a while; the message waits and is answered later.
    pub(crate) fn waiting(self) -> &'static str {
        self.choose(
            "Estou com uma dificuldade técnica. Sua mensagem está guardada e será respondida assim que passar; não precisa enviá-la de novo.",
            "I have a technical difficulty. Your message is kept and will be answered as soon as it passes; no need to send it again.",
        )
    }

    /// What `/start` is taken for.
    pub(crate) fn hello(self) -> &'static str {
        self.choose("Olá! Em que você pode me ajudar?", "Hello! What can you help me with?")
    }
}
