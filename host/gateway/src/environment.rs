//! What a gateway is told when it starts: DESIGN.md's environment, parsed once.

use std::{collections::HashSet, net::SocketAddr, time::Duration};

use secrecy::SecretString;
use url::Url;

use crate::sentences::Locale;

/// Everything a gateway knows when it starts.
#[derive(Debug, Clone)]
pub struct Environment {
    /// `TELEGRAM_BOT_TOKEN`: the stand-in token that the relay knows, or a real one in direct mode.
    pub bot_token: SecretString,
    /// `TELEGRAM_API_ROOT`: the relay, or `https://api.telegram.org` when unset.
    pub telegram_root: Url,
    /// `TELEGRAM_ALLOW_FROM`: the Telegram users who may talk to the agent.
    pub allow_from: HashSet<u64>,
    /// `OPENCLAW_MODEL`: passed to the LLM as it is.
    pub model: String,
    /// `OPENCLAW_THINKING`: passed as `reasoning_effort`.
    pub thinking: Option<String>,
    /// `OPENCLAW_SYSTEM_PROMPT`: the niche's persona.
    pub system_prompt: String,
    /// `OPENCLAW_PROXY_TOKEN`: the one credential for the LLM, the tools and the agent's state.
    pub proxy_token: SecretString,
    /// `OPENCLAW_LLM_URL`: an OpenAI-compatible base, ending in `/v1`.
    pub llm_url: Url,
    /// `OPENCLAW_MCP_URL`: the niche's tools.
    pub mcp_url: Url,
    /// `OPENCLAW_API_URL`: the agent's state and its heartbeat.
    pub api_url: Url,
    /// `OPENCLAW_LOCALE`: the language of the gateway's own sentences; Portuguese when unset.
    pub locale: Locale,
    /// `OPENCLAW_CONTEXT_TOKENS`: how much of prompt and conversation the LLM is shown, in estimated tokens.
    pub context_tokens: usize,
    /// `OPENCLAW_PROBES_LISTEN`: where it answers how it is, for Kubernetes; nowhere when unset.
    pub probes_listen: Option<SocketAddr>,
    /// Bounds on time and rounds.
    pub limits: Limits,
}

/// Bounds on time and rounds. Not in the environment: the defaults suit every tier, tests choose shorter ones.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Requests to the LLM for one message; in the last one it may no longer call tools.
    pub rounds: usize,
    /// The longest a person waits for one answer.
    pub answer: Duration,
    /// Attempts of one LLM request before the person is told.
    pub llm_attempts: u32,
    /// The longest silence of the LLM, before and between the events of its stream.
    pub llm_silence: Duration,
    /// The longest a tool may take.
    pub tool: Duration,
    /// How old the list of tools may be when a message comes.
    pub tools_age: Duration,
    /// How long one request for new messages waits.
    pub poll: Duration,
    /// How often new messages are looked for while others are being answered.
    pub repoll: Duration,
    /// How often "typing…" is renewed; Telegram shows it for five seconds.
    pub typing: Duration,
    /// How often the platform hears that the agent is well.
    pub heartbeat: Duration,
    /// The first pause before trying again; it doubles.
    pub first_pause: Duration,
    /// The longest pause before trying again.
    pub longest_pause: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rounds: 8,
            answer: Duration::from_secs(180),
            llm_attempts: 6,
            llm_silence: Duration::from_secs(120),
            tool: Duration::from_secs(60),
            tools_age: Duration::from_secs(60),
            poll: Duration::from_secs(30),
            repoll: Duration::from_millis(250),
            typing: Duration::from_secs(4),
            heartbeat: Duration::from_secs(30),
            first_pause: Duration::from_millis(400),
            longest_pause: Duration::from_secs(15),
        }
    }
}

/// A variable that keeps the gateway from starting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvironmentError {
    /// It is not set, or empty.
    #[error("{name} is not set: set it to {wanted}")]
    Missing {
        /// The variable.
        name: &'static str,
        /// What belongs there.
        wanted: &'static str,
    },
    /// It is set to something else. The value is not repeated: it may be a secret in the wrong place.
    #[error("{name} cannot be used ({problem}): set it to {wanted}")]
    Invalid {
        /// The variable.
        name: &'static str,
        /// What is wrong with it.
        problem: String,
        /// What belongs there.
        wanted: &'static str,
    },
}

/// When `OPENCLAW_CONTEXT_TOKENS` is unset.
const CONTEXT_TOKENS: usize = 8_000;

impl Environment {
    /// Reads the process's environment.
    pub fn from_env() -> Result<Self, EnvironmentError> {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// Reads each variable through `lookup`.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, EnvironmentError> {
        let optional = |name: &str| lookup(name).map(|v| v.trim().to_owned()).filter(|v| !v.is_empty());
        let required =
            |name: &'static str, wanted: &'static str| optional(name).ok_or(EnvironmentError::Missing { name, wanted });
        let address = |name: &'static str, value: String| {
            let wanted = "an address such as http://127.0.0.1:8000";
            let invalid = |problem: String| EnvironmentError::Invalid { name, problem, wanted };
            let url = Url::parse(&value).map_err(|error| invalid(error.to_string()))?;
            if matches!(url.scheme(), "http" | "https") { Ok(url) } else { Err(invalid("not http or https".into())) }
        };
        let required_address =
            |name: &'static str, wanted: &'static str| required(name, wanted).and_then(|v| address(name, v));

