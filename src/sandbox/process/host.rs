//! What this machine offers: who the server is, which programs there are, and which parts of the system a sandbox sees.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Files and directories of `/etc` that programs need and that tell nothing about the machine's people.
pub(super) const ETC: [&str; 26] = [
    "/etc/alternatives",
    "/etc/bash.bashrc",
    "/etc/bash_completion.d",
    "/etc/ca-certificates",
    "/etc/crypto-policies",
    "/etc/debian_version",
    "/etc/fonts",
    "/etc/inputrc",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/magic",
    "/etc/mime.types",
    "/etc/nsswitch.conf",
    "/etc/os-release",
    "/etc/pki/ca-trust",
    "/etc/pki/tls",
    "/etc/profile",
    "/etc/profile.d",
    "/etc/protocols",
    "/etc/python3",
    "/etc/services",
    "/etc/ssl",
    "/etc/terminfo",
    "/etc/vim",
];

/// Directories at the top that belong to the system: real ones, or links into `/usr`.
pub(super) const SYSTEM: [&str; 7] = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];

/// Where programs are looked for inside, after the environment's own.
pub(super) const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

/// Bundles of certificates where distributions keep them.
const BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Variables by which programs are told of another bundle.
pub(super) const BUNDLE_VARIABLES: [&str; 6] = [
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "PIP_CERT",
    "GIT_SSL_CAINFO",
    "NODE_EXTRA_CA_CERTS",
];

/// Whether the server is root.
pub(super) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A program on the server's path.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/bin", "/bin", "/usr/sbin", "/sbin"].map(PathBuf::from))
        .map(|directory| directory.join(name))
        .find(|candidate| {
            candidate
                .metadata()
                .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
        })
}

/// Whether somebody who is neither owner nor group may walk to the path.
pub(super) fn open_to_all(path: &Path) -> bool {
    path.ancestors()
        .skip(1)
        .all(|above| above.as_os_str().is_empty() || above.metadata().is_ok_and(|meta| meta.mode() & 0o001 != 0))
}

/// The bundle of certificates that this machine uses, and whether a variable says so.
pub(super) fn bundle() -> Option<(PathBuf, bool)> {
    let named = BUNDLE_VARIABLES
        .iter()
        .filter_map(std::env::var_os)
        .map(PathBuf::from)
        .find(|path| path.is_file());
    match named {
        Some(path) => Some((path, true)),
        None => BUNDLES
            .iter()
            .map(PathBuf::from)
            .find(|path| path.is_file())
            .map(|path| (path, false)),
    }
}
