//! The agent's parts, shared by all that runs in its process.

use reqwest::Client;
use time::OffsetDateTime;

use crate::{
    Environment, GatewayError,
    backoff::{Backoff, told},
    health::Health,
    llm::Llm,
    state::Api,
    telegram::Telegram,
    tools::Tools,
};

/// One agent.
pub(crate) struct Agent {
    pub(crate) environment: Environment,
    pub(crate) telegram: Telegram,
    pub(crate) api: Api,
    pub(crate) llm: Llm,
    pub(crate) tools: Tools,
    pub(crate) health: Health,
}

impl Agent {
    pub(crate) fn new(environment: Environment) -> Result<Self, GatewayError> {
        // An error only says that a provider is there already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = client(&environment, 2)?;
        // rmcp's advice: a connection whose last body was not read to its end stalls the next request by 40 ms.
        let unpooled = client(&environment, 0)?;
        let token = environment.proxy_token.clone();
        Ok(Self {
            telegram: Telegram::new(&environment.bot_token, environment.telegram_root.clone())?,
            api: Api::new(http.clone(), &environment.api_url, token.clone()),
            llm: Llm::new(http, &environment),
            tools: Tools::new(unpooled, &environment.mcp_url, token, &environment.limits),
            health: Health::default(),
            environment,
        })
    }

    pub(crate) fn backoff(&self) -> Backoff {
        Backoff::new(&self.environment.limits)
    }

    /// The niche's persona, and what it cannot know: the day, and whether its tools are there.
    pub(crate) fn system_prompt(&self, tools_known: bool) -> String {
        let today = OffsetDateTime::now_utc().date();
        let mut prompt = format!("{}\n\nToday is {today} (UTC).", self.environment.system_prompt);
        if !tools_known {
            prompt.push_str(
                "\n\nYour tools cannot be reached at the moment. If the question needs one of them, \
                 say that it is not available right now and do not guess its result.",
            );
        }
        prompt
    }
}

/// A client for the platform's own services: no proxy in between, and few connections.
fn client(environment: &Environment, idle: usize) -> Result<Client, GatewayError> {
    let builder = Client::builder()
        .connect_timeout(std::time::Duration::from_secs(5))
        .pool_max_idle_per_host(idle)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy();
    let addresses = [&environment.llm_url, &environment.mcp_url, &environment.api_url];
    let builder = if addresses.iter().all(|address| address.scheme() == "http") {
        // Inside the platform nothing is asked over TLS: reading the machine's certificates would be the largest
        // part of the start and of the memory.
        builder.tls_certs_only(std::iter::empty())
    } else {
        builder
    };
    builder.build().map_err(|error| GatewayError::Start(told(&error)))
}
