//! `cargo xtask wit-check`: every version of the contract that was published still serves the components built
//! against it.
//!
//! `wit/published/VERSION.wit` is the version as it was published, without its words. Since then words may improve and
//! an imported interface may gain functions; anything else is a new version, in a folder of its own.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow, bail, ensure};
use wit_component::{WitPrinter, semver_check};
use wit_parser::{Interface, PackageId, Resolve, TypeDefKind, UnresolvedPackageGroup, WorldId};

use crate::shell::root;

const PUBLISHED: &str = "published";

/// Checks every version. With `publish`, what is there now is recorded as published, if it passes.
pub(crate) fn check(publish: bool) -> anyhow::Result<()> {
    let wit = root().join("wit");
    let mut versions: Vec<PathBuf> =
        fs::read_dir(&wit)?.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<_>>()?;
    versions.retain(|folder| folder.is_dir() && !folder.ends_with(PUBLISHED));
    versions.sort();
    ensure!(!versions.is_empty(), "{} has no version", wit.display());
    for folder in versions {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        one(&name, &folder, &wit.join(PUBLISHED).join(format!("{name}.wit")), publish)
            .with_context(|| format!("wit/{name}"))?;
    }
    Ok(())
}

fn one(name: &str, folder: &Path, record: &Path, publish: bool) -> anyhow::Result<()> {
    let now = Version::read(folder)?;
    let declared = now.resolve.packages[now.package].name.version.as_ref().map(ToString::to_string).unwrap_or_default();
    ensure!(declared.starts_with(&format!("{name}.")), "the package is of version {declared:?}; the folder is {name}");
    let silent = now.without_words();
    ensure!(silent.is_empty(), "`///` is missing at {}", silent.join(", "));
    let shape = now.shape()?;
    if record.is_file() {
        let published = fs::read_to_string(record)?;
        serves(&published, &shape)?;
        if published != shape && !publish {
            println!("  wit/{name} has grown since it was published; `cargo xtask wit-check --publish` records it");
        }
    } else if !publish {
        println!("  wit/{name} is not published yet, so it may still change");
    }
    if publish {
        fs::create_dir_all(record.parent().context("the record has a folder")?)?;
        fs::write(record, shape)?;
    }
    Ok(())
}

/// Whether a component built against any world of `published` is one of that world in `now`.
fn serves(published: &str, now: &str) -> anyhow::Result<()> {
    let mut resolve = Resolve::default();
    let now_package = push(&mut resolve, parse("now", now)?)?;
    let mut old = parse("published", published)?;
    // Two packages of one name and version cannot stand side by side; the comparison ignores versions.
    old.main.name.version = None;
    let old_package = push(&mut resolve, old)?;
    for (name, old_world) in resolve.packages[old_package].worlds.clone() {
        let compatible = match resolve.packages[now_package].worlds.get(&name) {
            Some(now_world) => compatible(&resolve, old_world, *now_world),
            None => Err(anyhow!("the world is gone")),
        };
        if let Err(error) = compatible {
            bail!(
                "components built against its world `{name}` as published would no longer fit:\n\n{}\n{error:#}\n\n\
                 A published version does not change. Take this back, or put it into a new version: a folder of its \
                 own with a package version of its own, beside this one.",
                difference(published, now),
            );
        }
    }
    Ok(())
}

fn compatible(resolve: &Resolve, old: WorldId, now: WorldId) -> anyhow::Result<()> {
    semver_check(resolve.clone(), old, now)
}

/// The lines that came and went.
fn difference(published: &str, now: &str) -> String {
    let difference = similar::TextDiff::from_lines(published, now);
    difference.unified_diff().context_radius(2).header("published", "now").to_string()
}

fn parse(name: &str, text: &str) -> anyhow::Result<UnresolvedPackageGroup> {
    UnresolvedPackageGroup::parse(name, text).map_err(|(sources, error)| anyhow!("{}", error.render(&sources)))
}

fn push(resolve: &mut Resolve, group: UnresolvedPackageGroup) -> anyhow::Result<PackageId> {
    Ok(resolve.push_group(group)?)
}

/// A version of the contract as it is in the checkout.
struct Version {
    resolve: Resolve,
    package: PackageId,
}

