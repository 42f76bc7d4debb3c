//! `cargo xtask smoke`: the main job over HTTP, as a customer's browser would drive it.

use std::{
    path::PathBuf,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};

use crate::shell;

/// How long any one thing may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long one look at whether the platform is ready may take.
const GLANCE: Duration = Duration::from_secs(2);
/// How often to look.
const LOOK: Duration = Duration::from_millis(10);
/// What is asked: both medicines are in the niche's tables, and the answer needs its tool.
const QUESTION: &str = "Posso tomar varfarina com ibuprofeno?";
/// The niche that is asked.
const NICHE: &str = "pharmacy";

/// Which platform.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The file that `up` and `dev` write.
    #[arg(long, default_value = ".openclaw/dev.json")]
    pub(crate) dev: PathBuf,
    /// Leave the agent alive at the end.
    #[arg(long)]
    pub(crate) keep: bool,
}

/// A step that was taken, with its milliseconds.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) millis: f64,
}

/// Drives the main job and prints a line a step.
pub(crate) fn smoke(arguments: &Arguments) -> anyhow::Result<()> {
    let steps = drive(arguments)?;
    let total: f64 = steps.iter().map(|s| s.millis).sum();
    println!("ok in {total:.0} ms");
    Ok(())
}

/// Drives the main job; says what each step took.
pub(crate) fn drive(arguments: &Arguments) -> anyhow::Result<Vec<Step>> {
    let text = std::fs::read_to_string(&arguments.dev)
        .with_context(|| format!("{} is not there: is `cargo xtask up` running?", arguments.dev.display()))?;
    let dev: Value = serde_json::from_str(&text)?;
    let mut walk =
        Walk { browser: Browser::new(dev["web"].as_str().context("dev.json has no web")?), steps: Vec::new() };
    walk.browser.ready(PATIENCE)?;

    walk.step("marketplace", |b| {
        let page = b.text("/pt")?;
        let niches = b.get("/api/v1/niches?locale=pt")?;
        let niche = niches["items"].as_array().and_then(|all| all.iter().find(|n| n["id"] == NICHE));
        let name = niche.and_then(|n| n["name"].as_str()).context("the marketplace does not offer the niche")?;
        ensure!(page.contains(name), "the page does not show {name}");
        Ok(())
    })?;
    let unique = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
    let email = format!("smoke-{unique}@example.com");
    walk.step("sign-up", |b| {
        b.post("/api/v1/sign-in", json!({ "email": email, "locale": "pt", "next": "/pt" }))?;
        let token = b.until("the sign-in mail", |b| {
            let outbox = b.get("/api/dev/outbox")?;
            let mail = outbox["items"].as_array().and_then(|all| all.iter().find(|m| m["to"] == email.as_str()));
            Ok(mail.and_then(|m| token_in(m["text"].as_str()?)))
        })?;
        b.post("/api/v1/session", json!({ "token": token }))?;
        let me = b.get("/api/v1/session")?;
        ensure!(me["email"] == email.as_str(), "signed in as {}", me["email"]);
        Ok(())
    })?;
    let onboarding = walk.step("onboarding", |b| {
        let mut at = b.post("/api/v1/onboarding", json!({ "niche": NICHE, "locale": "pt" }))?;
        let id = at["id"].as_str().context("an interview without an id")?.to_owned();
        for _ in 0..50 {
            if at["step"]["kind"] == "done" {
                return Ok(id);
            }
            let question = &at["step"]["question"];
            let given = json!({ "question": question["id"], "value": answer(question)? });
            at = b.post(&format!("/api/v1/onboarding/{id}/answers"), given)?;
        }
        bail!("the interview does not end")
    })?;
    let checkout = walk.step("checkout", |b| {
        let begun = b.post("/api/v1/checkout", json!({ "onboarding": onboarding, "tier": "starter" }))?;
        Ok(begun["id"].as_str().context("a checkout without an id")?.to_owned())
    })?;
    walk.step("payment", |b| b.post(&format!("/api/v1/checkout/{checkout}/demo-pay"), json!({})).map(drop))?;
    let agent = walk.step("live", |b| {
        b.until("the agent to be live", |b| {
            let progress = b.get(&format!("/api/v1/checkout/{checkout}/progress"))?;
            if let Some(error) = progress["error"].as_str() {
                bail!("provisioning failed: {error}");
            }
            Ok((progress["state"] == "live").then(|| progress["agent"].as_str().unwrap_or_default().to_owned()))
        })
    })?;
    walk.step("answer", |b| {
        b.post(&format!("/api/v1/agents/{agent}/chat"), json!({ "text": QUESTION }))?;
        b.until("an answer that used a tool", |b| {
            let chat = b.get(&format!("/api/v1/agents/{agent}/chat"))?;
            let items = chat["items"].as_array().context("a chat without items")?;
            let used = items.iter().any(|i| i["kind"] == "tool" && i["outcome"] == "ok");
            let said = items.iter().any(|i| i["kind"] == "message" && i["author"] == "agent");
            Ok((used && said).then_some(()))
        })
    })?;
    walk.step("usage", |b| {
        b.until("the usage to be shown", |b| {
            let shown = b.get(&format!("/api/v1/agents/{agent}"))?;
            Ok((shown["usage"]["used"].as_i64() > Some(0)).then_some(()))
        })
    })?;
    if arguments.keep {
        return Ok(walk.steps);
    }
    walk.step("cancel", |b| b.post(&format!("/api/v1/agents/{agent}/cancel"), json!({})).map(drop))?;
    walk.step("gone", |b| {
        b.until("the agent to be gone", |b| {
            let agents = b.get("/api/v1/agents")?;
            let there = agents["items"].as_array().is_some_and(|all| all.iter().any(|a| a["id"] == agent.as_str()));
            Ok((!there).then_some(()))
        })
    })?;
    Ok(walk.steps)
}

