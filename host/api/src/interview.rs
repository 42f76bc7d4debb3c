//! The interview: which question comes next, and whether an answer will do. The core tests what it can by the kind of
//! the question, then the niche has its say. The niche never sees a bot token.

use openclaw_platform::{
    agents::Answer,
    onboarding::{BotToken, Change, Interview},
};
use openclaw_plugins::{self as plugins, Question, QuestionKind, Release, Step, SummaryLine, WEB_CHAT};
use secrecy::SecretString;

use crate::{
    AppState,
    error::{ApiError, Result},
    locale::Locale,
    sentences::Sentence,
    telegram,
};

/// What a niche is told in place of a bot token.
const PROVIDED: &str = "provided";
/// The longest text that is taken whatever the niche says, in characters.
const LONGEST: u32 = 10_000;
/// Questions of one interview at most: a niche that asks for ever is stopped here.
const MOST_QUESTIONS: usize = 100;

/// Where an interview is.
pub(crate) struct Asked {
    /// The questions that were answered, with their answers.
    pub(crate) answered: Vec<(Question, String)>,
    /// What comes next.
    pub(crate) next: Next,
}

/// What comes next.
pub(crate) enum Next {
    Ask(Question),
    Done(Vec<SummaryLine>),
}

/// Asks the niche's questions again along `answers`, as far as they still fit.
pub(crate) async fn replay(release: &Release, answers: &[Answer], locale: Locale) -> Result<Asked> {
    let profile = profile(answers);
    let mut answered = Vec::with_capacity(answers.len());
    // As many answers of the beginning as the niche takes: all of them, unless it has changed its mind.
    let mut taken = profile.len();
    loop {
        let at = answered.len();
        match release.next_question(&profile[..at], locale.as_str()).await? {
            Step::Done(summary) => return Ok(Asked { answered, next: Next::Done(summary) }),
            Step::Ask(question) => match answers.get(at).filter(|a| at < taken && a.question == question.id) {
                Some(answer) => answered.push((question, answer.value.clone())),
                None => return Ok(Asked { answered, next: Next::Ask(question) }),
            },
            Step::Rejected(rejection) => {
                let refused = answers.iter().position(|a| a.question == rejection.question).unwrap_or(0);
                if refused >= taken {
                    return Err(plugins::PluginError::InvalidOutput {
                        export: "onboarding.next",
                        detail: format!("refuses an answer that was not given: {}", rejection.question),
                    }
                    .into());
                }
                taken = refused;
                answered.truncate(taken);
            }
        }
    }
}

/// An interview's answers after one more, ready to be kept.
#[derive(Debug)]
pub(crate) struct Given {
    answers: Vec<Answer>,
    bot_token: BotToken,
    telegram_user: Option<i64>,
    done: bool,
}

impl Given {
    /// As the platform keeps it.
    pub(crate) fn change(self, answers: &mut Vec<Answer>) -> Change<'_> {
        *answers = self.answers;
        Change { answers, bot_token: self.bot_token, telegram_user: self.telegram_user, done: self.done }
    }
}

