//! The pages' addresses: which data each asks the API for.

use std::{collections::HashMap, sync::Arc};

use axum::{
    extract::{Path, Query, Request, State},
    response::Response,
};
use http::StatusCode;
use openclaw_api_types::{
    Agent, ChatItem, Checkout, Customer, List, NicheDetail, NicheStatus, NicheSummary, Onboarding, OnboardingStep,
    OutboxMail, Problem, Progress, TierSummary,
};

use super::{Web, api::Failure, forms, reader::Reader, see_other};
use crate::{
    Page,
    document::{
        AgentPage, AgentsPage, DemoCheckoutPage, DesignPage, Hero, Landing, NichePage, OutboxPage, PlanPage,
        ProgressPage, QuestionPage, SignInPage, SummaryPage, UseLinkPage,
    },
};

type Id = Path<(String, String)>;
type Words = Query<HashMap<String, String>>;

fn answer(reader: &Reader, page: Result<(Page, Option<Customer>), Failure>) -> Response {
    match page {
        Ok((page, customer)) => reader.page(StatusCode::OK, page, customer),
        Err(failure) => reader.failed(failure),
    }
}

async fn niches(reader: &Reader) -> Result<Vec<NicheSummary>, Failure> {
    let list: List<_> = reader.call().get(&format!("/v1/niches?locale={}", reader.locale.code())).await?;
    Ok(list.items)
}

async fn tiers(reader: &Reader) -> Result<Vec<TierSummary>, Failure> {
    let list: List<_> = reader.call().get("/v1/tiers").await?;
    Ok(list.items)
}

async fn niche_of(reader: &Reader, id: &str) -> Result<NicheDetail, Failure> {
    reader.call().get(&format!("/v1/niches/{id}?locale={}", reader.locale.code())).await
}

/// `/{locale}`.
pub(super) async fn landing(reader: Reader) -> Response {
    let page = async {
        let (niches, tiers, customer) = futures::try_join!(niches(&reader), tiers(&reader), reader.customer())?;
        let first = niches.iter().find(|niche| niche.status == NicheStatus::Active);
        let hero = match first {
            // The page reads without it too.
            Some(first) => niche_of(&reader, &first.id).await.ok().and_then(|niche| {
                let conversation = niche.examples.into_iter().next()?;
                Some(Hero { niche: niche.summary, conversation })
            }),
            None => None,
        };
        Ok((Page::Landing(Box::new(Landing { niches, hero, tiers })), customer))
    };
    let page = page.await;
    answer(&reader, page)
}

/// `/{locale}/niches/{niche}`.
pub(super) async fn niche(reader: Reader, Path((_, id)): Id) -> Response {
    let page = async {
        let (niche, tiers, customer) = futures::try_join!(niche_of(&reader, &id), tiers(&reader), reader.customer())?;
        Ok((Page::Niche(Box::new(NichePage { niche, tiers })), customer))
    };
    let page = page.await;
    answer(&reader, page)
}

/// `/{locale}/onboarding/{id}`; `?at=` goes back to a question that was answered.
pub(super) async fn onboarding(reader: Reader, Path((_, id)): Id, Query(words): Words) -> Response {
    let page = async {
        let path = format!("/v1/onboarding/{id}?locale={}", reader.locale.code());
        let call = reader.call();
        let (onboarding, customer) = futures::try_join!(call.get::<Onboarding>(&path), reader.customer())?;
        Ok((step(onboarding, words.get("at").map(String::as_str)), customer))
    };
    let page = page.await;
    answer(&reader, page)
}

/// The page of an interview: the question `at`, or what comes next.
fn step(onboarding: Onboarding, at: Option<&str>) -> Page {
    let earlier = onboarding.answered.iter().find(|answered| Some(answered.question.id.as_str()) == at).cloned();
    if let Some(earlier) = earlier {
        let page = QuestionPage { onboarding, question: earlier.question, value: earlier.value, error: None };
        return Page::Question(Box::new(page));
    }
    match onboarding.step.clone() {
        OnboardingStep::Ask { question } => {
            Page::Question(Box::new(QuestionPage { onboarding, question, value: String::new(), error: None }))
        }
        OnboardingStep::Done { summary } => Page::Summary(Box::new(SummaryPage { onboarding, lines: summary })),
    }
}

/// The question again, with why its answer was refused.
pub(super) async fn refused(reader: &Reader, id: &str, question: &str, value: String, problem: &Problem) -> Response {
    let onboarding: Result<Onboarding, _> =
        reader.call().get(&format!("/v1/onboarding/{id}?locale={}", reader.locale.code())).await;
    match onboarding.map(|onboarding| step(onboarding, Some(question))) {
        Ok(Page::Question(mut page)) => {
            page.value = value;
            page.error = Some(crate::components::prelude::sentence(reader.locale, problem));
            reader.page(StatusCode::UNPROCESSABLE_ENTITY, Page::Question(page), None)
        }
        Ok(page) => reader.page(StatusCode::OK, page, None),
        Err(failure) => reader.failed(failure),
    }
}

