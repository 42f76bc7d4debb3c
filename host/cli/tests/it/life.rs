//! The life of `dev`: it serves, survives its roles, stops clean, and finds its data again.

use std::{net::TcpListener, path::PathBuf, process::Command};

use crate::platform::{EXECUTABLE, Platform, free_addresses, until};

#[tokio::test]
async fn the_main_job_works_and_goes_on_working_after_each_role_was_killed() {
    let platform = Platform::start().await;
    platform.smoke().await;
    for role in ["api", "web", "token-proxy", "telegram-relay", "billing-worker", "operator", "demo-model"] {
        let before = platform.processes(role);
        assert_eq!(before.len(), 1, "{role} runs once");
        platform.kill(role);
        let again = async || {
            let now = platform.processes(role);
            (now.len() == 1 && now != before).then_some(())
        };
        until(&format!("{role} to be started again"), again).await;
        let health = platform.dev[role.replace('-', "_")].as_str().map(|url| format!("{url}/healthz"));
        if let Some(url) = health {
            until(&format!("{role} to answer"), async || reqwest::get(&url).await.ok().filter(|a| a.status() == 200))
                .await;
        }
        let said = platform.smoke().await;
        assert!(said.contains("ok in"), "{role}: {said}");
    }
    platform.stop().await;
}

#[tokio::test]
async fn dev_stops_clean_and_finds_its_data_again() {
    openclaw_platform::http::install_tls();
    let folder = tempfile::tempdir().unwrap();
    let platform = Platform::start_in(folder.path(), false).await;
    provision(&platform, "kept@example.com").await;
    // Servers have the folder in their command line, roles in their environment; gateways have the relay's address.
    let marks =
        [folder.path().canonicalize().unwrap().display().to_string(), platform.url("telegram_relay").to_owned()];
    let running = || -> Vec<String> {
        let read = |path: PathBuf| String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).replace('\0', " ");
        std::fs::read_dir("/proc")
            .unwrap()
            .flatten()
            .map(|e| (read(e.path().join("cmdline")), read(e.path().join("environ"))))
            .filter(|(command, all)| marks.iter().any(|mark| command.contains(mark) || all.contains(mark)))
            .map(|(command, _)| command)
            .collect()
    };
    for part in ["postgres", " api ", " operator ", " gateway "] {
        until(part, async || running().iter().any(|command| command.contains(part)).then_some(())).await;
    }
    platform.stop().await;

    let left = running();
    assert!(left.is_empty(), "left behind: {left:?}");
    assert!(!folder.path().join("dev.json").exists());

    let platform = Platform::start_in(folder.path(), false).await;
    let customers: serde_json::Value = reqwest::Client::new()
        .get(format!("{}/v1/admin/customers", platform.url("api")))
        .bearer_auth(platform.url("admin_token"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert!(customers.to_string().contains("kept@example.com"), "{customers}");
    platform.stop().await;
}

/// Provisions an agent of the first niche that is for sale.
pub(crate) async fn provision(platform: &Platform, email: &str) -> String {
    let accepted: serde_json::Value = reqwest::Client::new()
        .post(format!("{}/internal/provision", platform.url("api")))
        .json(&serde_json::json!({
            "customer_email": email, "telegram_user_id": 123456789, "tier": "starter",
            "model": "kimi-coding/k2p5", "niche": "pharmacy",
        }))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    accepted["agent"].as_str().unwrap_or_else(|| panic!("{accepted}")).to_owned()
}

#[test]
fn a_used_port_is_named_with_the_setting_that_changes_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(EXECUTABLE)
        .args(["dev", "--data-dir"])
        .arg(folder.path())
        .envs(free_addresses())
        .env("TOKEN_PROXY_LISTEN", format!("127.0.0.1:{port}"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(said.contains(&port.to_string()) && said.contains("TOKEN_PROXY_LISTEN"), "{said}");
}

#[tokio::test]
async fn a_niche_is_installed_into_the_running_platform_and_offered_within_a_second() {
    openclaw_platform::http::install_tls();
    let platform = Platform::start().await;
    let file = openclaw_testkit::components::folder().join("hello.wasm");
    let installed = Command::new(EXECUTABLE)
        .args(["niche", "install"])
        .arg(&file)
        .args(["--api", platform.url("api"), "--admin-token", platform.url("admin_token")])
        .output()
        .unwrap();
    assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
    let began = std::time::Instant::now();
    let shown = async || {
        let page = reqwest::get(format!("{}/pt", platform.url("web"))).await.ok()?.text().await.ok()?;
        page.contains("/pt/niches/hello").then_some(())
    };
    until("the marketplace to show it", shown).await;
    assert!(began.elapsed().as_secs_f64() < 1.5, "after {:?}", began.elapsed());

    let garbage = platform.folder.join("garbage.wasm");
    std::fs::write(&garbage, "no component").unwrap();
    let refused = Command::new(EXECUTABLE)
        .args(["niche", "install"])
        .arg(&garbage)
        .args(["--api", platform.url("api"), "--admin-token", platform.url("admin_token")])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("refused"), "{said}");
    platform.stop().await;
}

#[test]
fn the_configuration_page_is_up_to_date() {
    let page = include_str!("../../../../docs/CONFIGURATION.md");
    let made = Command::new(EXECUTABLE).arg("configuration").output().unwrap();
    assert_eq!(page, String::from_utf8_lossy(&made.stdout), "run cargo xtask configuration");
}

#[tokio::test]
async fn postgres_and_redis_are_started_again_when_they_die() {
    let platform = Platform::start().await;
    platform.smoke().await;
    let data = platform.folder.canonicalize().unwrap().join("postgres/data");
    let postmaster = std::fs::read_to_string(data.join("postmaster.pid")).unwrap();
    let redis_port = platform.url("redis_url").trim_end_matches("/0").rsplit(':').next().unwrap().to_owned();
    kill_nine(postmaster.lines().next().unwrap());
    kill_nine(&pid_of_redis(&redis_port).expect("Redis runs"));

    until("Redis to run again", async || pid_of_redis(&redis_port)).await;
    let again = async || {
        let pid = std::fs::read_to_string(data.join("postmaster.pid")).ok()?;
        let ready = pid.lines().last()?.trim() == "ready";
        (ready && pid.lines().next() != postmaster.lines().next()).then_some(())
    };
    until("Postgres to run again", again).await;
    platform.smoke().await;
    platform.stop().await;
}

fn kill_nine(process: &str) {
    assert!(Command::new("kill").args(["-9", process]).status().unwrap().success());
}

fn pid_of_redis(port: &str) -> Option<String> {
    let mark = format!("127.0.0.1:{port}");
    std::fs::read_dir("/proc").unwrap().flatten().find_map(|entry| {
        let line = std::fs::read(entry.path().join("cmdline")).ok()?;
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        (line.contains("redis-server") && line.contains(&mark)).then(|| entry.file_name().display().to_string())
    })
}

#[test]
fn a_wrong_setting_is_named_at_once() {
    for (variable, value) in
        [("PLUGIN_CPU_MS", "abc"), ("BCRYPT_COST", "99"), ("REDIS_URL", "zzz"), ("ADMIN_TOKEN", "short")]
    {
        let folder = tempfile::tempdir().unwrap();
        let output = Command::new(EXECUTABLE)
            .args(["dev", "--data-dir"])
            .arg(folder.path())
            .envs(free_addresses())
            .env(variable, value)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(variable), "{variable}: {said}");
    }
}
