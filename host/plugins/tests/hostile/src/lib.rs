//! A niche that does what a sandbox must survive: each tool is one way to misbehave, each locale one way to
//! give the host a bad answer. It speaks the oldest version of the contract that the host serves. For tests alone.

#![allow(unsafe_code, reason = "the generated bindings need it")]

mod bindings {
    wit_bindgen::generate!({ world: "niche", path: "../../../../wit/0.1", generate_all });
}

mod allocator;
mod web;

use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering};

use bindings::exports::openclaw::niche::{catalog, onboarding, persona, self_test, tools};
use bindings::openclaw::niche::niche_types::{Answer, Connection};
use bindings::openclaw::niche::storage::{self, Pair, Write};
use bindings::openclaw::niche::{connections, logging};

struct Hostile;
bindings::export!(Hostile with_types_in bindings);

impl catalog::Guest for Hostile {
    fn describe(locale: String) -> catalog::Entry {
        let id = match locale.as_str() {
            "trap" => panic!("the catalog panics"),
            "loop" => spin(),
            "bad-id" => "Not An Id",
            _ => "hostile",
        };
        catalog::Entry {
            id: id.into(),
            version: if locale == "bad-version" { "one" } else { "0.1.0" }.into(),
            name: "Hostile".into(),
            tagline: if locale == "long" { "x".repeat(100_000) } else { "Misbehaves.".into() },
            icon: "💣".into(),
            accent: "#aa0000".into(),
            status: catalog::Status::Active,
            highlights: vec![],
            limits: vec![],
            suggestions: vec![],
            examples: vec![],
            changes: String::new(),
        }
    }

    fn wants(_locale: String) -> catalog::Wishes {
        let host = |host: &str| catalog::HostWish { host: host.into(), reason: "To misbehave.".into() };
        let reason = "To misbehave.".into();
        catalog::Wishes {
            hosts: vec![host("api.example.com"), host("*.example.net")],
            connections: vec![catalog::ConnectionWish { provider: "google".into(), reason, required: false }],
            storage_bytes: 1000,
        }
    }
}

impl persona::Guest for Hostile {
    fn render(
        profile: Vec<Answer>,
        _locale: String,
        _connections: Vec<Connection>,
    ) -> Result<String, persona::PersonaError> {
        match profile.first() {
            None => Err(persona::PersonaError::MissingAnswer("name".into())),
            Some(answer) => Ok(answer.value.clone()),
        }
    }
}

impl onboarding::Guest for Hostile {
    fn next(answers: Vec<Answer>, _locale: String) -> Result<onboarding::Step, onboarding::Rejection> {
        let kind = match answers.first().map(|answer| answer.value.as_str()) {
            Some("no-options") => onboarding::Kind::Choice(vec![]),
            Some("upside-down") => onboarding::Kind::Number(onboarding::NumberBounds { min: 2, max: 1, unit: None }),
            _ => onboarding::Kind::YesNo,
        };
        Ok(onboarding::Step::Ask(onboarding::Question {
            id: "again".into(),
            title: "Again?".into(),
            help: None,
            why: None,
            example: None,
            kind,
            optional: false,
            position: 1,
            total: 1,
        }))
    }
}

impl self_test::Guest for Hostile {
    fn cases() -> Vec<String> {
        ["passes", "fails", "rambles", "traps", "writes", "finds-nothing-written", "reaches-nobody"]
            .map(String::from)
            .into()
    }

    fn run(name: String) -> Result<(), String> {
        match name.as_str() {
            "fails" => Err("expected 1, got 2".into()),
            "rambles" => Err("and\n".repeat(100_000)),
            "traps" => panic!("the case panics"),
            "writes" => storage::set("key", b"value").map_err(|error| format!("{error:?}")),
            "reaches-nobody" => {
                let (fetched, sent) = (web::fetch("GET https://api.example.com/echo"), send("google GET /echo"));
                let denied = fetched.contains("HttpRequestDenied") && sent.contains("NotGranted");
                if denied { Ok(()) } else { Err(format!("{fetched} {sent}")) }
            }
            "finds-nothing-written" => match storage::get("key") {
                Ok(None) => Ok(()),
                other => Err(format!("{other:?}")),
            },
            _ => Ok(()),
        }
    }
}

const TOOLS: &[&str] = &["count", "panic", "loop", "memory"];

