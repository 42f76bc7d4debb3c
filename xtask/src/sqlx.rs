//! `cargo xtask sqlx`: .sqlx describes every query, so that building needs no database.

use std::{
    os::unix::fs::{MetadataExt as _, chown},
    path::PathBuf,
    process::Command,
};

use anyhow::{Context as _, ensure};

use crate::{
    machine,
    shell::{cargo, root, run},
};

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

/// A Postgres on a socket in a temporary folder, gone when dropped.
///
/// Not testkit's: with it xtask would compile most of the workspace's dependencies before its first word.
struct Temporary {
    folder: PathBuf,
    user: Option<(u32, u32)>,
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
        let temporary = Self { folder, user };
        let data = temporary.folder.join("data").display().to_string();
        temporary.program("initdb", &["--pgdata", &data, "--username=openclaw", "--auth=trust", "--no-sync"])?;
        let options = format!("-c listen_addresses= -k {} -c fsync=off", temporary.folder.display());
        let log = temporary.folder.join("log").display().to_string();
        temporary.program("pg_ctl", &["start", "--wait", "--pgdata", &data, "--options", &options, "--log", &log])?;
        Ok(temporary)
    }

    fn url(&self) -> String {
        format!("postgres://openclaw@localhost/postgres?host={}", self.folder.display())
    }

    fn psql(&self, sql: &str) -> anyhow::Result<()> {
        self.program("psql", &["--quiet", "--set=ON_ERROR_STOP=1", "--dbname", &self.url(), "--command", sql])
    }

    fn program(&self, name: &str, arguments: &[&str]) -> anyhow::Result<()> {
        use std::os::unix::process::CommandExt as _;
        let mut command = Command::new(program(name)?);
        command.args(arguments).current_dir(&self.folder).stdin(std::process::Stdio::null());
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        // A file, not a pipe: the server that pg_ctl leaves behind would hold a pipe open.
        let output = self.folder.join(format!("{name}.out"));
        let file = std::fs::File::create(&output)?;
        let status = command.stdout(file.try_clone()?).stderr(file).status()?;
        ensure!(status.success(), "{name} failed:\n{}", std::fs::read_to_string(output)?);
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let data = self.folder.join("data").display().to_string();
        let _ = self.program("pg_ctl", &["stop", "--mode=immediate", "--pgdata", &data]);
        let _ = std::fs::remove_dir_all(&self.folder);
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
