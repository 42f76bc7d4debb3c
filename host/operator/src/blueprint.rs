//! What a gateway is started with, as a pure function of its agent: all but its secrets.

use openclaw_platform::{Digest, agents::Agent, tiers::Tier};

/// Linux hands a process no single variable longer than 128 KiB, its name included.
pub const PROMPT_BYTES: usize = 120 << 10;

/// Where gateways reach the platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// The API, without a slash at the end.
    pub api: String,
    /// The Telegram relay.
    pub relay: String,
    /// The token proxy.
    pub token_proxy: String,
}

/// A gateway's environment without its secrets. Two that are equal need no restart in between: whatever else of its
/// niche a release changes is the API's to serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blueprint {
    /// Name and value of each variable.
    pub environment: Vec<(&'static str, String)>,
}

impl Blueprint {
    /// That of `agent`, which has `tier` and speaks by `prompt`.
    pub fn new(agent: &Agent, tier: &Tier, prompt: String, addresses: &Addresses) -> Self {
        let seats = usize::try_from(tier.telegram_users).unwrap_or_default();
        let allowed: Vec<String> = agent
            .telegram_users
            .iter()
            .take(seats)
            .copied()
            .chain([agent.web_chat()])
            .map(|id| id.to_string())
            .collect();
        Self {
            environment: vec![
                ("TELEGRAM_API_ROOT", addresses.relay.clone()),
                ("TELEGRAM_ALLOW_FROM", allowed.join(",")),
                ("OPENCLAW_MODEL", agent.model.clone()),
                ("OPENCLAW_THINKING", tier.thinking.clone()),
                ("OPENCLAW_SYSTEM_PROMPT", prompt),
                ("OPENCLAW_LLM_URL", format!("{}/v1", addresses.token_proxy)),
                ("OPENCLAW_MCP_URL", format!("{}/mcp", addresses.api)),
                ("OPENCLAW_API_URL", addresses.api.clone()),
                ("OPENCLAW_LOCALE", agent.locale.clone()),
            ],
        }
    }

    /// What two equal blueprints have in common, short enough to keep beside a gateway.
    pub fn mark(&self) -> Digest {
        let mut bytes = Vec::new();
        for (name, value) in &self.environment {
            // No variable holds a NUL, so nothing runs into the next.
            bytes.extend_from_slice(name.as_bytes());
            bytes.push(0);
            bytes.extend_from_slice(value.as_bytes());
            bytes.push(0);
        }
        Digest::of(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use openclaw_platform::{
        AgentId, CustomerId,
        agents::{AgentState, WEB_CHAT_BASE},
    };
    use time::OffsetDateTime;

    use super::*;

    fn agent() -> Agent {
        Agent {
            id: AgentId::new(),
            number: 7,
            customer: CustomerId::new(),
            niche: "hello".into(),
            digest: Digest::of(b"release"),
            tier: "starter".into(),
            model: "kimi-coding/k2p5".into(),
            locale: "pt".into(),
            profile: vec![],
            has_bot: true,
            bot_username: None,
            telegram_users: vec![11, 12, 13],
            state: AgentState::Provisioning,
            reason: None,
            created_at: OffsetDateTime::UNIX_EPOCH,
            live_at: None,
            heartbeat_at: None,
        }
    }

    fn tier(telegram_users: i32, thinking: &str) -> Tier {
        Tier {
            id: "any".into(),
            price_cents: 1,
            monthly_tokens: 1,
            telegram_users,
            thinking: thinking.into(),
            cpu_request_millis: 1,
            cpu_limit_millis: 1,
            memory_request_mib: 1,
            memory_limit_mib: 1,
        }
    }

    fn blueprint(agent: &Agent, tier: &Tier) -> Blueprint {
        let addresses = Addresses { api: "http://a".into(), relay: "http://r".into(), token_proxy: "http://t".into() };
        Blueprint::new(agent, tier, "Be kind.".into(), &addresses)
    }

    fn variable<'a>(blueprint: &'a Blueprint, name: &str) -> &'a str {
        &blueprint.environment.iter().find(|(n, _)| *n == name).unwrap().1
    }

    #[test]
    fn the_tier_bounds_who_may_talk_and_the_web_chat_always_may() {
        let web_chat = WEB_CHAT_BASE + 7;
        let allowed = |seats| variable(&blueprint(&agent(), &tier(seats, "medium")), "TELEGRAM_ALLOW_FROM").to_owned();
        assert_eq!(allowed(1), format!("11,{web_chat}"));
        assert_eq!(allowed(10), format!("11,12,13,{web_chat}"));
    }

    #[test]
    fn it_leads_to_the_platform_and_holds_no_secret() {
        let blueprint = blueprint(&agent(), &tier(1, "high"));
        assert_eq!(variable(&blueprint, "OPENCLAW_LLM_URL"), "http://t/v1");
        assert_eq!(variable(&blueprint, "OPENCLAW_MCP_URL"), "http://a/mcp");
        assert_eq!(variable(&blueprint, "OPENCLAW_THINKING"), "high");
        assert!(!blueprint.environment.iter().any(|(name, _)| name.contains("TOKEN")));
    }

    #[test]
    fn its_mark_changes_with_whatever_needs_a_restart() {
        let before = blueprint(&agent(), &tier(1, "medium"));
        assert_eq!(before.mark(), blueprint(&agent(), &tier(1, "medium")).mark());
        assert_ne!(before.mark(), blueprint(&agent(), &tier(1, "high")).mark());
        let next = Agent { digest: Digest::of(b"next"), ..agent() };
        assert_eq!(before.mark(), blueprint(&next, &tier(1, "medium")).mark(), "a release alone needs none");
    }
}