/// `/{locale}/onboarding/{id}/plan`; `?tier=` is a choice that waits for signing in.
pub(super) async fn plan(reader: Reader, Path((_, id)): Id, Query(words): Words) -> Response {
    let chosen = words.get("tier").cloned();
    plan_with(&reader, &id, chosen, None).await
}

pub(super) async fn plan_with(reader: &Reader, id: &str, chosen: Option<String>, problem: Option<Problem>) -> Response {
    let page = async {
        let path = format!("/v1/onboarding/{id}?locale={}", reader.locale.code());
        let call = reader.call();
        let (onboarding, tiers, customer) =
            futures::try_join!(call.get::<Onboarding>(&path), tiers(reader), reader.customer())?;
        let page = match &onboarding.step {
            OnboardingStep::Ask { .. } => step(onboarding, None),
            OnboardingStep::Done { .. } => Page::Plan(Box::new(PlanPage { onboarding, tiers, chosen, problem })),
        };
        Ok((page, customer))
    };
    let page = page.await;
    answer(reader, page)
}

/// `/{locale}/sign-in`; `?token=` is a link that was opened.
pub(super) async fn sign_in(reader: Reader, Query(mut words): Words) -> Response {
    let page = match words.remove("token") {
        Some(token) => Page::UseLink(UseLinkPage { token, asked_here: forms::asked_here(&reader) }),
        None => Page::SignIn(SignInPage { next: words.remove("next"), problem: None }),
    };
    reader.page(StatusCode::OK, page, None)
}

/// `/{locale}/outbox`, only in `dev`.
pub(super) async fn outbox(reader: Reader) -> Response {
    if !reader.web.dev {
        return reader.not_found();
    }
    let page = async {
        let call = reader.call();
        let (mails, customer) = futures::try_join!(call.get::<List<OutboxMail>>("/dev/outbox"), reader.customer())?;
        Ok((Page::Outbox(OutboxPage { mails: mails.items }), customer))
    };
    let page = page.await;
    answer(&reader, page)
}

/// `/{locale}/demo-checkout/{id}`.
pub(super) async fn demo_checkout(reader: Reader, Path((_, id)): Id) -> Response {
    let page = async {
        let path = format!("/v1/checkout/{id}");
        let call = reader.call();
        let (checkout, customer) = futures::try_join!(call.get::<Checkout>(&path), reader.customer())?;
        let niche = niche_of(&reader, &checkout.niche).await.ok().map(|niche| niche.summary);
        Ok((Page::DemoCheckout(Box::new(DemoCheckoutPage { checkout, niche })), customer))
    };
    let page = page.await;
    match page {
        Ok((Page::DemoCheckout(page), _)) if !page.checkout.demo => reader.not_found(),
        page => answer(&reader, page),
    }
}

/// `/{locale}/progress/{checkout}`.
pub(super) async fn progress(reader: Reader, Path((_, id)): Id) -> Response {
    let page = async {
        let (path, progress) = (format!("/v1/checkout/{id}"), format!("/v1/checkout/{id}/progress"));
        let call = reader.call();
        let (checkout, progress, customer) =
            futures::try_join!(call.get::<Checkout>(&path), call.get::<Progress>(&progress), reader.customer())?;
        Ok((Page::Progress(Box::new(ProgressPage { checkout, progress })), customer))
    };
    let page = page.await;
    answer(&reader, page)
}

/// `/{locale}/agents`.
pub(super) async fn agents(reader: Reader) -> Response {
    let page = async {
        let path = format!("/v1/agents?locale={}", reader.locale.code());
        let call = reader.call();
        let (agents, customer) = futures::try_join!(call.get::<List<Agent>>(&path), reader.customer())?;
        Ok((Page::Agents(AgentsPage { agents: agents.items }), customer))
    };
    let page = page.await;
    answer(&reader, page)
}

/// `/{locale}/agents/{id}`.
pub(super) async fn agent(reader: Reader, Path((_, id)): Id) -> Response {
    let page = async {
        let (path, chat) =
            (format!("/v1/agents/{id}?locale={}", reader.locale.code()), format!("/v1/agents/{id}/chat"));
        let call = reader.call();
        let (agent, chat, customer) =
            futures::try_join!(call.get::<Agent>(&path), call.get::<List<ChatItem>>(&chat), reader.customer())?;
        Ok((Page::Agent(Box::new(AgentPage { agent, chat: chat.items })), customer))
    };
    let page = page.await;
    answer(&reader, page)
}

/// `/{locale}/design`.
pub(super) async fn design(reader: Reader) -> Response {
    let tiers = tiers(&reader).await.unwrap_or_default();
    let niches = niches(&reader).await.unwrap_or_default();
    reader.page(StatusCode::OK, Page::Design(Box::new(DesignPage { tiers, niches })), None)
}

/// Whatever else.
pub(super) async fn not_found(State(web): State<Arc<Web>>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    if let Some(path) = parts.uri.path().strip_suffix('/').filter(|path| path.len() > 1)
        // Browsers take `//` and `/\` for another site.
        && !path[1..].starts_with(['/', '\\'])
    {
        return see_other(path);
    }
    Reader::of(&mut parts, &web).await.not_found()
}