/// An answer that the question takes: its example, or the least that its bounds allow.
fn answer(question: &Value) -> anyhow::Result<String> {
    let input = &question["input"];
    if let (Some(example), "text" | "number") =
        (question["example"].as_str(), input["kind"].as_str().unwrap_or_default())
    {
        return Ok(example.to_owned());
    }
    Ok(match input["kind"].as_str().unwrap_or_default() {
        "text" => "a".repeat(input["min"].as_u64().unwrap_or(1).max(1) as usize),
        "choice" => input["options"][0]["id"].as_str().context("a choice of nothing")?.to_owned(),
        "number" => input["min"].to_string(),
        "yes-no" => "yes".into(),
        "telegram-user" => "123456789".into(),
        "telegram-token" => "web-chat".into(),
        other => bail!("a question of an unknown kind: {other}"),
    })
}

fn token_in(mail: &str) -> Option<String> {
    let rest = mail.split("token=").nth(1)?;
    Some(rest.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect())
}

/// The steps so far.
struct Walk {
    browser: Browser,
    steps: Vec<Step>,
}

impl Walk {
    fn step<T>(&mut self, name: &'static str, take: impl FnOnce(&Browser) -> anyhow::Result<T>) -> anyhow::Result<T> {
        let began = Instant::now();
        let taken = take(&self.browser);
        let millis = began.elapsed().as_secs_f64() * 1000.0;
        println!("{} {name:<12} {millis:>8.1} ms", if taken.is_ok() { "ok  " } else { "FAIL" });
        self.steps.push(Step { name, millis });
        taken.with_context(|| name.to_owned())
    }
}

/// A client with cookies.
struct Browser {
    agent: ureq::Agent,
    site: String,
}

impl Browser {
    fn new(site: &str) -> Self {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build();
        Self { agent: agent.new_agent(), site: site.to_owned() }
    }

    /// Waits until the pages and, behind them, the API answer: one that has just died is being started again. For as
    /// long as `patience`.
    fn ready(&self, patience: Duration) -> anyhow::Result<()> {
        let mut last = Ok(());
        shell::until(patience, LOOK, || {
            let mut paths = ["/healthz", "/api/v1/niches?locale=pt"].into_iter();
            last = paths.try_for_each(|path| self.fetch(path, GLANCE).map(drop));
            Ok(last.is_ok().then_some(()))
        })?;
        last.with_context(|| {
            format!(
                "the platform at {} was not ready in {} s: is `cargo xtask up` still running? Its logs say more",
                self.site,
                patience.as_secs()
            )
        })
    }

    fn text(&self, path: &str) -> anyhow::Result<String> {
        self.fetch(path, PATIENCE)
    }

    fn fetch(&self, path: &str, patience: Duration) -> anyhow::Result<String> {
        let request = self.agent.get(format!("{}{path}", self.site)).config().timeout_global(Some(patience)).build();
        let mut answer = request.call().with_context(|| format!("GET {path} was not answered"))?;
        ensure!(answer.status().is_success(), "GET {path} answered {}", answer.status());
        Ok(answer.body_mut().read_to_string()?)
    }

    fn get(&self, path: &str) -> anyhow::Result<Value> {
        Ok(serde_json::from_str(&self.text(path)?)?)
    }

    fn post(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        let mut answer = self.agent.post(format!("{}{path}", self.site)).send_json(&body)?;
        let status = answer.status();
        let text = answer.body_mut().read_to_string()?;
        ensure!(status.is_success(), "POST {path} answered {status}: {text}");
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// Looks until `see` sees it.
    fn until<T>(&self, what: &str, see: impl Fn(&Self) -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
        let seen = shell::until(PATIENCE, LOOK, || see(self))?;
        seen.with_context(|| format!("waited {} s for {what}", PATIENCE.as_secs()))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead as _, BufReader, Write as _},
        net::TcpListener,
    };

    use super::*;

    /// A server whose first answers are `bad`, and good from then on. Gives its address.
    fn coming_up(bad: usize) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let site = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for (at, stream) in listener.incoming().enumerate() {
                let mut stream = stream.unwrap();
                let mut line = String::new();
                let mut request = BufReader::new(stream.try_clone().unwrap());
                while request.read_line(&mut line).is_ok_and(|read| read > 2) {}
                let status = if at < bad { "502 Bad Gateway" } else { "200 OK" };
                let _ = write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}");
            }
        });
        site
    }

    #[test]
    fn what_is_just_being_started_again_is_waited_for() {
        Browser::new(&coming_up(3)).ready(PATIENCE).unwrap();
    }

    #[test]
    fn what_never_comes_is_told_with_what_was_answered_last() {
        let error = Browser::new(&coming_up(usize::MAX)).ready(Duration::from_millis(50)).unwrap_err();
        let said = format!("{error:#}");
        assert!(said.contains("was not ready in 0 s") && said.contains("/healthz answered 502"), "{said}");
        // Nothing listens there.
        let error = Browser::new("http://127.0.0.1:1").ready(Duration::ZERO).unwrap_err();
        assert!(format!("{error:#}").contains("GET /healthz was not answered"), "{error:#}");
    }
}
