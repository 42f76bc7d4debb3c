//! Private Postgres servers, and in tests a fresh migrated database each.

use std::{
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use sqlx::{Connection as _, Executor as _, PgConnection, PgPool, postgres::PgPoolOptions};
use tokio::sync::OnceCell;

use crate::server::{Server, Start, find_program, free_port, ready};

/// What to run when Postgres is missing.
const INSTALL: &str = "apt-get install --yes postgresql";

/// The migrations, as every database gets them.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");

const USER: &str = "openclaw";

/// A private server whose files are all in one folder.
#[derive(Debug)]
pub struct Postgres {
    folder: PathBuf,
    port: u16,
    durable: bool,
    password: String,
    server: Option<Server>,
}

impl Postgres {
    /// Starts one that keeps its data in `folder`, making it if there is none.
    pub async fn in_folder(folder: &Path, port: Option<u16>) -> anyhow::Result<Self> {
        Self::start_in(folder.to_owned(), port.unwrap_or_else(free_port), true).await
    }

    /// Starts one in a temporary folder that goes with it.
    pub async fn temporary() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("openclaw-postgres-").tempdir()?.keep();
        Self::start_in(folder, free_port(), false).await
    }

    async fn start_in(folder: PathBuf, port: u16, durable: bool) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&folder)?;
        let folder = folder.canonicalize()?;
        let mut postgres = Self { password: String::new(), folder, port, durable, server: None };
        postgres.initialise().await?;
        postgres.start().await?;
        Ok(postgres)
    }

    /// The URL of database `name`.
    pub fn url(&self, name: &str) -> String {
        format!("postgres://{USER}:{}@127.0.0.1:{}/{name}", self.password, self.port)
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    async fn initialise(&mut self) -> anyhow::Result<()> {
        let password_file = self.folder.join("password");
        if self.data().join("PG_VERSION").exists() {
            self.password = std::fs::read_to_string(&password_file)?.trim().to_owned();
            return Ok(());
        }
        // What an interrupted first start left behind is no database yet.
        let _ = std::fs::remove_dir_all(self.data());
        self.password = uuid::Uuid::new_v4().simple().to_string();
        std::fs::write(&password_file, &self.password)?;
        std::fs::set_permissions(&password_file, std::fs::Permissions::from_mode(0o600))?;
        if let Some((uid, gid)) = unprivileged()? {
            chown(&self.folder, Some(uid), Some(gid))?;
            chown(&password_file, Some(uid), Some(gid))?;
        }
        let (program, arguments) = self.command(
            "initdb",
            &[
                "--pgdata",
                &self.data().to_string_lossy(),
                "--username",
                USER,
                "--auth=scram-sha-256",
                "--pwfile",
                &password_file.to_string_lossy(),
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
            ],
        )?;
        let made = tokio::process::Command::new(program).args(arguments).current_dir("/").output().await?;
        if !made.status.success() {
            bail!("initdb failed:\n{}", String::from_utf8_lossy(&made.stderr));
        }
        Ok(())
    }

    /// Starts it again after `stop`, on the same port.
    pub async fn start(&mut self) -> anyhow::Result<()> {
        let sync = if self.durable { "on" } else { "off" };
        let (program, arguments) = self.command(
            "postgres",
            &[
                "-D",
                &self.data().to_string_lossy(),
                "-p",
                &self.port.to_string(),
                "-k",
                &self.folder.to_string_lossy(),
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                "max_connections=300",
                "-c",
                &format!("fsync={sync}"),
                "-c",
                &format!("synchronous_commit={sync}"),
                "-c",
                &format!("full_page_writes={sync}"),
                "-c",
                "shared_buffers=64MB",
                "-c",
                "max_wal_size=512MB",
            ],
        )?;
        let log = self.folder.join("log");
        let mut server = Server::spawn(Start {
            program: &program,
            arguments,
            signal: "INT",
            rubbish: (!self.durable).then_some(self.folder.as_path()),
            log: &log,
        })?;
        let url = self.url("postgres");
        ready(&mut server, &log, || {
            let url = url.clone();
            async move { PgConnection::connect(&url).await.is_ok() }
        })
        .await
        .context("Postgres")?;
        self.server = Some(server);
        Ok(())
    }

    /// Stops it, disconnecting everyone. `start` finds the data again.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        match self.server.take() {
            Some(server) => server.stop().await,
            None => Ok(()),
        }
    }

    /// A fresh migrated database.
    pub async fn database(&self) -> anyhow::Result<Database> {
        Database::create(&self.url("postgres")).await
    }

    /// Makes database `name` unless it exists.
    pub async fn ensure_database(&self, name: &str) -> anyhow::Result<()> {
        let mut admin = PgConnection::connect(&self.url("postgres")).await?;
        let exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
            .bind(name)
            .fetch_one(&mut admin)
            .await?;
        if !exists {
            admin.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE \"{name}\""))).await?;
        }
        Ok(())
    }

    /// The program and its arguments; as root, with another user put before it, since Postgres refuses to run as root.
    fn command(&self, name: &str, arguments: &[&str]) -> anyhow::Result<(PathBuf, Vec<String>)> {
        let program = program(name).with_context(|| format!("Postgres is not installed: {INSTALL}"))?;
        let arguments = arguments.iter().map(|a| (*a).to_owned());
        let Some((uid, gid)) = unprivileged()? else {
            return Ok((program, arguments.collect()));
        };
        let setpriv = find_program("setpriv", &[]).context("setpriv (of util-linux) is missing")?;
        let mut before = vec![format!("--reuid={uid}"), format!("--regid={gid}"), "--clear-groups".to_owned()];
        if !reachable_by_others(&self.folder) {
            // A checkout below a closed home: let it walk there, and read nothing it could not name before.
            before.extend(["--inh-caps=+dac_read_search".to_owned(), "--ambient-caps=+dac_read_search".to_owned()]);
        }
        before.push(program.to_string_lossy().into_owned());
        Ok((setpriv, before.into_iter().chain(arguments).collect()))
    }
}

