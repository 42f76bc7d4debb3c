//! The niches of this repository hold to the contract.

use std::sync::Arc;

use openclaw_plugins::Step;
use openclaw_plugins::storage::Ephemeral;
use openclaw_testkit::components;

use crate::{TestHost, scope};

const NICHES: [&str; 5] = ["hello", "pharmacy", "legal", "real-estate", "accounting"];

#[tokio::test]
async fn each_niche_describes_itself_in_both_languages_and_passes_its_own_test() {
    let test = TestHost::start();
    for niche in NICHES {
        let release = test.host.load(&components::bytes(niche)).await.unwrap();
        let (pt, en) = (release.describe("pt").await.unwrap(), release.describe("en").await.unwrap());
        assert_eq!((pt.id.as_str(), en.id.as_str()), (niche, niche));
        assert_eq!((pt.status, &pt.version, &pt.accent), (en.status, &en.version, &en.accent));
        release.wants("pt").await.unwrap();
        let beyond: Vec<_> = release.imports().iter().filter(|asked| !asked.starts_with("openclaw:niche/")).collect();
        assert!(beyond.is_empty(), "{niche} asks for {beyond:?}");
        let tools = release.list_tools("pt").await.unwrap();
        assert_eq!(tools.is_empty(), !release.exports().tools, "{niche}");
        match release.next_question(&[], "pt").await.unwrap() {
            Step::Ask(question) => assert_eq!(question.position, 1, "{niche}"),
            Step::Done(_) => assert!(!release.exports().onboarding, "{niche}"),
            Step::Rejected(rejection) => panic!("{niche}: {rejection:?}"),
        }
        for case in release.self_test(scope(&release, Arc::new(Ephemeral::new())).await.grant).await.unwrap() {
            assert!(case.passed(), "{niche}: {case:?}");
        }
    }
}
