//! The chat: what was said, what is being said, and the field to say something.

use openclaw_api_types::{Agent, AgentState, ChatItem, ChatMessage, List, Say, Speaker};
use sycamore::futures::spawn_local_scoped;
use wasm_bindgen::JsCast;

use crate::{browser, components::prelude::*, pages::agents::is_ending};

/// The list that scrolls.
const THREAD: &str = "thread";
/// The field.
const FIELD: &str = "say";
/// How long “typing” is believed without news, in milliseconds.
const TYPING: i64 = 8_000;
/// How long a message may be, as in Telegram.
const LONGEST: u32 = 4_096;

/// Something said that the server has not shown yet.
#[derive(Debug, Clone, PartialEq)]
struct Pending {
    number: u32,
    text: String,
    failed: Option<String>,
}

/// The chat's state; all of it is signals, so it is copied around.
#[derive(Clone, Copy)]
struct Chat {
    items: Signal<Vec<ChatItem>>,
    pending: Signal<Vec<Pending>>,
    count: Signal<u32>,
    typing: Signal<bool>,
    typing_until: Signal<i64>,
    draft: Signal<String>,
}

/// The chat of an agent. `answered` is called after each answer, when the use has changed.
pub(super) fn view(l: Locale, agent: &Agent, items: Vec<ChatItem>, answered: impl Fn() + 'static) -> View {
    let chat = Chat {
        items: create_signal(items),
        pending: create_signal(Vec::new()),
        count: create_signal(0),
        typing: create_signal(false),
        typing_until: create_signal(0),
        draft: create_signal(browser::typed(FIELD)),
    };
    let id = agent.id.clone();
    let name = agent.niche.name.clone();
    let demo = agent.demo_model;
    let gone = agent.state == AgentState::Destroyed;
    {
        let id = id.clone();
        on_mount(move || {
            browser::scroll_to_end(THREAD);
            if !gone {
                chat.follow(id, answered);
            }
        });
    }
    let open = matches!(agent.state, AgentState::Live | AgentState::Provisioning) && !is_ending(agent);
    let suggestions = agent.suggestions.clone();
    let placeholder = if open { l.t("chat-label") } else { l.t("chat-closed") };
    section()
        .class("chat")
        .attr("aria-label", l.t("chat-title"))
        .children((
            if demo { banner(Tone::Warning, p().children(l.t("chat-demo"))) } else { View::new() },
            div()
                .id(THREAD)
                .class("thread live")
                .role("log")
                .attr("aria-live", "polite")
                .attr("tabindex", "0")
                .attr("aria-label", l.t("chat-title"))
                .children((
                    Keyed(
                        KeyedProps::builder()
                            .list(*chat.items)
                            .key(chat_key)
                            .view({
                                let name = name.clone();
                                move |item: ChatItem| div().class("turn").children(chat_item(l, &item, &name, demo))
                            })
                            .build(),
                    ),
                    Keyed(
                        KeyedProps::builder()
                            .list(*chat.pending)
                            .key(|pending: &Pending| (pending.number, pending.failed.is_some()))
                            .view(move |pending: Pending| pending_view(l, &pending))
                            .build(),
                    ),
                    div()
                        .class("typing-place")
                        .children(move || if chat.typing.get() { typing(l, name.clone()) } else { View::new() }),
                    div().class("suggestions-place").children(move || {
                        let silent = chat.items.with(Vec::is_empty) && chat.pending.with(Vec::is_empty);
                        if silent && open { tips(l, chat, &suggestions) } else { View::new() }
                    }),
                )),
            compose(l, chat, id, open, placeholder),
        ))
        .into()
}

fn compose(l: Locale, chat: Chat, id: String, open: bool, placeholder: String) -> View {
    let action = l.path(&format!("/agents/{id}/say"));
    let by_key = id.clone();
    form()
        .class("compose")
        .method("post")
        .action(action)
        .on(on_event::submit, move |event: web_sys::SubmitEvent| {
            event.prevent_default();
            chat.say(l, id.clone());
        })
        .children((
            label().class("visually-hidden").attr("for", FIELD).children(placeholder.clone()),
            textarea()
                .id(FIELD)
                .name("text")
                .attr("rows", "1")
                .attr("maxlength", LONGEST.to_string())
                .attr("placeholder", placeholder)
                .attr("data-test", "chat-input")
                .bool_attr("disabled", !open)
                .bool_attr("required", true)
                .prop("value", move || wasm_bindgen::JsValue::from(chat.draft.get_clone()))
                .on(on_event::input, move |event: web_sys::Event| {
                    if let Some(field) = event.target().and_then(|t| t.dyn_into::<web_sys::HtmlTextAreaElement>().ok())
                    {
                        chat.draft.set(field.value());
                    }
                })
                .on(on_event::keydown, move |event: web_sys::KeyboardEvent| {
                    if event.key() == "Enter" && !event.shift_key() && !event.is_composing() {
                        event.prevent_default();
                        chat.say(l, by_key.clone());
                    }
                }),
            button()
                .class("button primary send")
                .r#type("submit")
                .attr("data-test", "chat-send")
                .attr("aria-label", l.t("chat-send"))
                .bool_attr("disabled", !open)
                .children(icon(Icon::Send)),
        ))
        .into()
}

