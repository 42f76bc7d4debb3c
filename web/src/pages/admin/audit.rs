//! The audit trail: who did what when, and why.

use openclaw_api_types::{AuditRow, Rights, Worse};
use serde_json::Value;

use super::{reason::reason_words, registry_tabs, release_link, title};
use crate::{components::prelude::*, document::AuditPage, format};

/// All of it, or a niche's.
pub(super) fn view(l: Locale, page: &AuditPage) -> View {
    let choice = |id: &str, name: String| -> View {
        let chosen = page.niche.as_deref().unwrap_or_default() == id;
        option().value(id.to_owned()).bool_attr("selected", chosen).children(name).into()
    };
    let niches: Vec<View> = page.niches.iter().map(|niche| choice(&niche.id, text_in(l, &niche.name))).collect();
    let filter = form().class("filter").method("get").action(l.path("/admin/audit")).children((
        label().attr("for", "niche").children(l.t("admin-niche")),
        select().id("niche").name("niche").children((choice("", l.t("audit-every-niche")), niches)),
        submit(Weight::Quiet, l.t("audit-show")),
    ));
    let address = |before: Option<i64>| {
        let niche = page.niche.as_deref().map(|niche| format!("niche={niche}"));
        let before = before.map(|before| format!("before={before}"));
        let query = [niche, before].into_iter().flatten().collect::<Vec<_>>().join("&");
        l.path(&format!("/admin/audit?{query}"))
    };
    let newest = (!page.newest).then(|| a().href(address(None)).children(l.t("audit-newest")).into());
    let older = page.older.map(|before| a().href(address(Some(before))).children(l.t("audit-older")).into());
    (
        registry_tabs(l, "audit"),
        title(l.t("audit-title")),
        filter,
        table(l, &page.rows, page.niche.is_none()),
        div().class("actions").children((View::from(newest), View::from(older))),
    )
        .into()
}

/// Rows of it; `niches` also names the niche of each.
pub(super) fn table(l: Locale, rows: &[AuditRow], niches: bool) -> View {
    if rows.is_empty() {
        return p().class("soft").children(l.t("audit-none")).into();
    }
    let mut heads = vec![l.t("audit-when"), l.t("audit-who"), l.t("audit-what"), l.t("audit-why")];
    if niches {
        heads.insert(3, l.t("admin-niche"));
    }
    let rows = rows
        .iter()
        .map(|row| {
            let action = l.find(&format!("audit-{}", row.action), &[]).unwrap_or_else(|| row.action.clone());
            let release = row
                .release
                .as_ref()
                .map(|release| span().children((" ", release_link(l, &release.digest, &release.version))).into());
            let mut cells = vec![
                moment(l, &row.at),
                who(l, &row.who).into(),
                (span().children(action), View::from(release), numbers(l, &row.details)).into(),
                reason_words(l, row.reason.as_deref(), &worse(&row.details))
                    .map_or_else(View::new, |reason| span().class("reason").children(reason).into()),
            ];
            if niches {
                let niche = row.niche.clone().map_or_else(View::new, |niche| {
                    a().href(l.path(&format!("/admin/niches/{niche}"))).children(niche).into()
                });
                cells.insert(3, niche);
            }
            cells
        })
        .collect();
    data_table(l.t("audit-title"), heads, rows)
}

/// In what a release was worse that the platform took back.
fn worse(details: &Value) -> Vec<Worse> {
    serde_json::from_value(details["worse"].clone()).unwrap_or_default()
}

/// What else was written down, for those who look closely.
fn numbers(l: Locale, details: &Value) -> View {
    let Some(fields) = details.as_object() else { return View::new() };
    let words: Vec<String> = fields.iter().filter_map(|(name, value)| number(l, name, value)).collect();
    if words.is_empty() {
        return View::new();
    }
    span().class("soft small audit-details").children(words.join(" · ")).into()
}

/// One of them in words; what is nothing, or stands beside it already, is left out. One that has no words of its own goes
/// by its name: others may come.
fn number(l: Locale, name: &str, value: &Value) -> Option<String> {
    match (name, value) {
        (_, Value::Null) | ("version" | "worse", _) => None,
        ("share", Value::Number(share)) => Some(percent(share)),
        ("before", Value::Number(share)) => Some(named(l, name, percent(share))),
        ("agents", Value::Number(count)) => {
            Some(l.with("admin-agents-count", &[("count", count.as_i64().unwrap_or_default().into())]))
        }
        ("bytes", Value::Number(bytes)) => Some(format::bytes(l, bytes.as_i64().unwrap_or_default())),
        ("rights", rights) => {
            let rights: Rights = serde_json::from_value(rights.clone()).ok()?;
            let wants: Vec<String> = as_wants(&rights).iter().map(|want| want_words(l, want)).collect();
            (!wants.is_empty()).then(|| wants.join("; "))
        }
        (_, Value::Bool(yes)) => {
            Some(l.find(&format!("audit-detail-{name}-{yes}"), &[]).unwrap_or_else(|| format!("{name}: {yes}")))
        }
        (_, Value::String(text)) => Some(named(l, name, shortened(text).to_owned())),
        (_, Value::Array(items)) if items.is_empty() => None,
        (_, Value::Array(items)) => {
            let items: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            Some(named(l, name, items.join(", ")))
        }
        (_, other) => Some(format!("{name}: {other}")),
    }
}

fn percent(share: &serde_json::Number) -> String {
    format!("{share}\u{202f}%")
}

/// What was written down as `name`.
fn named(l: Locale, name: &str, value: String) -> String {
    let key = format!("audit-detail-{name}");
    l.find(&key, &[("value", value.as_str().into())]).unwrap_or_else(|| format!("{name}: {value}"))
}

/// A digest or a key by its first digits.
fn shortened(text: &str) -> &str {
    let digits = text.strip_prefix("sha256:").unwrap_or(text);
    let is_hex = digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex { &digits[..8] } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_was_written_down_is_told_in_words_without_what_is_nothing() {
        let digest = format!("sha256:c2c36641{}", "0".repeat(56));
        let rights = json!({"hosts": {"a.test": ["GET"]}, "connections": [], "storage_bytes": 5_000_000});
        let cases = [
            ("share", json!(25), Some("25\u{202f}%")),
            ("agents", json!(1), Some("1 agente")),
            ("bytes", json!(706_037), Some("706\u{a0}kB")),
            ("before", json!(10), Some("antes 10\u{202f}%")),
            ("from", json!(digest), Some("no lugar de c2c36641")),
            ("from", json!(null), None),
            ("to", json!(digest), Some("de volta à c2c36641")),
            ("reference", json!("registry.example.com/hello:1"), Some("de registry.example.com/hello:1")),
            ("auto_approve_same_or_fewer", json!(true), Some("ligada")),
            ("of_a_later_platform", json!(true), Some("of_a_later_platform: true")),
            ("rights", rights, Some("enviar GET para a.test; guardar até 5\u{a0}MB de dados por cliente")),
            ("niches", json!(["legal", "hello"]), Some("ramos: legal, hello")),
            ("niches", json!([]), None),
        ];
        for (name, value, words) in cases {
            assert_eq!(number(Locale::Pt, name, &value).as_deref(), words, "{name}: {value}");
        }
    }
}