/// Answers `question`, the current one or an earlier one. The answers after that stay, up to the first that no longer
/// fits; those that are no longer asked for are dropped.
pub(crate) async fn answer(
    state: &AppState,
    release: &Release,
    interview: &Interview,
    question: &str,
    value: &str,
) -> Result<Given> {
    let locale = Locale::stored(&interview.locale);
    let Asked { mut answered, next } = replay(release, &interview.answers, locale).await?;
    let (asked, later) = match answered.iter().position(|(earlier, _)| earlier.id == question) {
        Some(at) => {
            let later = answered.split_off(at + 1);
            let (asked, _) = answered.remove(at);
            (asked, later)
        }
        None => match next {
            Next::Ask(current) if current.id == question => (current, Vec::new()),
            _ => {
                let detail = format!("the question {question:?} is not asked here");
                return Err(ApiError::field("unknown-question", "question", detail));
            }
        },
    };
    if answered.len() >= MOST_QUESTIONS {
        return Err(ApiError::Conflict { code: "too-many-questions", detail: "the niche asks too much".into() });
    }
    let refuse = |sentence: &Sentence| ApiError::field("invalid-answer", &asked.id, sentence.in_(locale));
    let checked = check(&asked, value, &answered).map_err(|sentence| refuse(&sentence))?;
    let token = match checked {
        Checked::Token(token) if telegram::is_refused(state, &token).await => {
            return Err(refuse(&Sentence::UnknownBot));
        }
        Checked::Token(token) => Some(token),
        Checked::Plain => None,
    };
    let value = match (&token, value.trim()) {
        (Some(_), _) => PROVIDED.to_owned(),
        (None, value) => value.to_owned(),
    };
    answered.push((asked, value));
    let step = match release.next_question(&profile(&kept(&answered)), locale.as_str()).await? {
        Step::Rejected(r) => return Err(ApiError::field("invalid-answer", r.question, r.message)),
        step => step,
    };
    let done = matches!(go_on(release, &mut answered, step, later, locale).await?, Step::Done(_));
    let answers = kept(&answered);
    let bot_token = match token {
        Some(token) => BotToken::Set(token),
        None => kept_token(&answered),
    };
    Ok(Given { bot_token, telegram_user: telegram_user(&answered), answers, done })
}

/// Gives the answers of `later` again, as long as they are asked for and taken. The step after the last of them.
async fn go_on(
    release: &Release,
    answered: &mut Vec<(Question, String)>,
    mut step: Step,
    mut later: Vec<(Question, String)>,
    locale: Locale,
) -> Result<Step> {
    loop {
        let Step::Ask(question) = &step else { return Ok(step) };
        let Some(at) = later.iter().position(|(earlier, _)| earlier.id == question.id) else { return Ok(step) };
        let (_, value) = later.remove(at);
        if !still_fits(question, &value, answered) {
            return Ok(step);
        }
        answered.push((question.clone(), value));
        match release.next_question(&profile(&kept(answered)), locale.as_str()).await? {
            Step::Rejected(_) => {
                answered.pop();
                return Ok(step);
            }
            further => step = further,
        }
    }
}

/// Whether an answer that was taken before would be taken now. Of a bot token only that it was given is known.
fn still_fits(question: &Question, value: &str, before: &[(Question, String)]) -> bool {
    let given = question.kind == QuestionKind::TelegramToken && value == PROVIDED;
    given || matches!(check(question, value, before), Ok(Checked::Plain))
}

/// As the platform keeps them.
fn kept(answered: &[(Question, String)]) -> Vec<Answer> {
    answered.iter().map(|(q, value)| Answer { question: q.id.clone(), value: value.clone() }).collect()
}

/// Takes the last answer back.
pub(crate) async fn back(release: &Release, interview: &Interview) -> Result<Given> {
    let locale = Locale::stored(&interview.locale);
    let mut answered = replay(release, &interview.answers, locale).await?.answered;
    answered.pop();
    Ok(Given {
        bot_token: kept_token(&answered),
        telegram_user: telegram_user(&answered),
        answers: kept(&answered),
        done: false,
    })
}

/// What becomes of the token that is kept: it stays with its answer.
fn kept_token(answered: &[(Question, String)]) -> BotToken {
    let provided = answered.iter().any(|(q, value)| q.kind == QuestionKind::TelegramToken && value == PROVIDED);
    if provided { BotToken::Keep } else { BotToken::Forget }
}

fn telegram_user(answered: &[(Question, String)]) -> Option<i64> {
    answered.iter().filter(|(q, _)| q.kind == QuestionKind::TelegramUser).find_map(|(_, value)| value.parse().ok())
}

/// An answer that the core has nothing against.
enum Checked {
    Plain,
    Token(SecretString),
}

