//! An upload's form, sent so that one sees how far it is. Without this it is sent as any form.

use sycamore::web::document;
use wasm_bindgen::JsCast;
use web_sys::{
    Document, Element, FormData, HtmlFormElement, ProgressEvent, XmlHttpRequest, XmlHttpRequestResponseType,
};

use super::{go, on};

/// Takes over the form.
pub(super) fn take_over(form: Element) {
    let Ok(form) = form.dyn_into::<HtmlFormElement>() else { return };
    on(&form.clone(), "submit", move |event| {
        event.prevent_default();
        if form.has_attribute("data-running") {
            return;
        }
        if send(&form).is_none() {
            // A browser without one of the parts: as any form.
            let _ = form.submit();
        }
    });
}

fn send(form: &HtmlFormElement) -> Option<()> {
    let request = XmlHttpRequest::new().ok()?;
    request.open("POST", &form.action()).ok()?;
    request.set_response_type(XmlHttpRequestResponseType::Document);
    let outcome = form.get_attribute("data-upload").and_then(|id| document().get_element_by_id(&id))?;
    outcome.set_inner_html("");

    let meter = form.clone();
    on(request.upload().ok()?.as_ref(), "progress", move |event| {
        if let Ok(event) = event.dyn_into::<ProgressEvent>() {
            show(&meter, event.loaded() / event.total().max(1.0));
        }
    });
    let (ended, answer) = (form.clone(), request.clone());
    on(&request, "loadend", move |_| {
        running(&ended, false);
        if let Ok(200..300) = answer.status() {
            go(&answer.response_url());
            return;
        }
        let page = answer.response().ok().and_then(|page| page.dyn_into::<Document>().ok());
        let told = page.and_then(|page| page.get_element_by_id(&outcome.id())).map(|told| told.inner_html());
        match told.filter(|told| !told.is_empty()) {
            Some(told) => outcome.set_inner_html(&told),
            None => outcome.set_text_content(outcome.get_attribute("data-away").as_deref()),
        }
    });
    running(form, true);
    show(form, 0.0);
    request.send_with_opt_form_data(FormData::new_with_form(form).ok().as_ref()).ok()
}

fn running(form: &HtmlFormElement, running: bool) {
    let _ = form.toggle_attribute_with_force("data-running", running);
    if let Ok(Some(progress)) = form.query_selector(".upload-progress") {
        let _ = progress.toggle_attribute_with_force("hidden", !running);
    }
    if let Ok(Some(button)) = form.query_selector("button[type=submit]") {
        let _ = if running { button.set_attribute("aria-busy", "true") } else { button.remove_attribute("aria-busy") };
    }
}

/// How much is sent; once all is, the platform checks it, which takes its time too.
fn show(form: &HtmlFormElement, part: f64) {
    let percent = (part * 100.0).round();
    if let Ok(Some(bar)) = form.query_selector("progress") {
        let _ = bar.set_attribute("value", &percent.to_string());
    }
    if let Ok(Some(words)) = form.query_selector(".upload-progress span") {
        let name = if part < 1.0 { "data-sending" } else { "data-checking" };
        let text = words.get_attribute(name).unwrap_or_default();
        let text = if part < 1.0 { format!("{text} {percent}\u{202f}%") } else { text };
        words.set_text_content(Some(&text));
    }
}
