//! The mail of `dev`, which is not sent anywhere.

use openclaw_api_types::OutboxMail;

use crate::{components::prelude::*, document::OutboxPage};

/// It.
pub(crate) fn view(l: Locale, page: OutboxPage) -> View {
    let mails: Vec<View> = page.mails.iter().map(|mail| letter(l, mail)).collect();
    let list: View =
        if mails.is_empty() { empty(l.t("outbox-empty-title"), l.t("outbox-empty-text"), ()) } else { mails.into() };
    div()
        .class("narrow stack")
        .children((
            h1().class("h2").children(l.t("outbox-title")),
            banner(Tone::Warning, p().children(l.t("outbox-text"))),
            list,
        ))
        .into()
}

fn letter(l: Locale, mail: &OutboxMail) -> View {
    let lines: Vec<View> = mail
        .text
        .split("\n\n")
        .filter(|paragraph| !paragraph.trim().is_empty())
        .map(|paragraph| p().children(words(paragraph)).into())
        .collect();
    article()
        .class("card letter")
        .attr("data-test", "mail")
        .children((
            div().class("letter-head").children((
                strong().children(mail.subject.clone()),
                span().class("soft small").children((
                    l.with("outbox-to", &[("to", mail.to.as_str().into())]),
                    " · ",
                    when(l, &mail.sent_at, Show::Both),
                )),
            )),
            lines,
        ))
        .into()
}

/// The words of a paragraph, with addresses as links.
fn words(text: &str) -> Vec<View> {
    let mut parts: Vec<View> = Vec::new();
    let mut plain = String::new();
    for word in text.split_inclusive(char::is_whitespace) {
        if word.starts_with("http://") || word.starts_with("https://") {
            if !plain.is_empty() {
                parts.push(span().children(std::mem::take(&mut plain)).into());
            }
            let address = word.trim_end().to_owned();
            parts.push(a().href(address.clone()).children(address).into());
            plain.push_str(&word[word.trim_end().len()..]);
        } else {
            plain.push_str(word);
        }
    }
    if !plain.trim().is_empty() {
        parts.push(span().children(plain).into());
    }
    parts
}
