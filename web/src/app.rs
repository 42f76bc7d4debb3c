//! The tree of a page, the same on the server and in the browser.

use crate::{
    browser,
    components::prelude::*,
    document::{AdminPage, Document, Page},
    pages,
};

/// The page's element in the document.
pub(crate) const ROOT: &str = "root";
/// The page's data in the document.
pub(crate) const DATA: &str = "data";

/// The whole of a page.
pub(crate) fn app(document: Document) -> View {
    let l = document.locale;
    let zone = Zone::provide(l);
    on_mount(move || zone.set(browser::zone()));
    let now = document.now;
    let frame = Frame::of(&document);
    let main = match document.page {
        Page::Landing(page) => pages::landing::view(l, *page),
        Page::Niche(page) => pages::niche::view(l, *page),
        Page::Question(page) => pages::onboarding::question(l, *page),
        Page::Summary(page) => pages::onboarding::summary(l, *page),
        Page::Plan(page) => pages::plan::view(l, *page, document.customer),
        Page::SignIn(page) => pages::sign_in::ask(l, page),
        Page::UseLink(page) => pages::sign_in::use_link(l, page),
        Page::Mailed(page) => pages::sign_in::mailed(l, page, document.dev),
        Page::Outbox(page) => pages::outbox::view(l, page),
        Page::DemoCheckout(page) => pages::demo_checkout::view(l, *page),
        Page::Progress(page) => pages::progress::view(l, *page, now),
        Page::Agents(page) => pages::agents::view(l, page),
        Page::Agent(page) => pages::agent::view(l, *page, now),
        Page::Admin(page) => admin(l, page),
        Page::Design(page) => pages::design::view(l, *page),
        Page::Message(page) => pages::message::view(l, page),
    };
    frame.around(main)
}

/// An admin's page, which the browser leaves as the server rendered it: neither its code nor its words are sent there.
fn admin(l: Locale, page: Option<Box<AdminPage>>) -> View {
    #[cfg(not(target_arch = "wasm32"))]
    if let Some(page) = page {
        return still(move || pages::admin::view(l, *page));
    }
    let _ = (l, page);
    still(View::new)
}

/// Takes over the page that the server rendered. Called once, in the browser.
pub fn hydrate() {
    let Some(root) = document().get_element_by_id(ROOT) else { return };
    let data = document().get_element_by_id(DATA).and_then(|data| data.text_content());
    let Some(data) = data.and_then(|data| serde_json::from_str::<Document>(&data).ok()) else { return };
    let l = data.locale;
    sycamore::hydrate_to(move || app(data), &root);
    browser::busy_forms();
    browser::still_parts(l);
    // For the style sheet and for tests: from here on everything answers.
    if let Some(html) = document().document_element() {
        let _ = html.set_attribute("data-live", "");
    }
}
