//! The API as the server asks it, in the name of the reader whose cookies came with the request.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use openclaw_api_types::Problem;
use reqwest::{Client, RequestBuilder};
use serde::{Serialize, de::DeserializeOwned};
use url::Url;

use super::{admin, client::FORWARDED};

/// How long a page waits for the API before it says that it is away.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long an upload may take.
const VERIFIED: Duration = Duration::from_secs(180);
/// How long a connection to it may take.
const CONNECT: Duration = Duration::from_secs(3);

/// Why there is no answer to show.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Failure {
    /// The API refused, and said why.
    Problem(Problem),
    /// It cannot be reached, or answered nonsense.
    Away,
}

impl Failure {
    /// Whether it is a problem with this status.
    pub(super) fn is(&self, status: StatusCode) -> bool {
        matches!(self, Self::Problem(problem) if problem.status == status.as_u16())
    }

    /// The problem, for a page that shows it and goes on.
    pub(super) fn problem(self) -> Result<Problem, Self> {
        match self {
            Self::Problem(problem) if problem.status < 500 => Ok(problem),
            other => Err(other),
        }
    }
}

/// A client for the API.
#[derive(Debug, Clone)]
pub(super) struct Api {
    client: Client,
    base: Url,
}

/// A request in a reader's name.
pub(super) struct Call<'a> {
    pub(super) api: &'a Api,
    /// The reader's headers.
    pub(super) headers: &'a HeaderMap,
    /// What the API wants kept in the reader's browser.
    pub(super) cookies: Vec<HeaderValue>,
    patience: Duration,
}

impl Api {
    pub(super) fn new(base: Url) -> Result<Self, reqwest::Error> {
        // Whoever came first chose a provider; any will do.
        rustls::crypto::ring::default_provider().install_default().ok();
        let client = Client::builder()
            .connect_timeout(CONNECT)
            .redirect(reqwest::redirect::Policy::none())
            .pool_idle_timeout(Duration::from_secs(30))
            .build()?;
        Ok(Self { client, base })
    }

    /// The address of `path`, which begins with `/`, below the API's.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base.as_str().trim_end_matches('/'))
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn call<'a>(&'a self, headers: &'a HeaderMap) -> Call<'a> {
        Call { api: self, headers, cookies: Vec::new(), patience: PATIENCE }
    }
}

impl Call<'_> {
    /// The same, with time for a release to be fetched, compiled and tested before it is answered.
    pub(super) fn patient(self) -> Self {
        Self { patience: VERIFIED, ..self }
    }

    /// Asks for something.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        let (body, _) = self.send(Method::GET, path, None::<&()>).await?;
        parse(path, &body)
    }

    /// Tells something, and reads the answer.
    pub(super) async fn post<T: DeserializeOwned>(&mut self, path: &str, body: &impl Serialize) -> Result<T, Failure> {
        let (body, cookies) = self.send(Method::POST, path, Some(body)).await?;
        self.cookies.extend(cookies);
        parse(path, &body)
    }

    /// Does something whose answer does not matter.
    pub(super) async fn act(
        &mut self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<(), Failure> {
        let (_, cookies) = self.send(method, path, body).await?;
        self.cookies.extend(cookies);
        Ok(())
    }

    /// Sends a component, and reads the answer.
    pub(super) async fn upload<T: DeserializeOwned>(
        &mut self,
        path: &str,
        component: Vec<u8>,
        header: Option<(&'static str, HeaderValue)>,
    ) -> Result<T, Failure> {
        let mut request = self.request(Method::POST, path).body(component);
        request = request.header(header::CONTENT_TYPE, "application/wasm");
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let (body, cookies) = answer(path, request).await?;
        self.cookies.extend(cookies);
        parse(path, &body)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<(Vec<u8>, Vec<HeaderValue>), Failure> {
        let request = self.request(method, path);
        let request = match body {
            Some(body) => request.json(body),
            // JSON is what the API takes for something that no other site can have sent, also when there is none.
            None => request.header(header::CONTENT_TYPE, "application/json"),
        };
        answer(path, request).await
    }

    /// A request in the reader's name.
    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut request = self.api.client.request(method, self.api.url(path)).timeout(self.patience);
        for name in [header::COOKIE, header::ACCEPT_LANGUAGE, header::USER_AGENT, FORWARDED] {
            for value in self.headers.get_all(&name) {
                request = request.header(name.clone(), value);
            }
        }
        if let Some(authorization) = admin::authorization(path, self.headers) {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        if let Some(name) = admin::name(path, self.headers) {
            request = request.header(admin::NAME_HEADER, name);
        }
        request
    }
}

/// Sends a request; the answer's body and what the API wants kept.
async fn answer(path: &str, request: RequestBuilder) -> Result<(Vec<u8>, Vec<HeaderValue>), Failure> {
    let response = request.send().await.map_err(|error| {
        tracing::warn!(path, %error, "the API is away");
        Failure::Away
    })?;
    let status = response.status();
    let cookies = response.headers().get_all(header::SET_COOKIE).iter().cloned().collect();
    let body = response.bytes().await.map_err(|_| Failure::Away)?.to_vec();
    if status.is_success() {
        return Ok((body, cookies));
    }
    match serde_json::from_slice::<Problem>(&body) {
        // Of a registry that a release was to come from, the API itself is the messenger.
        Ok(problem) if !matches!(status.as_u16(), 502..=504) || problem.code() == "registry-failed" => {
            Err(Failure::Problem(problem))
        }
        _ => {
            tracing::warn!(path, %status, "the API has no answer");
            Err(Failure::Away)
        }
    }
}

fn parse<T: DeserializeOwned>(path: &str, body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|error| {
        tracing::error!(path, %error, "the API answered something else");
        Failure::Away
    })
}
