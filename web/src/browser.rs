//! What only a browser has: requests, server-sent events, timers, the reader's clock and zone.
//!
//! It compiles on the server too, where nothing is ever clicked or mounted, so nothing of it runs there.

use std::{cell::RefCell, rc::Rc};

mod still;
mod upload;

pub(crate) use still::still_parts;

use openclaw_api_types::Problem;
use serde::{Serialize, de::DeserializeOwned};
use sycamore::web::{document, window};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Element, Event, EventSource, HtmlDialogElement, MessageEvent, RequestInit, Response};

/// The reader's zone, in minutes east of UTC.
pub(crate) fn zone() -> i64 {
    -(js_sys::Date::new_0().get_timezone_offset() as i64)
}

/// Now, in milliseconds since 1970.
pub(crate) fn now() -> i64 {
    js_sys::Date::now() as i64
}

/// Calls `f` every so many milliseconds, as long as the page is there.
pub(crate) fn every(millis: i32, f: impl FnMut() + 'static) {
    let tick = Closure::<dyn FnMut()>::new(f);
    let _ = window().set_interval_with_callback_and_timeout_and_arguments_0(tick.as_ref().unchecked_ref(), millis);
    tick.forget();
}

/// Calls `f` once, in so many milliseconds.
pub(crate) fn after(millis: i32, f: impl FnOnce() + 'static) {
    let call = Closure::once_into_js(f);
    let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(call.unchecked_ref(), millis);
}

/// What was typed into the field with this id before the page came alive.
pub(crate) fn typed(id: &str) -> String {
    if !cfg!(target_arch = "wasm32") {
        return String::new();
    }
    let field = document().get_element_by_id(id);
    field.and_then(|field| field.dyn_into::<web_sys::HtmlTextAreaElement>().ok()).map(|f| f.value()).unwrap_or_default()
}

/// Does something with each element that `css` selects.
pub(crate) fn each(css: &str, mut f: impl FnMut(Element)) {
    let Ok(all) = document().query_selector_all(css) else { return };
    for index in 0..all.length() {
        if let Some(element) = all.get(index).and_then(|element| element.dyn_into::<Element>().ok()) {
            f(element);
        }
    }
}

/// Calls `f` at each `event` of `target`.
fn on(target: &web_sys::EventTarget, event: &str, f: impl FnMut(Event) + 'static) {
    let call = Closure::<dyn FnMut(Event)>::new(f);
    let _ = target.add_event_listener_with_callback(event, call.as_ref().unchecked_ref());
    call.forget();
}

/// Goes to another address.
pub(crate) fn go(address: &str) {
    let _ = window().location().set_href(address);
}

/// Goes back to where the reader was.
pub(crate) fn back() {
    if let Ok(history) = window().history() {
        let _ = history.back();
    }
}

/// Remembers a choice for a year, where the server reads it too.
pub(crate) fn remember(name: &str, value: &str) {
    if let Ok(page) = document().dyn_into::<web_sys::HtmlDocument>() {
        let _ = page.set_cookie(&format!("{name}={value}; path=/; max-age=31536000; samesite=lax"));
    }
}

/// The body of a request.
pub(crate) enum Body {
    /// None.
    Empty,
    /// JSON.
    Json(String),
}

impl Body {
    /// `value` as JSON.
    pub(crate) fn json(value: &impl Serialize) -> Self {
        serde_json::to_string(value).map_or(Self::Empty, Self::Json)
    }
}

/// Asks the API; `path` begins behind `/api`.
pub(crate) async fn ask<T: DeserializeOwned>(method: &str, path: &str, body: Body) -> Result<T, Problem> {
    let text = send(method, path, body).await?;
    serde_json::from_str(&text).map_err(|_| problem("unreadable", 502))
}

/// Asks the API, whatever it answers.
pub(crate) async fn send(method: &str, path: &str, body: Body) -> Result<String, Problem> {
    request(method, path, body).await.unwrap_or_else(|_| Err(problem("away", 503)))
}