fn check(question: &Question, value: &str, before: &[(Question, String)]) -> Result<Checked, Sentence> {
    let value = value.trim();
    if value.is_empty() {
        let web_chat_alone =
            || before.iter().any(|(q, value)| q.kind == QuestionKind::TelegramToken && value == WEB_CHAT);
        let may = question.optional || (question.kind == QuestionKind::TelegramUser && web_chat_alone());
        return if may { Ok(Checked::Plain) } else { Err(Sentence::Empty) };
    }
    match &question.kind {
        QuestionKind::Text { min, max, multiline } => {
            let characters = u32::try_from(value.chars().count()).unwrap_or(u32::MAX);
            let most = (*max).min(LONGEST);
            if value.chars().any(|c| c.is_control() && !(*multiline && c == '\n')) {
                return Err(Sentence::ControlCharacters);
            }
            if characters < *min {
                return Err(Sentence::TooShort(*min));
            }
            if characters > most {
                return Err(Sentence::TooLong(most));
            }
        }
        QuestionKind::Choice { options } => {
            if !options.iter().any(|option| option.id == value) {
                return Err(Sentence::NoOption);
            }
        }
        QuestionKind::Number { min, max, .. } => {
            let number: i64 = value.parse().map_err(|_| Sentence::NoNumber)?;
            if !(*min..=*max).contains(&number) {
                return Err(Sentence::OutOfRange(*min, *max));
            }
        }
        QuestionKind::YesNo => {
            if !matches!(value, "yes" | "no") {
                return Err(Sentence::NoYesNo);
            }
        }
        QuestionKind::TelegramUser => {
            let user = value.bytes().all(|b| b.is_ascii_digit()).then(|| value.parse::<i64>().ok()).flatten();
            if !user.is_some_and(|user| (1..=telegram::LARGEST_USER).contains(&user)) {
                return Err(Sentence::NoTelegramUser);
            }
        }
        QuestionKind::TelegramToken => {
            if value != WEB_CHAT {
                return if telegram::is_token(value) {
                    Ok(Checked::Token(value.to_owned().into()))
                } else {
                    Err(Sentence::NoToken)
                };
            }
        }
    }
    Ok(Checked::Plain)
}

/// Answers as niches take them.
pub(crate) fn profile(answers: &[Answer]) -> Vec<plugins::Answer> {
    answers.iter().map(|a| plugins::Answer { question: a.question.clone(), value: a.value.clone() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(kind: QuestionKind, optional: bool) -> Question {
        Question {
            id: "q".into(),
            title: "?".into(),
            help: None,
            why: None,
            example: None,
            kind,
            optional,
            position: 1,
            total: 1,
        }
    }

    fn wrong(kind: QuestionKind, value: &str) -> Option<Sentence> {
        check(&question(kind, false), value, &[]).err()
    }

    #[test]
    fn an_answer_is_held_against_the_kind_of_its_question() {
        let text = || QuestionKind::Text { min: 2, max: 5, multiline: false };
        assert_eq!(wrong(text(), "abc"), None);
        assert_eq!(wrong(text(), " "), Some(Sentence::Empty));
        assert_eq!(wrong(text(), "ã"), Some(Sentence::TooShort(2)));
        assert_eq!(wrong(text(), "abcdef"), Some(Sentence::TooLong(5)));
        assert_eq!(wrong(text(), "a\nb"), Some(Sentence::ControlCharacters));
        let number = || QuestionKind::Number { min: 1, max: 9, unit: None };
        assert_eq!(wrong(number(), "9"), None);
        assert_eq!(wrong(number(), "x"), Some(Sentence::NoNumber));
        assert_eq!(wrong(number(), "10"), Some(Sentence::OutOfRange(1, 9)));
        assert_eq!(wrong(QuestionKind::YesNo, "maybe"), Some(Sentence::NoYesNo));
        assert_eq!(wrong(QuestionKind::TelegramUser, "123456789"), None);
        for user in ["0", "-1", "+1", "4503599627370496", "ana"] {
            assert_eq!(wrong(QuestionKind::TelegramUser, user), Some(Sentence::NoTelegramUser), "{user}");
        }
        assert_eq!(wrong(QuestionKind::TelegramToken, WEB_CHAT), None);
        assert_eq!(wrong(QuestionKind::TelegramToken, "123"), Some(Sentence::NoToken));
    }

    #[test]
    fn a_telegram_user_may_be_left_out_by_those_who_use_the_web_chat_alone() {
        let user = question(QuestionKind::TelegramUser, false);
        assert!(check(&user, "", &[]).is_err());
        let before = [(question(QuestionKind::TelegramToken, false), WEB_CHAT.to_owned())];
        assert!(check(&user, "", &before).is_ok());
    }
}
