//! The audit trail: who did what when, and why.

use openclaw_api_types::AuditRow;

use super::{registry_tabs, release_link, title};
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
                row.reason.clone().map_or_else(View::new, |reason| span().class("reason").children(reason).into()),
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

/// What else was written down, for those who look closely.
fn numbers(l: Locale, details: &serde_json::Value) -> View {
    let Some(fields) = details.as_object().filter(|fields| !fields.is_empty()) else { return View::new() };
    let words: Vec<String> = fields
        .iter()
        .map(|(name, value)| match (name.as_str(), value.as_i64()) {
            ("share", Some(share)) => format!("{share}\u{202f}%"),
            ("agents", Some(count)) => l.with("admin-agents-count", &[("count", count.into())]),
            ("bytes", Some(bytes)) => format::bytes(l, bytes),
            _ => format!("{name}: {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned)),
        })
        .collect();
    span().class("soft small audit-details").children(words.join(" · ")).into()
}
