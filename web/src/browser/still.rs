//! What moves on pages that the server alone renders: instants in the reader's zone, figures that are asked for again,
//! values to copy.

use std::{cell::RefCell, rc::Rc};

use sycamore::web::{document, window};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Element, Response};

use super::{each, every, on, upload};
use crate::{Locale, components::prelude::moments};

/// How often a moving part is asked for again, in milliseconds.
const AGAIN: i32 = 3_000;

/// Sets them moving.
pub(crate) fn still_parts(l: Locale) {
    moments(l);
    each("[data-renew]", |part| renew(l, part));
    each("[data-copy]", copy);
    each("form[data-upload]", upload::take_over);
}

/// Asks for a part again and again, and for the whole page once the part is about something else.
fn renew(l: Locale, part: Element) {
    let Some(address) = part.get_attribute("data-renew") else { return };
    let shown = Rc::new(RefCell::new(String::new()));
    every(AGAIN, move || {
        if document().hidden() {
            return;
        }
        let (part, address, shown) = (part.clone(), address.clone(), Rc::clone(&shown));
        wasm_bindgen_futures::spawn_local(async move {
            let html = fetch(&address).await;
            // The style sheet shows that the figures are old.
            let _ = part.toggle_attribute_with_force("data-stale", html.is_none());
            let Some(html) = html else { return };
            // Whoever reads or marks it is not disturbed for nothing.
            if *shown.borrow() == html {
                return;
            }
            part.set_inner_html(&html);
            shown.replace(html);
            moments(l);
            let about = part.first_element_child().and_then(|child| child.get_attribute("data-state"));
            if about != part.get_attribute("data-state") {
                let _ = window().location().reload();
            }
        });
    });
}

async fn fetch(address: &str) -> Option<String> {
    let response = JsFuture::from(window().fetch_with_str(address)).await.ok()?;
    let response: Response = response.dyn_into().ok()?;
    if !response.ok() {
        return None;
    }
    JsFuture::from(response.text().ok()?).await.ok()?.as_string()
}

/// Copies what the button says, and says so.
fn copy(button: Element) {
    on(&button.clone(), "click", move |_| {
        let value = button.get_attribute("data-copy").unwrap_or_default();
        let _ = window().navigator().clipboard().write_text(&value);
        let done = button.get_attribute("data-copied");
        button.set_text_content(done.as_deref());
        // Read out once, where it was pressed.
        let _ = button.set_attribute("aria-live", "polite");
    });
}