        Ok(Self {
            bot_token: required("TELEGRAM_BOT_TOKEN", "the agent's token for the Telegram relay")?.into(),
            telegram_root: address(
                "TELEGRAM_API_ROOT",
                optional("TELEGRAM_API_ROOT").unwrap_or_else(|| "https://api.telegram.org".into()),
            )?,
            allow_from: allow_list(&required("TELEGRAM_ALLOW_FROM", ALLOW_WANTED)?)?,
            model: required("OPENCLAW_MODEL", "the model's name, such as kimi-coding/k2p5")?,
            thinking: optional("OPENCLAW_THINKING"),
            system_prompt: required("OPENCLAW_SYSTEM_PROMPT", "the persona that the niche rendered")?,
            proxy_token: required("OPENCLAW_PROXY_TOKEN", "the agent's proxy token (oct_…)")?.into(),
            llm_url: required_address("OPENCLAW_LLM_URL", "the token proxy, such as http://127.0.0.1:8080/v1")?,
            mcp_url: required_address("OPENCLAW_MCP_URL", "the API's tools, such as http://127.0.0.1:8000/mcp")?,
            api_url: required_address("OPENCLAW_API_URL", "the API, such as http://127.0.0.1:8000")?,
            locale: match optional("OPENCLAW_LOCALE") {
                None => Locale::Pt,
                Some(locale) => Locale::parse(&locale).ok_or_else(|| EnvironmentError::Invalid {
                    name: "OPENCLAW_LOCALE",
                    problem: "an unknown language".into(),
                    wanted: "pt or en",
                })?,
            },
            context_tokens: match optional("OPENCLAW_CONTEXT_TOKENS") {
                None => CONTEXT_TOKENS,
                Some(tokens) => tokens.parse().map_err(|_| EnvironmentError::Invalid {
                    name: "OPENCLAW_CONTEXT_TOKENS",
                    problem: "not a whole number".into(),
                    wanted: "a number of tokens, such as 8000",
                })?,
            },
            probes_listen: match optional("OPENCLAW_PROBES_LISTEN") {
                None => None,
                Some(address) => Some(address.parse().map_err(|_| EnvironmentError::Invalid {
                    name: "OPENCLAW_PROBES_LISTEN",
                    problem: "not an address with a port".into(),
                    wanted: "an address such as 0.0.0.0:18789",
                })?),
            },
            limits: Limits::default(),
        })
    }
}

const ALLOW_WANTED: &str = "the Telegram user ids that may talk to the agent, separated by commas";

fn allow_list(value: &str) -> Result<HashSet<u64>, EnvironmentError> {
    value
        .split(',')
        .map(str::trim)
        .filter(|id| !id.is_empty())
        .map(|id| {
            id.parse().map_err(|_| EnvironmentError::Invalid {
                name: "TELEGRAM_ALLOW_FROM",
                problem: "one of them is not a number".into(),
                wanted: ALLOW_WANTED,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn complete() -> HashMap<&'static str, &'static str> {
        HashMap::from([
            ("TELEGRAM_BOT_TOKEN", "7:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
            ("TELEGRAM_API_ROOT", "http://127.0.0.1:8090"),
            ("TELEGRAM_ALLOW_FROM", "42, 4503599627370503"),
            ("OPENCLAW_MODEL", "kimi-coding/k2p5"),
            ("OPENCLAW_SYSTEM_PROMPT", "You help."),
            ("OPENCLAW_PROXY_TOKEN", "oct_x"),
            ("OPENCLAW_LLM_URL", "http://127.0.0.1:8080/v1"),
            ("OPENCLAW_MCP_URL", "http://127.0.0.1:8000/mcp"),
            ("OPENCLAW_API_URL", "http://127.0.0.1:8000"),
        ])
    }

    fn parse(variables: &HashMap<&str, &str>) -> Result<Environment, EnvironmentError> {
        Environment::from_lookup(|name| variables.get(name).map(|v| (*v).to_owned()))
    }

    #[test]
    fn a_complete_environment_is_understood() {
        let environment = parse(&complete()).unwrap();
        assert_eq!(environment.allow_from, HashSet::from([42, 4_503_599_627_370_503]));
        assert_eq!(environment.locale, Locale::Pt);
        assert_eq!(environment.context_tokens, 8_000);
        assert_eq!(environment.thinking, None);
    }

    #[test]
    fn what_is_missing_is_named_with_what_to_set() {
        for name in complete().into_keys().filter(|name| *name != "TELEGRAM_API_ROOT") {
            let mut variables = complete();
            variables.insert(name, "  ");
            let error = parse(&variables).unwrap_err();
            assert!(matches!(error, EnvironmentError::Missing { name: missing, .. } if missing == name), "{error}");
            assert!(error.to_string().contains("set it to"));
        }
    }

    #[test]
    fn what_is_wrong_is_named_and_not_repeated() {
        for (name, value) in [
            ("TELEGRAM_ALLOW_FROM", "42,maria"),
            ("OPENCLAW_LLM_URL", "ftp://secret"),
            ("OPENCLAW_LOCALE", "klingon"),
            ("OPENCLAW_CONTEXT_TOKENS", "many"),
            ("OPENCLAW_PROBES_LISTEN", "everywhere"),
        ] {
            let mut variables = complete();
            variables.insert(name, value);
            let error = parse(&variables).unwrap_err();
            assert!(matches!(error, EnvironmentError::Invalid { name: wrong, .. } if wrong == name), "{error}");
            assert!(!error.to_string().contains(value), "{error}");
        }
    }

    #[test]
    fn secrets_do_not_print() {
        let printed = format!("{:?}", parse(&complete()).unwrap());
        assert!(!printed.contains("oct_x") && !printed.contains("AAAAAAAA"), "{printed}");
    }
}