async fn request(method: &str, path: &str, body: Body) -> Result<Result<String, Problem>, JsValue> {
    let init = RequestInit::new();
    init.set_method(method);
    let headers = web_sys::Headers::new()?;
    match body {
        Body::Empty => {}
        Body::Json(text) => {
            headers.set("content-type", "application/json")?;
            init.set_body(&text.into());
        }
    }
    init.set_headers(&headers);
    let response = JsFuture::from(window().fetch_with_str_and_init(&format!("/api{path}"), &init)).await?;
    let response: Response = response.dyn_into()?;
    let text = JsFuture::from(response.text()?).await?.as_string().unwrap_or_default();
    if response.ok() {
        return Ok(Ok(text));
    }
    Ok(Err(serde_json::from_str(&text).unwrap_or_else(|_| problem("other", response.status()))))
}

fn problem(code: &str, status: u16) -> Problem {
    Problem {
        r#type: format!("https://openclaw.cloud/problems/{code}"),
        title: String::new(),
        status,
        detail: String::new(),
        field: None,
    }
}

/// How long to wait before asking again for events that were refused.
const AGAIN: i32 = 3_000;

/// What to do with an event's data; says whether to go on listening.
type Listener = Box<dyn FnMut(String) -> bool>;
/// One for each kind of event.
pub(crate) type Listeners = Vec<(&'static str, Listener)>;

/// Listens to server-sent events of the API. `opened` is called with each connection, for what was missed before it.
pub(crate) fn listen(path: String, listeners: Listeners, opened: impl FnMut() + 'static) {
    let listeners = listeners.into_iter().map(|(name, f)| (name, Rc::new(RefCell::new(f)))).collect();
    connect(path, Rc::new(listeners), Rc::new(RefCell::new(opened)));
}

type Shared = Rc<Vec<(&'static str, Rc<RefCell<Listener>>)>>;

fn connect(path: String, listeners: Shared, opened: Rc<RefCell<impl FnMut() + 'static>>) {
    let Ok(source) = EventSource::new(&format!("/api{path}")) else { return };
    for (name, listener) in listeners.iter() {
        let (listener, this) = (Rc::clone(listener), source.clone());
        let call = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            if !(listener.borrow_mut())(event.data().as_string().unwrap_or_default()) {
                this.close();
            }
        });
        let _ = source.add_event_listener_with_callback(name, call.as_ref().unchecked_ref());
        call.forget();
    }
    let on_open = Rc::clone(&opened);
    let call = Closure::<dyn FnMut()>::new(move || (on_open.borrow_mut())());
    source.set_onopen(Some(call.as_ref().unchecked_ref()));
    call.forget();
    let this = source.clone();
    let call = Closure::<dyn FnMut()>::new(move || {
        // The browser connects again by itself, except after an answer that was an error.
        if this.ready_state() == EventSource::CLOSED {
            let (path, listeners, opened) = (path.clone(), Rc::clone(&listeners), Rc::clone(&opened));
            after(AGAIN, move || connect(path, listeners, opened));
        }
    });
    source.set_onerror(Some(call.as_ref().unchecked_ref()));
    call.forget();
}

/// Marks the button of a form that is on its way, so that it shows it and is not pressed twice.
pub(crate) fn busy_forms() {
    on(&document(), "submit", |event| {
        let Some(form) = event.target().and_then(|form| form.dyn_into::<Element>().ok()) else { return };
        if event.default_prevented() || form.get_attribute("method").as_deref() == Some("dialog") {
            return;
        }
        let submitter = js_sys::Reflect::get(&event, &"submitter".into()).ok();
        if let Some(button) = submitter.and_then(|button| button.dyn_into::<Element>().ok()) {
            let _ = button.set_attribute("aria-busy", "true");
        }
    });
    // A page that comes back from the browser's memory is no longer on its way.
    on(&window(), "pageshow", |_| {
        each("[aria-busy=true]", |button| {
            let _ = button.remove_attribute("aria-busy");
        });
    });
}

/// Opens the dialog with this id.
pub(crate) fn open_dialog(id: &str) {
    if let Some(dialog) = dialog(id) {
        let _ = dialog.show_modal();
    }
}

/// Closes it.
pub(crate) fn close_dialog(id: &str) {
    if let Some(dialog) = dialog(id) {
        dialog.close();
    }
}

fn dialog(id: &str) -> Option<HtmlDialogElement> {
    document().get_element_by_id(id)?.dyn_into().ok()
}

/// Scrolls to the end of the element with this id.
pub(crate) fn scroll_to_end(id: &'static str) {
    // After the change that asked for it is on the screen.
    after(0, move || {
        if let Some(element) = document().get_element_by_id(id) {
            element.set_scroll_top(element.scroll_height());
        }
    });
}