impl Postgres {
    /// Whether it still runs, as far as this process has to do with it.
    pub fn is_running(&mut self) -> bool {
        self.server.as_mut().is_some_and(Server::is_running)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // One that runs is tidied up after by its keeper.
        if !self.durable && self.server.is_none() {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

fn program(name: &str) -> Option<PathBuf> {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|folders| folders.flatten().map(|f| f.path().join("bin")).collect())
        .unwrap_or_default();
    versions.sort_by_key(|bin| {
        let version = bin.parent().and_then(Path::file_name).and_then(|v| v.to_str()?.parse::<u32>().ok());
        std::cmp::Reverse(version)
    });
    find_program(name, &versions)
}

/// As root, the user and group to run Postgres as: those its package made.
fn unprivileged() -> anyhow::Result<Option<(u32, u32)>> {
    if std::fs::metadata("/proc/self")?.uid() != 0 {
        return Ok(None);
    }
    let users = std::fs::read_to_string("/etc/passwd")?;
    let line =
        users.lines().find(|l| l.starts_with("postgres:")).context("there is no user postgres on this machine")?;
    let fields: Vec<&str> = line.split(':').collect();
    Ok(Some((fields[2].parse()?, fields[3].parse()?)))
}

fn reachable_by_others(folder: &Path) -> bool {
    folder.ancestors().skip(1).all(|f| f.metadata().is_ok_and(|m| m.permissions().mode() & 0o001 != 0))
}

/// A migrated database of a test's own.
#[derive(Debug)]
pub struct Database {
    /// Connections to it.
    pub pool: PgPool,
    /// Its URL.
    pub url: String,
}

impl Database {
    async fn create(admin_url: &str) -> anyhow::Result<Self> {
        let mut admin = PgConnection::connect(admin_url).await?;
        let version = MIGRATIONS.iter().fold(0u64, |sum, m| {
            m.checksum.iter().fold(sum, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)))
        });
        let template = format!("template_{version:x}");
        let at = |name: &str| format!("{}/{name}", admin_url.rsplit_once('/').map_or(admin_url, |(base, _)| base));
        // One at a time makes the template; cloning while another clones it is fine only under a lock, too.
        sqlx::query("SELECT pg_advisory_lock(7001)").execute(&mut admin).await?;
        let exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
            .bind(&template)
            .fetch_one(&mut admin)
            .await?;
        if !exists {
            let draft = format!("draft_{}", uuid::Uuid::new_v4().simple());
            admin.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {draft}"))).await?;
            let mut connection = PgConnection::connect(&at(&draft)).await?;
            MIGRATIONS.run_direct(None, &mut connection, false).await?;
            connection.close().await?;
            admin.execute(sqlx::AssertSqlSafe(format!("ALTER DATABASE {draft} RENAME TO {template}"))).await?;
        }
        let name = format!("test_{}", uuid::Uuid::new_v4().simple());
        admin
            .execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")))
            .await?;
        sqlx::query("SELECT pg_advisory_unlock(7001)").execute(&mut admin).await?;
        let url = at(&name);
        let pool = PgPoolOptions::new()
            .max_connections(10)
            .acquire_timeout(std::time::Duration::from_secs(5))
            .connect(&url)
            .await?;
        Ok(Self { pool, url })
    }
}

/// A fresh migrated database on a server of this process' own.
pub async fn database() -> Database {
    static OWN: OnceCell<Postgres> = OnceCell::const_new();
    let server = OWN.get_or_init(|| async { Postgres::temporary().await.expect("a private Postgres") }).await;
    server.database().await.expect("a fresh database")
}
