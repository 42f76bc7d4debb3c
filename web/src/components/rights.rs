//! What a release wants to use, in people's words.

use openclaw_api_types::{ConnectionReason, Rights, Texts, Want};

use super::prelude::*;
use crate::format;

/// A text in the reader's language, or in whatever language there is.
pub(crate) fn text_in(l: Locale, texts: &Texts) -> String {
    texts.get(l.code()).or_else(|| texts.values().next()).cloned().unwrap_or_default()
}

/// A provider's name as people write it.
fn provider_name(id: &str) -> String {
    match id {
        "github" => "GitHub".to_owned(),
        other => {
            let mut letters = other.chars();
            letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
        }
    }
}

fn listed(l: Locale, items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} {} {last}", most.join(", "), l.t("want-and")),
    }
}

/// One want as a phrase: what is done, and with what.
pub(crate) fn want_words(l: Locale, want: &Want) -> String {
    match want {
        Want::Host { host, methods } => {
            let place = place_words(l, host);
            match methods {
                Some(methods) => l.with("want-host", &[("methods", listed(l, methods).into()), ("host", place.into())]),
                None => l.with("want-host-any", &[("host", place.into())]),
            }
        }
        Want::Connection { provider: Some(provider) } => {
            l.with("want-connection", &[("provider", provider_name(provider).into())])
        }
        Want::Connection { provider: None } => l.t("want-connection-any"),
        Want::Storage { more, total } => {
            let size = |bytes: u64| format::bytes(l, i64::try_from(bytes).unwrap_or(i64::MAX));
            if more == total {
                l.with("want-storage", &[("total", size(*total).into())])
            } else {
                l.with("want-storage-more", &[("more", size(*more).into()), ("total", size(*total).into())])
            }
        }
    }
}

fn want_icon(want: &Want) -> Icon {
    match want {
        Want::Host { .. } => Icon::Globe,
        Want::Connection { .. } => Icon::Link,
        Want::Storage { .. } => Icon::Store,
    }
}

/// How a list of wants is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Nobody approved it yet.
    New,
    /// It stands among other things.
    Plain,
    /// It is wanted no more.
    Gone,
    /// The platform allows it to nobody.
    Refused,
}

impl Wanted {
    fn class(self) -> &'static str {
        match self {
            Self::New => "wants new",
            Self::Plain => "wants",
            Self::Gone => "wants gone",
            Self::Refused => "wants refused",
        }
    }
}

/// A list of wants; `reason` says why each is wanted, where that is known.
pub(crate) fn wants(l: Locale, how: Wanted, all: &[Want], reason: &dyn Fn(&Want) -> Option<String>) -> View {
    let items: Vec<View> = all
        .iter()
        .map(|want| {
            let why = reason(want).filter(|why| !why.is_empty());
            li().attr("data-test", "want")
                .children((
                    icon(want_icon(want)),
                    span().class("want-text").children((
                        span().class("want-words").children(want_words(l, want)),
                        View::from(why.map(|why| span().class("soft small").children(why).into())),
                    )),
                ))
                .into()
        })
        .collect();
    ul().class(how.class()).children(items).into()
}

/// Rights as the wants that they come to.
pub(crate) fn as_wants(rights: &Rights) -> Vec<Want> {
    let hosts = rights.hosts.iter();
    let hosts = hosts.map(|(host, methods)| Want::Host { host: host.clone(), methods: methods.clone() });
    let connections = match &rights.connections {
        None => vec![Want::Connection { provider: None }],
        Some(providers) => {
            providers.iter().map(|provider| Want::Connection { provider: Some(provider.clone()) }).collect()
        }
    };
    let storage =
        (rights.storage_bytes > 0).then_some(Want::Storage { more: rights.storage_bytes, total: rights.storage_bytes });
    hosts.chain(connections).chain(storage).collect()
}

/// Why a want is wanted, from the reasons that came with the release.
pub(crate) fn why(
    l: Locale,
    hosts: &std::collections::BTreeMap<String, Texts>,
    connections: &std::collections::BTreeMap<String, ConnectionReason>,
    want: &Want,
) -> Option<String> {
    match want {
        Want::Host { host, .. } => hosts.get(host).map(|texts| text_in(l, texts)),
        Want::Connection { provider: Some(provider) } => connections.get(provider).map(|connection| {
            let text = text_in(l, &connection.reason);
            if connection.required { format!("{text} {}", l.t("want-required")) } else { text }
        }),
        Want::Connection { provider: None } => None,
        Want::Storage { .. } => Some(l.t("want-storage-why")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_want_is_said_in_both_languages() {
        let host = |host: &str, methods: Option<&[&str]>| Want::Host {
            host: host.into(),
            methods: methods.map(|methods| methods.iter().map(|method| (*method).to_owned()).collect()),
        };
        let cases = [
            (host("api.a.test", Some(&["POST"])), "enviar POST para api.a.test", "send POST to api.a.test"),
            (
                host("*.a.test", Some(&["GET", "PUT", "POST"])),
                "enviar GET, PUT e POST para todo endereço abaixo de a.test",
                "send GET, PUT and POST to every address below a.test",
            ),
            (host("b.test", None), "enviar qualquer requisição para b.test", "send any request to b.test"),
            (host("*", Some(&["GET"])), "enviar GET para qualquer site", "send GET to any site"),
            (
                Want::Connection { provider: Some("google".into()) },
                "usar a conexão Google do cliente",
                "use the customer’s Google connection",
            ),
            (
                Want::Connection { provider: None },
                "usar qualquer conexão do cliente",
                "use any of the customer’s connections",
            ),
            (
                Want::Storage { more: 5_000_000, total: 5_000_000 },
                "guardar até 5\u{a0}MB de dados por cliente",
                "keep up to 5\u{a0}MB of data per customer",
            ),
            (
                Want::Storage { more: 1_500_000, total: 6_500_000 },
                "guardar mais 1,5\u{a0}MB de dados por cliente, 6,5\u{a0}MB ao todo",
                "keep 1.5\u{a0}MB more data per customer, 6.5\u{a0}MB in all",
            ),
        ];
        for (want, pt, en) in cases {
            assert_eq!(want_words(Locale::Pt, &want), pt);
            assert_eq!(want_words(Locale::En, &want), en);
        }
    }
}
