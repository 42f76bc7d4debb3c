//! `cargo xtask sqlx`: .sqlx describes every query, so that building needs no database.

use std::{
    os::unix::{
        fs::{MetadataExt as _, chown},
        process::CommandExt as _,
    },
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, ensure};

use crate::{
    machine,
    shell::{cargo, root, run, until},
};

/// The script under which testkit's servers run, too: it ends the server once this process is gone.
const KEEPER: &str = include_str!("../../host/testkit/src/keeper.sh");
/// How long Postgres may take to answer.
const READY: Duration = Duration::from_secs(60);

/// Checks every query against a Postgres made for it, and keeps the descriptions.
pub(crate) fn prepare() -> anyhow::Result<()> {
    machine::postgres()?;
    let postgres = Temporary::start()?;
    let mut migrations: Vec<PathBuf> =
        std::fs::read_dir(root().join("migrations"))?.flatten().map(|e| e.path()).collect();
    migrations.sort();
    for file in migrations {
        let sql = std::fs::read_to_string(&file)?;
        postgres.psql(&sql).with_context(|| file.display().to_string())?;
    }
    let folder = root().join(".sqlx");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder)?;
    // A build of its own: cargo must compile the crate to see its queries, also when nothing changed.
    let library = root().join("host/platform/src/lib.rs");
    let now = std::fs::FileTimes::new().set_modified(std::time::SystemTime::now());
    std::fs::File::options().append(true).open(library)?.set_times(now)?;
    let mut check = cargo(&["check", "--quiet", "--package", "openclaw-platform"]);
    check.env_remove("SQLX_OFFLINE").env("DATABASE_URL", postgres.url()).env("SQLX_OFFLINE_DIR", &folder);
    run("checking every query", &mut check)?;
    println!("  {} queries in .sqlx", std::fs::read_dir(&folder)?.count());
    Ok(())
}

/// A Postgres on a socket in a temporary folder, both gone when dropped, or when this process is interrupted.
///
/// Not testkit's: with it xtask would compile most of the workspace's dependencies before its first word.
struct Temporary {
    folder: PathBuf,
    user: Option<(u32, u32)>,
    server: Option<Child>,
}

impl Temporary {
    fn start() -> anyhow::Result<Self> {
        let folder = std::env::temp_dir().join(format!("openclaw-sqlx-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        // Postgres refuses to run as root.
        let user = if folder.metadata()?.uid() == 0 { Some(postgres_user()?) } else { None };
        if let Some((uid, gid)) = user {
            chown(&folder, Some(uid), Some(gid))?;
        }
        let mut temporary = Self { folder, user, server: None };
        let data = temporary.folder.join("data").display().to_string();
        temporary.program("initdb", &["--pgdata", &data, "--username=openclaw", "--auth=trust", "--no-sync"])?;
        temporary.serve(&data)?;
        Ok(temporary)
    }

    /// Starts the server and waits until it answers.
    fn serve(&mut self, data: &str) -> anyhow::Result<()> {
        let log = self.folder.join("log");
        let output = std::fs::File::create(&log)?;
        let mut keeper = self.command("/bin/sh".into());
        keeper.args(["-c", KEEPER, "keeper"]).arg(&self.folder).arg("INT").arg(program("postgres")?);
        keeper.args(["-D", data, "-c", "listen_addresses=", "-c", "fsync=off", "-k"]).arg(&self.folder);
        keeper.stdin(Stdio::piped()).stdout(output.try_clone()?).stderr(output);
        // A Ctrl-C in the terminal ends this process; that ends the keeper, in order.
        self.server = Some(keeper.process_group(0).spawn()?);
        let answers = until(READY, Duration::from_millis(20), || {
            let runs = self.server.as_mut().is_some_and(|server| matches!(server.try_wait(), Ok(None)));
            let answers = self.psql("SELECT 1").is_ok();
            Ok((answers || !runs).then_some(answers))
        })?;
        let log = || std::fs::read_to_string(&log).unwrap_or_default();
        ensure!(answers == Some(true), "Postgres did not come up. Its log:\n{}", log());
        Ok(())
    }

    fn url(&self) -> String {
        format!("postgres://openclaw@localhost/postgres?host={}", self.folder.display())
    }

    fn psql(&self, sql: &str) -> anyhow::Result<()> {
        self.program("psql", &["--quiet", "--set=ON_ERROR_STOP=1", "--dbname", &self.url(), "--command", sql])
    }

    fn program(&self, name: &str, arguments: &[&str]) -> anyhow::Result<()> {
        let output = self.command(program(name)?).args(arguments).stdin(Stdio::null()).output()?;
        ensure!(output.status.success(), "{name} failed:\n{}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    /// `program`, as whoever owns the folder.
    fn command(&self, program: PathBuf) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.folder);
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        command
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        match &mut self.server {
            Some(server) => {
                // The end of its lifeline stops it in order, and its folder goes with it.
                drop(server.stdin.take());
                let _ = server.wait();
            }
            None => drop(std::fs::remove_dir_all(&self.folder)),
        }
    }
}

fn program(name: &str) -> anyhow::Result<PathBuf> {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|folders| folders.flatten().map(|f| f.path().join("bin").join(name)).filter(|p| p.is_file()).collect())
        .unwrap_or_default();
    versions.sort();
    Ok(versions.pop().unwrap_or_else(|| name.into()))
}

fn postgres_user() -> anyhow::Result<(u32, u32)> {
    let users = std::fs::read_to_string("/etc/passwd")?;
    let line =
        users.lines().find(|l| l.starts_with("postgres:")).context("there is no user postgres on this machine")?;
    let fields: Vec<&str> = line.split(':').collect();
    Ok((fields[2].parse()?, fields[3].parse()?))
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead as _, BufReader},
        path::Path,
    };

    use super::*;

    /// Has this test program hold a server until it is killed.
    const HOLD: &str = "OPENCLAW_TEST_HOLD_POSTGRES";

    #[test]
    fn a_server_is_held_by_whoever_is_told_to() {
        if std::env::var_os(HOLD).is_none() {
            return;
        }
        let postgres = Temporary::start().unwrap();
        println!("held: {}", postgres.folder.display());
        loop {
            std::thread::park();
        }
    }

    #[test]
    fn a_task_that_is_killed_leaves_neither_its_server_nor_its_folder() {
        let mut task = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "sqlx::tests::a_server_is_held_by_whoever_is_told_to", "--nocapture"])
            .env(HOLD, "yes")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(task.stdout.take().unwrap()).lines().map_while(Result::ok);
        let folder =
            lines.into_iter().find_map(|line| line.split_once("held: ").map(|(_, folder)| PathBuf::from(folder)));
        let folder = folder.expect("the server came up");
        let written = std::fs::read_to_string(folder.join("data/postmaster.pid")).unwrap();
        let server = Path::new("/proc").join(written.lines().next().unwrap());
        assert!(server.exists());

        task.kill().unwrap();
        task.wait().unwrap();
        let gone = until(READY, Duration::from_millis(10), || Ok((!folder.exists() && !server.exists()).then_some(())));
        assert!(gone.unwrap().is_some(), "{} or {} is still there", folder.display(), server.display());
    }
}
