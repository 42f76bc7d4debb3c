//! Compiled code on disk, by digest and engine fingerprint. Loading compiled code is trusting it with the
//! process, so a file is loaded only if this host wrote it: each begins with a MAC over its name and content,
//! made with a key that lies outside the folder. A foreign, damaged or renamed file is compiled anew.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use hmac::{Hmac, Mac};
use rand::RngCore;
use sha2::Sha256;
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::{Digest, PluginError, engine};

const KEY_BYTES: usize = 32;
const MAC_BYTES: usize = 32;

/// The folder, the key and the engine that compiles.
pub(crate) struct Cache {
    folder: PathBuf,
    key: [u8; KEY_BYTES],
    engine: Engine,
    fingerprint: String,
}

impl Cache {
    /// Opens `folder`, made when absent, with the key beside it.
    pub(crate) fn open(folder: &Path, engine: &Engine) -> Result<Self, PluginError> {
        let failed = |what: &Path, error: io::Error| PluginError::Cache(format!("{}: {error}", what.display()));
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| failed(folder, error))?;
        let key_file = key_file(folder);
        let key = key(&key_file).map_err(|error| failed(&key_file, error))?;
        Ok(Self { folder: folder.to_owned(), key, engine: engine.clone(), fingerprint: engine::fingerprint(engine) })
    }

    /// The component as this host compiled it before, if it did: a fraction of a millisecond to some milliseconds. Not for
    /// an asynchronous thread.
    pub(crate) fn kept(&self, digest: &Digest) -> Option<Component> {
        self.read(&self.path(digest), digest)
    }

    /// Compiles the component and keeps it: up to seconds on every core. Not for an asynchronous thread.
    pub(crate) fn compile(&self, digest: &Digest, bytes: &[u8]) -> Result<Component, PluginError> {
        let component =
            Component::from_binary(&self.engine, bytes).map_err(|error| PluginError::Compile(format!("{error:#}")))?;
        let path = self.path(digest);
        // A cache that cannot be written costs time at the next start and nothing else.
        if let Err(error) = self.write(&path, digest, &component) {
            tracing::warn!(%digest, path = %path.display(), %error, "compiled code was not kept");
        }
        Ok(component)
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(self.file_name(digest))
    }

    fn file_name(&self, digest: &Digest) -> String {
        format!("{}-{}.cwasm", digest.to_hex(), self.fingerprint)
    }

    #[expect(unsafe_code, reason = "loading compiled code; the MAC shows that this host compiled it")]
    fn read(&self, path: &Path, digest: &Digest) -> Option<Component> {
        // Into memory first: what is verified is what is loaded, whatever happens to the file meanwhile.
        let file = fs::read(path).ok()?;
        let verified =
            file.split_at_checked(MAC_BYTES).filter(|(mac, code)| self.mac(digest, code).verify_slice(mac).is_ok());
        let Some((_, code)) = verified else {
            tracing::warn!(%digest, path = %path.display(), "a foreign file among the compiled code; compiling anew");
            return None;
        };
        // SAFETY: only a holder of the key could have made this MAC; it is over the output of
        // `Component::serialize` by an engine of the same fingerprint.
        match unsafe { Component::deserialize(&self.engine, code) } {
            Ok(component) => Some(component),
            Err(error) => {
                tracing::warn!(%digest, %error, "compiled code does not load; compiling anew");
                None
            }
        }
    }

    fn write(&self, path: &Path, digest: &Digest, component: &Component) -> io::Result<()> {
        let code = component.serialize().map_err(io::Error::other)?;
        let mac = self.mac(digest, &code).finalize().into_bytes();
        // Written beside and moved, so that a reader sees all of it or nothing.
        let beside = beside(path);
        let mut file = create(&beside)?;
        let written = file.write_all(&mac).and_then(|()| file.write_all(&code));
        let moved = written.and_then(|()| fs::rename(&beside, path));
        if moved.is_err() {
            let _ = fs::remove_file(&beside);
        }
        moved
    }

    /// Over the name as well: a genuine file under another component's name is foreign.
    fn mac(&self, digest: &Digest, code: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes keys of any length");
        mac.update(digest.as_bytes());
        mac.update(self.fingerprint.as_bytes());
        mac.update(code);
        mac
    }
}

