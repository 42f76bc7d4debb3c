//! An admin's pages: customers, agents, jobs, and the registry of releases. The server alone renders them; forms are
//! plain forms, and what moves by itself is rendered by the server again.

use openclaw_api_types::Problem;

use crate::{
    components::prelude::*,
    document::{AdminPage, AdminSignInPage, Outcome, Refused},
};

mod audit;
mod figures;
mod niche;
mod publishers;
mod reason;
mod registry;
mod release;
mod rows;
mod steps;
mod upload;

pub(crate) use figures::side_by_side;
pub(crate) use steps::right_name;

/// One of them.
pub(crate) fn view(l: Locale, page: AdminPage) -> View {
    let (here, content) = match page {
        AdminPage::SignIn(page) => return sign_in(l, &page),
        AdminPage::Customers(rows) => ("customers", rows::customers(l, rows)),
        AdminPage::Agents(rows) => ("agents", rows::agents(l, rows)),
        AdminPage::Jobs(rows) => ("jobs", rows::jobs(l, rows)),
        AdminPage::Registry(page) => ("releases", registry::view(l, &page)),
        AdminPage::Niche(page) => ("releases", niche::view(l, &page)),
        AdminPage::Release(page) => ("releases", release::view(l, &page)),
        AdminPage::Publishers(page) => ("releases", publishers::view(l, &page)),
        AdminPage::Revoke(page) => ("releases", publishers::revoke(l, &page)),
        AdminPage::Audit(page) => ("releases", audit::view(l, &page)),
    };
    let tabs = [
        ("customers", l.t("admin-customers")),
        ("agents", l.t("admin-agents")),
        ("jobs", l.t("admin-jobs")),
        ("releases", l.t("admin-releases")),
    ];
    div().class("admin stack").children((tabs_of(l, "tabs", l.t("admin-title"), &tabs, here), content)).into()
}

/// Links to the sections beside this one.
fn tabs_of(l: Locale, class: &'static str, title: String, tabs: &[(&str, String)], here: &str) -> View {
    let links: Vec<View> = tabs
        .iter()
        .map(|(section, label)| {
            a().href(l.path(&format!("/admin/{section}")))
                .attr("aria-current", (*section == here).then_some("page"))
                .children(label.clone())
                .into()
        })
        .collect();
    nav().class(class).attr("aria-label", title).children(links).into()
}

/// The registry's own sections.
fn registry_tabs(l: Locale, here: &str) -> View {
    let tabs =
        [("releases", l.t("registry-niches")), ("publishers", l.t("publishers-title")), ("audit", l.t("audit-title"))];
    tabs_of(l, "subtabs", l.t("registry-title"), &tabs, here)
}

/// The title of a page, and what may stand beside it.
fn title(text: String) -> View {
    h1().class("h3").children(text).into()
}

fn section_of(id: &'static str, title: String, content: impl Into<View>) -> View {
    section()
        .class("panel")
        .attr("aria-labelledby", id)
        .children((h2().class("h5").id(id).children(title), content.into()))
        .into()
}

impl Outcome {
    /// The step, when it is the one that was refused.
    fn refused(&self, step: &str) -> Option<&Refused> {
        match self {
            Self::Refused(refused) if refused.step == step => Some(refused),
            _ => None,
        }
    }

    /// What was typed into a field of the step, when that was refused.
    fn typed(&self, step: &str, field: &str) -> String {
        let typed = self.refused(step).and_then(|refused| refused.typed.iter().find(|(name, _)| name == field));
        typed.map(|(_, value)| value.clone()).unwrap_or_default()
    }
}

/// What came of a step, read out and reached first by whoever cannot see that the page is another.
fn outcome(l: Locale, outcome: &Outcome) -> View {
    let content = match outcome {
        Outcome::None => return View::new(),
        Outcome::Done(step) => match l.find(&format!("done-{step}"), &[]) {
            Some(words) => banner(Tone::Ok, p().attr("data-test", "done").children(words)),
            None => return View::new(),
        },
        Outcome::Refused(refused) => refusal(l, &refused.problem),
    };
    div().class("outcome").tabindex("-1").bool_attr("autofocus", true).children(content).into()
}

/// Why the platform did not do it. Its own words stand there too: an admin can do more with them than a customer.
fn refusal(l: Locale, problem: &Problem) -> View {
    let words = l.find(&format!("problem-{}", problem.code()), &[]).unwrap_or_else(|| l.t("registry-refused"));
    let detail = (!problem.detail.is_empty())
        .then(|| p().class("mono small problem-detail").lang("en").children(problem.detail.clone()).into());
    banner(Tone::Danger, div().attr("data-test", "refused").children((strong().children(words), View::from(detail))))
}

/// The address of a release's page.
fn release_path(l: Locale, digest: &str) -> String {
    l.path(&format!("/admin/releases/{}", digest.trim_start_matches("sha256:")))
}

/// A release by its version, as a link.
fn release_link(l: Locale, digest: &str, version: &str) -> View {
    a().href(release_path(l, digest)).attr("title", digest.to_owned()).children(version.to_owned()).into()
}

/// Asks for the admin's token.
fn sign_in(l: Locale, page: &AdminSignInPage) -> View {
    let error = page.refused.then(|| l.t("admin-refused"));
    div()
        .class("narrow stack")
        .children((
            h1().class("h2").children(l.t("admin-title")),
            p().class("soft").children(l.t("admin-sign-in-text")),
            post(
                l.path("/admin/sign-in"),
                vec![],
                (
                    field(
                        "token",
                        l.t("admin-token"),
                        None,
                        error,
                        input()
                            .r#type("password")
                            .id("token")
                            .name("token")
                            .attr("autocomplete", "current-password")
                            .bool_attr("required", true)
                            .into(),
                    ),
                    field(
                        "name",
                        l.t("admin-name"),
                        Some(l.t("admin-name-help")),
                        None,
                        input()
                            .r#type("text")
                            .id("name")
                            .name("name")
                            .attr("maxlength", "80")
                            .attr("autocomplete", "name")
                            .attr("aria-describedby", "name-help")
                            .into(),
                    ),
                    submit(Weight::Primary, l.t("admin-sign-in")),
                ),
            )
            .class("stack"),
        ))
        .into()
}