impl Version {
    fn read(folder: &Path) -> anyhow::Result<Self> {
        let mut resolve = Resolve::default();
        let package = push(&mut resolve, UnresolvedPackageGroup::parse_dir(folder)?)?;
        Ok(Self { resolve, package })
    }

    /// It as WIT, without its words.
    fn shape(&self) -> anyhow::Result<String> {
        let mut printer = WitPrinter::default();
        printer.emit_docs(false).print(&self.resolve, self.package, &[])?;
        Ok(printer.output.to_string())
    }

    /// Everything that says nothing about itself.
    fn without_words(&self) -> Vec<String> {
        let package = &self.resolve.packages[self.package];
        let mut silent = Vec::new();
        for (name, id) in &package.interfaces {
            let interface = &self.resolve.interfaces[*id];
            if interface.docs.is_empty() {
                silent.push(name.clone());
            }
            silent.extend(self.silent_within(interface).into_iter().map(|item| format!("{name}.{item}")));
        }
        for (name, id) in &package.worlds {
            if self.resolve.worlds[*id].docs.is_empty() {
                silent.push(name.clone());
            }
        }
        silent
    }

    fn silent_within(&self, interface: &Interface) -> Vec<String> {
        let mut items: Vec<(String, bool)> = Vec::new();
        for (name, function) in &interface.functions {
            items.push((name.clone(), function.docs.is_empty()));
        }
        for (name, id) in &interface.types {
            let kind = &self.resolve.types[*id];
            let parts: Vec<(&str, bool)> = match &kind.kind {
                TypeDefKind::Record(record) => record.fields.iter().map(|f| (&*f.name, f.docs.is_empty())).collect(),
                TypeDefKind::Variant(variant) => variant.cases.iter().map(|c| (&*c.name, c.docs.is_empty())).collect(),
                TypeDefKind::Enum(cases) => cases.cases.iter().map(|c| (&*c.name, c.docs.is_empty())).collect(),
                TypeDefKind::Flags(flags) => flags.flags.iter().map(|f| (&*f.name, f.docs.is_empty())).collect(),
                // A name that `use` brings in has its words elsewhere.
                TypeDefKind::Type(wit_parser::Type::Id(_)) => continue,
                _ => vec![],
            };
            items.push((name.clone(), kind.docs.is_empty()));
            items.extend(parts.into_iter().map(|(part, silent)| (format!("{name}.{part}"), silent)));
        }
        items.into_iter().filter(|(_, silent)| *silent).map(|(name, _)| name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLISHED: &str = "package a:b@0.1.0;

        interface given { record pair { key: string } get: func() -> pair; }
        interface made { record thing { name: string } make: func() -> thing; }
        world both { import given; export made; }
    ";

    fn edited(from: &str, to: &str) -> anyhow::Result<()> {
        assert!(PUBLISHED.contains(from), "{from}");
        serves(PUBLISHED, &PUBLISHED.replace(from, to))
    }

    #[test]
    fn a_new_function_of_an_imported_interface_is_allowed() {
        edited("get: func() -> pair;", "get: func() -> pair; set: func(pair: pair);").unwrap();
        edited("get: func", "/// In better words.\n get: func").unwrap();
    }

    #[test]
    fn what_would_break_published_components_is_refused_and_named() {
        for (from, to) in [
            ("{ name: string }", "{ name: string, size: u32 }"),
            ("{ key: string }", "{ key: string, size: u32 }"),
            ("make: func() -> thing;", "make: func() -> thing; more: func();"),
            ("make: func()", "make: func(how: string)"),
            ("get: func() -> pair;", ""),
            ("export made;", "export made; export given;"),
            ("world both", "world other"),
        ] {
            let refused = edited(from, to).unwrap_err().to_string();
            assert!(refused.contains("a new version"), "{refused}");
            assert!(refused.contains("world `both`"), "{refused}");
        }
        let field = edited("{ name: string }", "{ name: string, size: u32 }").unwrap_err().to_string();
        assert!(field.contains("size: u32"), "{field}");
    }

    #[test]
    fn the_contract_of_this_checkout_passes() {
        check(false).unwrap();
    }
}
