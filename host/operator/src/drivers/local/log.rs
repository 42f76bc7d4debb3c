//! A gateway's log: what it writes, in files of a bounded size, which the operator's own user alone may read: people's
//! words may be among it.

use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use tokio::{fs, io::AsyncWriteExt as _};

use crate::drivers::DriverError;

/// The log of now, in the agent's folder. Those before it are called the same with `.1` and `.2` at the end.
const NAME: &str = "gateway.log";
/// How large a file grows before the next begins.
const FILE_BYTES: u64 = 1 << 20;
/// How many full files are kept.
const KEPT: u32 = 2;
/// For the owner alone: folders, and files.
const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// Writes a log.
pub(super) struct Log {
    path: PathBuf,
    file: fs::File,
    bytes: u64,
}

impl Log {
    /// Goes on with the log in `folder`, making it if there is none.
    pub(super) async fn open(folder: &Path) -> Result<Self, DriverError> {
        let open = async {
            fs::DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder).await?;
            Self::begin(folder.join(NAME)).await
        };
        open.await.map_err(|source| DriverError::Folder { folder: folder.to_owned(), source })
    }

    async fn begin(path: PathBuf) -> std::io::Result<Self> {
        let file = fs::OpenOptions::new().create(true).append(true).mode(FILE_MODE).open(&path).await?;
        let bytes = file.metadata().await?.len();
        Ok(Self { path, file, bytes })
    }

    /// Keeps what a gateway wrote. What cannot be kept is lost: a full disk must stop no agent.
    pub(super) async fn append(&mut self, chunk: &[u8]) {
        if let Err(error) = self.try_append(chunk).await {
            tracing::warn!(path = %self.path.display(), %error, "a gateway's words are lost");
        }
    }

    /// Adds a line of the operator's own.
    pub(super) async fn line(&mut self, text: &str) {
        let now = OffsetDateTime::now_utc();
        self.append(format!("{} operator: {text}\n", now.replace_nanosecond(0).unwrap_or(now)).as_bytes()).await;
    }

    async fn try_append(&mut self, mut chunk: &[u8]) -> std::io::Result<()> {
        if self.bytes >= FILE_BYTES {
            // The line that filled the file ends in it.
            let end = chunk.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            let (rest, next) = chunk.split_at(end);
            self.file.write_all(rest).await?;
            self.file.flush().await?;
            self.rotate().await?;
            chunk = next;
        }
        self.file.write_all(chunk).await?;
        // Tokio's files write behind; whoever reads the log sees it now.
        self.file.flush().await?;
        self.bytes += chunk.len() as u64;
        Ok(())
    }

    async fn rotate(&mut self) -> std::io::Result<()> {
        let numbered = |n: u32| self.path.with_added_extension(n.to_string());
        for n in (1..KEPT).rev() {
            match fs::rename(numbered(n), numbered(n + 1)).await {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        fs::rename(&self.path, numbered(1)).await?;
        *self = Self::begin(self.path.clone()).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_log_keeps_two_full_files_and_cuts_no_line() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = Log::open(folder.path()).await.unwrap();
        let line = format!("{}\n", "x".repeat(99));
        for _ in 0..45 {
            log.append(line.repeat(1000).as_bytes()).await;
        }
        let mut names: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        assert_eq!(names, ["gateway.log", "gateway.log.1", "gateway.log.2"]);
        for name in names {
            let text = std::fs::read_to_string(folder.path().join(&name)).unwrap();
            assert!(text.lines().all(|l| l.len() == 99) && text.ends_with('\n'), "{name}");
            assert!(text.len() as u64 <= FILE_BYTES + 200_000, "{name} has {} bytes", text.len());
        }
    }

    #[tokio::test]
    async fn a_log_is_the_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let agents = folder.path().join("agents");
        let own = agents.join("one");
        Log::open(&own).await.unwrap().append(b"words\n").await;
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!([mode(&agents), mode(&own), mode(&own.join(NAME))], [0o700, 0o700, 0o600]);
    }

    #[tokio::test]
    async fn a_log_goes_on_where_it_was() {
        let folder = tempfile::tempdir().unwrap();
        for words in ["one\n", "two\n"] {
            Log::open(folder.path()).await.unwrap().append(words.as_bytes()).await;
        }
        assert_eq!(std::fs::read_to_string(folder.path().join(NAME)).unwrap(), "one\ntwo\n");
    }
}
