//! What the command line says about releases.

use openclaw_api_types::{ReleasePage, ReleasePublisher, ReleaseState, ReleaseSummary, RollOut, RollOutState, Trust};

fn state(state: ReleaseState) -> &'static str {
    match state {
        ReleaseState::Pending => "pending",
        ReleaseState::Rejected => "rejected",
        ReleaseState::Approved => "approved",
        ReleaseState::Active => "active",
        ReleaseState::Retired => "retired",
    }
}

fn publisher(publisher: &ReleasePublisher) -> String {
    let name = publisher.name.as_deref().unwrap_or("nobody");
    match publisher.trust {
        Trust::Verified => format!("signed by {name}"),
        Trust::Revoked => format!("signed by {name}, who was revoked"),
        Trust::Unknown => "signed by someone unknown".to_owned(),
        Trust::Unsigned => "not signed".to_owned(),
    }
}

/// How its self-test went.
pub(super) fn self_test(page: &ReleasePage) -> String {
    match page.self_test.len() {
        0 => "it has no self-test".to_owned(),
        1 => "the one case of its self-test passed".to_owned(),
        n => format!("all {n} cases of its self-test passed"),
    }
}

/// What became of an upload.
pub(super) fn pushed(page: &ReleasePage) {
    let release = &page.release;
    println!("{} {} is {}; {}.", release.niche, release.version, state(release.state), self_test(page));
    println!("{}; {}.", page.difference.words, publisher(&release.publisher));
    println!("{}", release.digest);
}

/// A release after a step.
pub(super) fn stands(page: &ReleasePage) {
    println!("{} {} is {}", page.release.niche, page.release.version, state(page.release.state));
}

/// A roll-out after a step.
pub(super) fn roll_out(roll_out: &RollOut) {
    let (niche, new) = (&roll_out.niche, &roll_out.new.version);
    match (roll_out.state, &roll_out.old) {
        (RollOutState::Running, _) => println!("{niche} {new} is for {} % of the agents", roll_out.share),
        (RollOutState::Complete, _) => println!("{niche} {new} is for everybody"),
        (RollOutState::RolledBack, Some(old)) => {
            println!("{niche} {new} was taken back; {} is for everybody", old.version)
        }
        (RollOutState::RolledBack | RollOutState::Cancelled, _) => println!("{niche} {new} was taken back"),
    }
}

/// A list of releases.
pub(super) fn releases(releases: &[ReleaseSummary]) {
    if releases.is_empty() {
        println!("there are no releases");
    }
    for release in releases {
        println!(
            "{:<9} {:<16} {:<10} {:>5} agents  {}  {}",
            state(release.state),
            release.niche,
            release.version,
            release.agents,
            release.digest,
            publisher(&release.publisher)
        );
    }
}

/// A release's page.
pub(super) fn page(page: &ReleasePage) {
    let release = &page.release;
    println!("{} {} is {}", release.niche, release.version, state(release.state));
    println!("  {}", release.digest);
    println!("  {} bytes for contract {}; {}", release.bytes, page.contract, publisher(&release.publisher));
    println!("  {}", page.difference.words);
    println!("  {}", self_test(page));
    println!("  {} agents have it", release.agents);
    if let Some(reason) = &page.reason {
        println!("  {reason}");
    }
}
