//! A package that Python environments of tests are made of, and whether it can be had.

/// One small package, by its hash; it needs no compiler and nothing else.
pub const LOCK: &str = "cloudpickle==3.1.3 --hash=sha256:1654f4f18e416447210a63c5c25a135d65a292156aa5fa519dfa4baf7726dddb --hash=sha256:cbe9fde14429a5db009ea05ce94e5182cf998c97b96918d50c10f73f9c2f4f33\n";

/// What to say where it cannot be had.
pub const FIX: &str = "a package index that pip can reach";

/// Whether pip finds a package at all.
pub async fn reachable() -> bool {
    let asked = tokio::process::Command::new("python3")
        .args([
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--dest",
            "/dev/null/none",
            "cloudpickle==3.1.3",
        ])
        .output();
    // It fails to write in any case; the question is what it says.
    super::has_program("python3")
        && asked
            .await
            .is_ok_and(|output| !String::from_utf8_lossy(&output.stderr).contains("No matching distribution"))
}
