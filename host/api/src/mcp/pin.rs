//! Pinning: a list of tools says which release it is of, a call says which list it goes by, and for a while an agent's
//! release before the present one goes on serving such calls. So a conversation that is in the middle of something ends
//! with the tools that it began with.

use openclaw_platform::{Digest, tokens::Caller};
use rmcp::model::MetaObject;
use serde_json::Value;
use time::{Duration, OffsetDateTime};

/// Where lists, calls and results name a release, in their `_meta`.
pub(super) const RELEASE: &str = "dev.openclaw/release";
/// How long after its end a release still serves what began with it: longer than any answer takes.
const AFTER: Duration = Duration::minutes(15);

/// The release that serves a request which goes by the one that `named` names: that one, if it is the caller's or was
/// until a short while ago; else the caller's.
pub(super) fn served_by(caller: &Caller, named: Option<&Value>, now: OffsetDateTime) -> Digest {
    let named = named.and_then(Value::as_str).and_then(|named| named.parse::<Digest>().ok());
    match (named, caller.previous) {
        (Some(named), Some((previous, until))) if named == previous && now - until <= AFTER => previous,
        _ => caller.digest,
    }
}

/// `_meta` that names `release`.
pub(super) fn names(release: Digest) -> MetaObject {
    MetaObject([(RELEASE.to_owned(), Value::String(release.to_string()))].into_iter().collect())
}

#[cfg(test)]
mod tests {
    use openclaw_platform::{AgentId, CustomerId, TokenId};

    use super::*;

    #[test]
    fn the_release_before_serves_those_who_name_it_for_a_while() {
        let (old, new, other) = (Digest::of(b"old"), Digest::of(b"new"), Digest::of(b"other"));
        let now = OffsetDateTime::UNIX_EPOCH + Duration::days(20_000);
        let caller = |ago| Caller {
            token: TokenId::new(),
            agent: AgentId::new(),
            number: 1,
            customer: CustomerId::new(),
            niche: "hello".into(),
            digest: new,
            previous: Some((old, now - ago)),
            tier: "starter".into(),
            locale: "pt".into(),
        };
        let asked = |ago, named: Digest| served_by(&caller(ago), Some(&Value::String(named.to_string())), now);
        assert_eq!(asked(Duration::minutes(14), old), old);
        assert_eq!(asked(Duration::minutes(16), old), new);
        assert_eq!(asked(Duration::minutes(1), new), new);
        assert_eq!(
            asked(Duration::minutes(1), other),
            new,
            "a release that it never had is not to be had by naming it"
        );
        assert_eq!(served_by(&caller(Duration::ZERO), None, now), new);
        assert_eq!(served_by(&caller(Duration::ZERO), Some(&Value::from(1)), now), new);
    }
}