impl tools::Guest for Hostile {
    fn list_tools(locale: String) -> Vec<tools::Tool> {
        let tool = |name: &str| tools::Tool {
            name: name.into(),
            title: name.into(),
            description: "Misbehaves.".into(),
            input_schema: match locale.as_str() {
                "bad-schema" => "{".into(),
                "scalar-schema" => r#"{"type":"string"}"#.into(),
                "deep-schema" => format!("{}1{}", r#"{"a":"#.repeat(100_000), "}".repeat(100_000)),
                "large-schema" => format!(r#"{{"type":"object","description":"{}"}}"#, "x".repeat(300_000)),
                "huge-schema" => format!(r#"{{"type":"object","description":"{}"}}"#, "x".repeat(10 << 20)),
                _ => r#"{"type":"object"}"#.into(),
            },
            output_schema: None,
            read_only: false,
            destructive: false,
            idempotent: false,
            open_world: false,
        };
        match locale.as_str() {
            "twice" => vec![tool("count"), tool("count")],
            "bad-name" => vec![tool("Bad Name")],
            _ => TOOLS.iter().map(|name| tool(name)).collect(),
        }
    }

    fn call(name: String, arguments: String, context: tools::CallContext) -> Result<tools::Output, tools::ToolError> {
        static CALLS: AtomicU32 = AtomicU32::new(0);
        let mut structured = None;
        let text = match name.as_str() {
            "count" => CALLS.fetch_add(1, Ordering::Relaxed).to_string(),
            "echo" => format!("{arguments} {} {} {}", context.locale, context.profile.len(), context.now),
            "panic" => panic!("the tool panics"),
            "exit" => std::process::exit(7),
            "loop" => spin(),
            "loop-in-host-calls" => loop {
                let _ = storage::get("key");
            },
            "sleep" => {
                std::thread::sleep(std::time::Duration::from_secs(3600));
                String::new()
            }
            "recurse" => recurse(0).to_string(),
            "memory" => {
                let mut held = Vec::new();
                loop {
                    held.push(black_box(vec![1u8; 1 << 20]));
                }
            }
            "four-gibibytes" => four_gibibytes(),
            // Asks, is told no, and lives with it.
            "modest" => {
                let refused = Vec::<u8>::new().try_reserve(1 << 30).is_err();
                format!("refused: {refused}")
            }
            "print" => loop {
                println!("{}", "x".repeat(1000));
            },
            "log" => loop {
                logging::log(logging::Level::Info, &"x".repeat(1000));
            },
            "log-once" => {
                logging::log(logging::Level::Warn, "one line\nand its forged second");
                String::new()
            }
            "big-result" => "x".repeat(8 << 20),
            "big-value" => format!("{:?}", storage::set("key", &vec![0; 8 << 20])),
            "handles" => hoard(),
            "not-utf8" => {
                // SAFETY: none; that is the point. The host has to find out.
                unsafe { String::from_utf8_unchecked(vec![b'a', 0xff, 0xc0]) }
            }
            // The host writes its answer into memory that it asks the guest for.
            "loop-in-realloc" => {
                allocator::loop_in_allocations();
                format!("{:?}", storage::get("key"))
            }
            // What the guest gave is freed by the guest, once the host has read it.
            "loop-in-post-return" => {
                allocator::loop_in_large_frees();
                "x".repeat(allocator::LARGE)
            }
            "fetch" => web::fetch(&arguments),
            "follow" => web::follow(&arguments),
            "send" => send(&arguments),
            "random" => format!("{:?}", std::collections::hash_map::RandomState::new()).len().to_string(),
            // What is different each time it is asked for.
            "moment" => {
                use std::hash::{BuildHasher as _, RandomState};
                let (clock, now) = (std::time::Instant::now(), std::time::SystemTime::now());
                format!("{now:?} {:?} {:x}", clock.elapsed(), RandomState::new().hash_one("seed"))
            }
            "many-keys" => {
                let writes: Vec<Write> = (0..arguments.parse().unwrap_or(0))
                    .map(|n: u32| Write::Set(Pair { key: n.to_string(), value: vec![] }))
                    .collect();
                format!("{:?}", storage::batch(&writes))
            }
            "take" => {
                let bytes: usize = arguments.parse().unwrap_or(0);
                format!("taken: {}", black_box(vec![1u8; bytes]).len())
            }
            "not-json" => {
                structured = Some("{".into());
                String::new()
            }
            "reach-out" => reach_out(),
            "store" => store(&arguments),
            "store-then-fail" => {
                let _ = store(&arguments);
                return Err(tools::ToolError::Refused("changed my mind".into()));
            }
            "store-then-panic" => {
                let _ = store(&arguments);
                panic!("after the write");
            }
            "store-then-loop" => {
                let _ = store(&arguments);
                spin()
            }
            "read" => {
                let value = storage::get(&arguments);
                format!("{:?}", value.map(|bytes| bytes.map(|b| String::from_utf8_lossy(&b).into_owned())))
            }
            "scan" => match storage::scan("k", None, 10) {
                Ok(pairs) => pairs.iter().map(|pair| pair.key.as_str()).collect::<Vec<_>>().join(","),
                Err(error) => format!("{error:?}"),
            },
            "half-a-batch" => format!(
                "{:?}",
                storage::batch(&[
                    Write::Set(Pair { key: "k1".into(), value: vec![0; 400] }),
                    Write::Set(Pair { key: "k2".into(), value: vec![0; 900] }),
                ])
            ),
            "replace" => {
                // Fits because it replaces: 600 bytes where there were 600.
                let first = storage::set("k", &[0; 600]);
                let second = storage::set("k", &[1; 700]);
                format!("{first:?} {second:?}")
            }
            "compare" => {
                let first = storage::compare_and_set("k", None, Some(b"1"));
                let second = storage::compare_and_set("k", None, Some(b"2"));
                format!("{first:?} {second:?}")
            }
            other => return Err(tools::ToolError::UnknownTool(other.into())),
        };
        Ok(tools::Output { content: vec![tools::Content::Text(text)], structured })
    }
}

/// Sends what `arguments` say: provider, method and path in the first line, then headers.
fn send(arguments: &str) -> String {
    let mut lines = arguments.lines();
    let mut first = lines.next().unwrap_or_default().split(' ').map(String::from);
    let mut word = || first.next().unwrap_or_default();
    let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
    let headers = lines.filter_map(header).map(|(name, value)| connections::Header { name, value }).collect();
    let (provider, method, path) = (word(), word(), word());
    match connections::send(&connections::Request { provider, method, path, headers, body: None }) {
        Ok(response) => {
            let headers: Vec<_> = response.headers.iter().map(|h| format!("{}: {}", h.name, h.value)).collect();
            format!("{} {}\n{}", response.status, headers.join("\n"), String::from_utf8_lossy(&response.body))
        }
        Err(error) => format!("{error:?}"),
    }
}

/// Sets the key named by `arguments`.
fn store(arguments: &str) -> String {
    format!("{:?}", storage::set(arguments, b"value"))
}

fn spin() -> ! {
    loop {
        black_box(());
    }
}

fn recurse(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    if black_box(true) { recurse(depth + 1) + frame[3] } else { 0 }
}

/// Asks for all that a 32-bit memory can have, past the allocator, which would not even try.
#[cfg(target_arch = "wasm32")]
fn four_gibibytes() -> String {
    let grown = core::arch::wasm32::memory_grow(0, 65_000);
    assert!(grown != usize::MAX, "no memory");
    grown.to_string()
}

#[cfg(not(target_arch = "wasm32"))]
fn four_gibibytes() -> String {
    String::new()
}

/// Opens handles and never closes one.
#[cfg(target_arch = "wasm32")]
fn hoard() -> ! {
    #[link(wasm_import_module = "wasi:cli/stdout@0.2.6")]
    unsafe extern "C" {
        #[link_name = "get-stdout"]
        fn get_stdout() -> i32;
    }
    loop {
        // SAFETY: the function takes nothing and gives a handle.
        black_box(unsafe { get_stdout() });
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn hoard() -> ! {
    spin()
}

/// Everything outside that std can name: all of it must be an ordinary error.
fn reach_out() -> String {
    let file = std::fs::read("/etc/passwd").is_err();
    let dir = std::fs::read_dir("/").is_err();
    let tcp = std::net::TcpStream::connect("127.0.0.1:5432").is_err();
    let dns = std::net::ToSocketAddrs::to_socket_addrs("example.com:443").is_err();
    let env = std::env::vars().count();
    let args = std::env::args().count();
    format!("file:{file} dir:{dir} tcp:{tcp} dns:{dns} env:{env} args:{args}")
}
