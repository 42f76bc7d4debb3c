//! Components in a real registry: what goes in comes out, and no more than may.

use openclaw_oci::{Login, OciError, Reference, fetch, publish};
use openclaw_testkit::{oci::OciRegistry, server::free_port};

fn reference(registry: &OciRegistry, rest: &str) -> Reference {
    format!("oci://{}/{rest}", registry.address()).parse().unwrap()
}

#[tokio::test]
async fn a_component_comes_back_as_it_was_published_with_its_signature() {
    openclaw_platform::http::install_tls();
    let registry = OciRegistry::temporary().await.unwrap();
    let component: Vec<u8> = (0..300_000u32).flat_map(u32::to_le_bytes).collect();
    let (signed, plain) = (reference(&registry, "niches/hello:1.0.0"), reference(&registry, "niches/plain:1.0.0"));
    let line = "a publisher's line".to_owned();
    publish(&signed, component.clone(), Some(line.clone()), &Login::Anonymous).await.unwrap();
    publish(&plain, component.clone(), None, &Login::Anonymous).await.unwrap();

    let fetched = fetch(&signed, component.len(), &Login::Anonymous).await.unwrap();
    assert_eq!(fetched.component, component);
    assert_eq!(fetched.signature, Some(line));
    assert_eq!(fetch(&plain, component.len(), &Login::Anonymous).await.unwrap().signature, None);
}

#[tokio::test]
async fn what_is_too_large_or_not_there_is_told_apart() {
    openclaw_platform::http::install_tls();
    let registry = OciRegistry::temporary().await.unwrap();
    let there = reference(&registry, "niches/large:1");
    publish(&there, vec![1; 5_000], None, &Login::Anonymous).await.unwrap();
    let large = fetch(&there, 4_999, &Login::Anonymous).await.unwrap_err();
    assert!(matches!(large, OciError::TooLarge { limit: 4_999, .. }), "{large}");
    let missing = fetch(&reference(&registry, "niches/nothing:1"), 5_000, &Login::Anonymous).await.unwrap_err();
    assert!(matches!(missing, OciError::Registry { .. }), "{missing}");
    let nobody: Reference = format!("127.0.0.1:{}/x:1", free_port()).parse().unwrap();
    let away = fetch(&nobody, 5_000, &Login::Anonymous).await.unwrap_err();
    assert!(matches!(away, OciError::Registry { .. }), "{away}");
}