/// `<folder>.key`: outside the folder, so that who may write there cannot make a MAC.
fn key_file(folder: &Path) -> PathBuf {
    let mut name = folder.as_os_str().to_owned();
    name.push(".key");
    PathBuf::from(name)
}

/// Reads the key, or makes one that only this user can read.
fn key(path: &Path) -> io::Result<[u8; KEY_BYTES]> {
    match fs::read(path) {
        Ok(bytes) => {
            let open_to_others = fs::metadata(path)?.permissions().mode() & 0o077 != 0;
            let key = <[u8; KEY_BYTES]>::try_from(bytes.as_slice());
            match key {
                Ok(key) if !open_to_others => Ok(key),
                _ => Err(io::Error::other(
                    "the key is damaged or others can read it; remove the file, a new one is made",
                )),
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut bytes = [0; KEY_BYTES];
            rand::rng().fill_bytes(&mut bytes);
            let beside = beside(path);
            create(&beside)?.write_all(&bytes)?;
            // A link fails where a file exists: of two hosts starting at once, both use the first one's key.
            let linked = fs::hard_link(&beside, path);
            fs::remove_file(&beside)?;
            match linked {
                Ok(()) => Ok(bytes),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => key(path),
                Err(error) => Err(error),
            }
        }
        Err(error) => Err(error),
    }
}

/// A name of this process' own beside `path`.
fn beside(path: &Path) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    path.with_extension(format!("{}-{count}.part", std::process::id()))
}

fn create(path: &Path) -> io::Result<fs::File> {
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

    fn cache(folder: &Path) -> Cache {
        let config = crate::HostConfig { pool_size: 1, ..crate::HostConfig::default() };
        Cache::open(folder, &engine::engine(&config).unwrap()).unwrap()
    }

    fn is_kept(cache: &Cache, bytes: &[u8]) -> bool {
        cache.kept(&Digest::of(bytes)).is_some()
    }

    fn compile(cache: &Cache, bytes: &[u8]) {
        cache.compile(&Digest::of(bytes), bytes).unwrap();
    }

    #[test]
    fn a_second_host_loads_what_the_first_compiled() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("compiled");
        assert!(!is_kept(&cache(&folder), EMPTY));
        compile(&cache(&folder), EMPTY);
        assert!(is_kept(&cache(&folder), EMPTY));
        let mode = fs::metadata(key_file(&folder)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_file_of_another_key_name_or_content_is_compiled_anew() {
        let dir = tempfile::tempdir().unwrap();
        let (ours, theirs) = (dir.path().join("ours"), dir.path().join("theirs"));
        let (ours, theirs) = (cache(&ours), cache(&theirs));
        let digest = Digest::of(EMPTY);
        let path = ours.path(&digest);

        // Compiled by an attacker with the same engine, put under the right name.
        compile(&theirs, EMPTY);
        fs::copy(theirs.path(&digest), &path).unwrap();
        assert!(!is_kept(&ours, EMPTY));
        compile(&ours, EMPTY);
        assert!(is_kept(&ours, EMPTY));

        // One of ours, under the name of another component.
        let other = Digest::of(b"another component");
        fs::copy(&path, ours.path(&other)).unwrap();
        assert!(ours.kept(&other).is_none());

        // Damaged, cut off, empty.
        let mut bytes = fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        for content in [bytes.as_slice(), &bytes[..MAC_BYTES - 1], &[]] {
            fs::write(&path, content).unwrap();
            assert!(!is_kept(&ours, EMPTY));
        }
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("compiled");
        let engine = cache(&folder).engine;
        fs::set_permissions(key_file(&folder), fs::Permissions::from_mode(0o644)).unwrap();
        let refused = Cache::open(&folder, &engine).err().unwrap();
        assert_eq!(refused.code(), "cache");
    }
}
