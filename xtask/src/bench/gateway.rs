//! A native gateway alone: how soon it polls, and what it holds.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use anyhow::Context as _;

/// How long to wait for the first poll.
const PATIENCE: Duration = Duration::from_secs(10);

/// Milliseconds from start to first poll, and mebibytes resident a second later.
pub(crate) fn measure(executable: &Path) -> anyhow::Result<(f64, f64)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let root = format!("http://{}", listener.local_addr()?);
    let (polled, first_poll) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let polled = polled.clone();
            std::thread::spawn(move || answer(stream, &polled));
        }
    });
    let began = Instant::now();
    let gateway = Command::new(executable)
        .arg("gateway")
        .env_clear()
        .envs([
            ("TELEGRAM_BOT_TOKEN", "1:0123456789012345678901234567890123456".get(..37).unwrap_or_default()),
            ("TELEGRAM_API_ROOT", &root),
            ("TELEGRAM_ALLOW_FROM", "1"),
            ("OPENCLAW_MODEL", "none"),
            ("OPENCLAW_SYSTEM_PROMPT", "none"),
            ("OPENCLAW_PROXY_TOKEN", "oct_none"),
            ("OPENCLAW_LLM_URL", &format!("{root}/v1")),
            ("OPENCLAW_MCP_URL", &format!("{root}/mcp")),
            ("OPENCLAW_API_URL", &root),
            ("OPENCLAW_LIFELINE", "stdin"),
        ])
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("the gateway did not start")?;
    let gateway = Running(gateway);
    let at: Instant = first_poll.recv_timeout(PATIENCE).context("the gateway never polled")?;
    // What it holds once it has settled: sampled for a second, the largest counts.
    let mut resident: f64 = 0.0;
    while at.elapsed() < Duration::from_secs(1) {
        resident = resident.max(resident_mib(gateway.0.id())?);
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(((at - began).as_secs_f64() * 1000.0, resident))
}

/// Ended when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn resident_mib(process: u32) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib / 1024.0)
}

/// As much of a Bot API as a gateway needs to begin: a bot, and no messages.
fn answer(stream: TcpStream, polled: &mpsc::Sender<Instant>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut stream = stream;
    loop {
        let mut first = String::new();
        if reader.read_line(&mut first).ok()? == 0 {
            return None;
        }
        let mut length = 0;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).ok()?;
            let header = header.trim().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
        }
        reader.by_ref().take(length).read_to_end(&mut Vec::new()).ok()?;
        let (status, body) = if first.to_ascii_lowercase().contains("getupdates") {
            let _ = polled.send(Instant::now());
            std::thread::sleep(Duration::from_secs(2));
            ("200 OK", r#"{"ok":true,"result":[]}"#)
        } else if first.contains("/bot") {
            let me = r#"{"ok":true,"result":{"id":1,"is_bot":true,"first_name":"Agent","username":"agent_1_bot","can_join_groups":false,"can_read_all_group_messages":false,"supports_inline_queries":false,"can_connect_to_business":false,"has_main_web_app":false}}"#;
            ("200 OK", me)
        } else {
            ("404 Not Found", "{}")
        };
        let head =
            format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).ok()?;
        stream.write_all(body.as_bytes()).ok()?;
    }
}