fn tips(l: Locale, chat: Chat, suggestions: &[String]) -> View {
    let all: Vec<View> = suggestions
        .iter()
        .take(3)
        .map(|suggestion| {
            let text = suggestion.clone();
            li().children(
                button()
                    .class("suggestion")
                    .r#type("button")
                    .attr("data-test", "suggestion")
                    .on(on_event::click, move |_| {
                        chat.draft.set(text.clone());
                        if let Some(field) = document().get_element_by_id(FIELD) {
                            let _ = field.unchecked_into::<web_sys::HtmlElement>().focus();
                        }
                    })
                    .children(suggestion.clone()),
            )
            .into()
        })
        .collect();
    div()
        .class("suggestions")
        .children((
            h2().class("h4").children(l.t("chat-empty-title")),
            p().class("soft").children(l.t("chat-empty-text")),
            ul().children(all),
        ))
        .into()
}

fn pending_view(l: Locale, pending: &Pending) -> View {
    let note = match &pending.failed {
        Some(why) => span().class("bubble-failed").role("alert").children(why.clone()).into(),
        None => View::from(span().class("bubble-time").children(l.t("chat-sending"))),
    };
    div()
        .class(if pending.failed.is_some() { "turn" } else { "turn pending" })
        .children(bubble(l, Speaker::Person, String::new(), &pending.text, note))
        .into()
}

/// The agent is writing.
pub(crate) fn typing(l: Locale, name: String) -> View {
    div()
        .class("typing")
        .children((
            span().class("dots").attr("aria-hidden", "true").children((span(), span(), span())),
            span().children(l.with("chat-typing", &[("name", name.into())])),
        ))
        .into()
}

impl Chat {
    /// Listens for what happens, and asks for what happened before it could.
    fn follow(self, id: String, answered: impl Fn() + 'static) {
        let scope = use_current_scope();
        let news = move |data: String| {
            let Ok(item) = serde_json::from_str::<ChatItem>(&data) else { return true };
            let by_agent = matches!(&item, ChatItem::Message(message) if message.author == Speaker::Agent);
            self.take(item);
            if by_agent {
                self.typing.set(false);
                scope.run_in(&answered);
            }
            true
        };
        let typing = move |_| {
            self.typing_until.set(browser::now() + TYPING);
            self.typing.set(true);
            browser::scroll_to_end(THREAD);
            browser::after(TYPING as i32 + 100, move || {
                if self.typing_until.get_untracked() <= browser::now() {
                    self.typing.set(false);
                }
            });
            true
        };
        let path = id.clone();
        let catch_up = move || {
            let path =
                format!("/v1/agents/{path}/chat?after={}", self.items.with_untracked(|items| last_message(items)));
            sycamore::futures::spawn_local(async move {
                if let Ok(missed) = browser::ask::<List<ChatItem>>("GET", &path, browser::Body::Empty).await {
                    missed.items.into_iter().for_each(|item| self.take(item));
                }
            });
        };
        browser::listen(
            format!("/v1/agents/{id}/chat/events"),
            vec![("chat", Box::new(news)), ("typing", Box::new(typing))],
            catch_up,
        );
    }

    fn take(self, item: ChatItem) {
        if self.items.with_untracked(|items| items.contains(&item)) {
            return;
        }
        if let ChatItem::Message(ChatMessage { author: Speaker::Person, text, .. }) = &item {
            let shown =
                self.pending.with_untracked(|all| all.iter().position(|pending| pending.text.trim() == text.trim()));
            if let Some(index) = shown {
                self.pending.update(|all| all.remove(index));
            }
        }
        self.items.update(|items| merge(items, item));
        browser::scroll_to_end(THREAD);
    }

    /// Shows what was said at once, and says it.
    fn say(self, l: Locale, id: String) {
        let text = self.draft.get_clone_untracked().trim().to_owned();
        if text.is_empty() {
            return;
        }
        self.draft.set(String::new());
        self.pending.update(|all| all.retain(|pending| pending.failed.is_none()));
        let number = self.count.get_untracked();
        self.count.set(number + 1);
        self.pending.update(|all| all.push(Pending { number, text: text.clone(), failed: None }));
        browser::scroll_to_end(THREAD);
        spawn_local_scoped(async move {
            let body = browser::Body::json(&Say { text: text.clone() });
            match browser::ask::<ChatItem>("POST", &format!("/v1/agents/{id}/chat"), body).await {
                Ok(said) => self.take(said),
                Err(problem) => {
                    let why = sentence(l, &problem);
                    self.pending.update(|all| {
                        if let Some(pending) = all.iter_mut().find(|pending| pending.number == number) {
                            pending.failed = Some(why);
                        }
                    });
                    // What could not be said is not lost.
                    if self.draft.with_untracked(String::is_empty) {
                        self.draft.set(text);
                    }
                }
            }
        });
    }
}
