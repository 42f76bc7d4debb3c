//! Niches and their interviews.

use openclaw_api_types::{
    Answered, ChoiceOption, Conversation, HostWish, NicheDetail, NicheStatus, NicheSummary, Onboarding, OnboardingStep,
    Question, QuestionInput, Speaker, SummaryLine, ToolSummary, Turn, Wish, Wishes,
};
use openclaw_platform::onboarding::Interview;
use openclaw_plugins as plugins;

use crate::{
    interview::{Asked, Next},
    niches::Description,
    releases::rights::listed,
};

/// What a niche is shown with when it does not say what with.
pub(super) const ICON: &str = "🧩";
pub(super) const ACCENT: &str = "#6b7280";

pub(crate) fn summary(entry: &plugins::Entry) -> NicheSummary {
    NicheSummary {
        id: entry.id.clone(),
        name: entry.name.clone(),
        tagline: entry.tagline.clone(),
        icon: entry.icon.clone(),
        accent: entry.accent.clone(),
        status: match entry.status {
            plugins::Status::Active => NicheStatus::Active,
            plugins::Status::ComingSoon => NicheStatus::ComingSoon,
        },
        highlights: entry.highlights.clone(),
    }
}

/// A niche that does not describe itself: its agents can still be shown.
pub(super) fn unnamed(id: &str) -> NicheSummary {
    NicheSummary {
        id: id.to_owned(),
        name: id.to_owned(),
        tagline: String::new(),
        icon: ICON.to_owned(),
        accent: ACCENT.to_owned(),
        status: NicheStatus::Active,
        highlights: vec![],
    }
}

pub(crate) fn detail(description: &Description, digest: plugins::Digest) -> NicheDetail {
    let Description { entry, wishes, tools } = description;
    NicheDetail {
        summary: summary(entry),
        version: entry.version.clone(),
        digest: digest.to_string(),
        limits: entry.limits.clone(),
        suggestions: entry.suggestions.clone(),
        examples: entry.examples.iter().map(|example| conversation(example, tools)).collect(),
        tools: tools
            .iter()
            .map(|tool| ToolSummary {
                name: tool.name.clone(),
                title: tool.title.clone(),
                description: tool.description.clone(),
                read_only: tool.read_only,
            })
            .collect(),
        wishes: Wishes {
            hosts: wishes
                .hosts
                .iter()
                .map(|w| HostWish { name: w.host.clone(), methods: listed(&w.methods), reason: w.reason.clone() })
                .collect(),
            connections: wishes
                .connections
                .iter()
                .map(|w| Wish { name: w.provider.clone(), reason: w.reason.clone(), required: w.required })
                .collect(),
            storage_bytes: wishes.storage_bytes,
        },
    }
}

fn conversation(conversation: &plugins::Conversation, tools: &[plugins::Tool]) -> Conversation {
    let title = |name: &String| tools.iter().find(|t| t.name == *name).map_or(name, |t| &t.title).clone();
    Conversation {
        title: conversation.title.clone(),
        turns: conversation
            .turns
            .iter()
            .map(|turn| Turn {
                speaker: match turn.speaker {
                    plugins::Speaker::Person => Speaker::Person,
                    plugins::Speaker::Agent => Speaker::Agent,
                    plugins::Speaker::Tool => Speaker::Tool,
                },
                text: turn.text.clone(),
                tool: turn.tool.as_ref().map(title),
                source: turn.source.clone(),
            })
            .collect(),
    }
}

pub(crate) fn interview(interview: &Interview, asked: Asked, entry: &plugins::Entry) -> Onboarding {
    Onboarding {
        id: interview.id.to_string(),
        niche: summary(entry),
        locale: interview.locale.clone(),
        answered: asked.answered.into_iter().map(|(q, value)| Answered { question: question(q), value }).collect(),
        step: match asked.next {
            Next::Ask(next) => OnboardingStep::Ask { question: question(next) },
            Next::Done(lines) => OnboardingStep::Done { summary: summary_lines(lines) },
        },
    }
}

pub(crate) fn summary_lines(lines: Vec<plugins::SummaryLine>) -> Vec<SummaryLine> {
    lines.into_iter().map(|l| SummaryLine { question: l.question, label: l.label, value: l.value }).collect()
}

fn question(question: plugins::Question) -> Question {
    Question {
        id: question.id,
        title: question.title,
        help: question.help,
        why: question.why,
        example: question.example,
        input: match question.kind {
            plugins::QuestionKind::Text { min, max, multiline } => QuestionInput::Text { min, max, multiline },
            plugins::QuestionKind::Choice { options } => QuestionInput::Choice {
                options: options.into_iter().map(|o| ChoiceOption { id: o.id, label: o.label, help: o.help }).collect(),
            },
            plugins::QuestionKind::Number { min, max, unit } => QuestionInput::Number { min, max, unit },
            plugins::QuestionKind::YesNo => QuestionInput::YesNo,
            plugins::QuestionKind::TelegramUser => QuestionInput::TelegramUser,
            plugins::QuestionKind::TelegramToken => QuestionInput::TelegramToken,
        },
        optional: question.optional,
        position: question.position,
        total: question.total,
    }
}
