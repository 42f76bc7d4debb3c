//! Whatever is uploaded, the host takes it or says why not, and serves the next.
#![no_main]

use std::fmt::Write as _;
use std::sync::LazyLock;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use openclaw_plugins::{Host, HostConfig};
use tokio::runtime::{Builder, Runtime};

/// What somebody may send.
#[derive(Debug, Arbitrary)]
enum Upload {
    /// Anything.
    Bytes(Vec<u8>),
    /// What begins as a component does.
    Sections(Vec<u8>),
    /// A niche, damaged: bytes replaced, and perhaps its end cut off.
    Damaged { replaced: Vec<(u32, u8)>, cut: Option<u32> },
    /// A component with these imports and exports.
    Named { imports: Vec<Name>, exports: Vec<Name> },
}

/// The name of an interface: of the contract's, of WASI's, or of nobody's.
#[derive(Debug, Arbitrary)]
struct Name {
    package: u8,
    interface: u8,
    version: Version,
}

#[derive(Debug, Arbitrary)]
enum Version {
    None,
    Known(u8),
    Any(u8, u8, u8),
}

const PACKAGES: [&str; 7] =
    ["openclaw:niche", "wasi:http", "wasi:cli", "wasi:io", "wasi:filesystem", "wasi:sockets", "evil:host"];
const INTERFACES: [&str; 14] = [
    "catalog",
    "persona",
    "tools",
    "onboarding",
    "self-test",
    "niche-types",
    "logging",
    "storage",
    "connections",
    "admin",
    "outgoing-handler",
    "types",
    "streams",
    "environment",
];
const VERSIONS: [&str; 4] = ["0.1.0", "0.2.0", "0.2.6", "0.1.0-rc.1"];

impl Name {
    fn text(&self) -> String {
        let package = PACKAGES[usize::from(self.package) % PACKAGES.len()];
        let interface = INTERFACES[usize::from(self.interface) % INTERFACES.len()];
        match self.version {
            Version::None => format!("{package}/{interface}"),
            Version::Known(version) => {
                format!("{package}/{interface}@{}", VERSIONS[usize::from(version) % VERSIONS.len()])
            }
            Version::Any(major, minor, patch) => format!("{package}/{interface}@{major}.{minor}.{patch}"),
        }
    }
}

impl Upload {
    fn bytes(self) -> Vec<u8> {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Sections(sections) => [b"\0asm\x0d\0\x01\0".as_slice(), &sections].concat(),
            Self::Damaged { replaced, cut } => {
                let mut bytes = NICHE.clone();
                let length = bytes.len();
                for (at, byte) in replaced {
                    bytes[at as usize % length] = byte;
                }
                if let Some(cut) = cut {
                    bytes.truncate(cut as usize % length);
                }
                bytes
            }
            Self::Named { imports, exports } => {
                let mut text = "(component".to_owned();
                for import in imports {
                    let _ = write!(text, "(import \"{}\" (instance))", import.text());
                }
                text.push_str("(instance $i)");
                for export in exports {
                    let _ = write!(text, "(export \"{}\" (instance $i))", export.text());
                }
                text.push(')');
                wat::parse_str(text).unwrap_or_default()
            }
        }
    }
}

/// A component that is as it should be: the file that the environment names.
static NICHE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let file = std::env::var_os("FUZZ_NICHE").expect("FUZZ_NICHE names a component's file");
    std::fs::read(file).expect("FUZZ_NICHE is a file")
});

static HOST: LazyLock<(Runtime, Host)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let config = HostConfig { cache_dir: folder.path().join("cache"), pool_size: 2, ..HostConfig::default() };
    // The folder goes at once: compiled code is not to fill the disk.
    let host = Host::new(config).expect("a host");
    (Builder::new_current_thread().enable_all().build().expect("a runtime"), host)
});

fuzz_target!(|upload: Upload| {
    let (runtime, host) = &*HOST;
    let bytes = upload.bytes();
    match runtime.block_on(host.load(&bytes)) {
        Ok(release) => {
            let _ = runtime.block_on(release.describe("pt"));
            host.unload(&release.digest());
        }
        Err(error) => assert!(!error.to_string().is_empty() && error.is_components_fault(), "{error}"),
    }
});
