//! Embeds what a release binary carries.
//!
//! The templates beneath `src/web/pages`; a debug build reads them from disk instead, so that a change of one compiles
//! nothing. The names, versions and licences of the crates that are linked, for the page "About". And the sandbox agent's executable that the environment variable `HALFWAY_AGENT_BINARY` names (`make` builds it
//! statically and sets the variable). Without it the server is built all the same, and looks for an agent at run time.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-env-changed=HALFWAY_AGENT_BINARY");
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    println!("cargo::rerun-if-changed=Cargo.lock");
    fs::write(out.join("crates.txt"), crates()).expect("OUT_DIR can be written");
    fs::write(out.join("templates.rs"), templates()).expect("OUT_DIR can be written");
    let named = env::var_os("HALFWAY_AGENT_BINARY").map(PathBuf::from);
    if let Some(path) = &named {
        println!("cargo::rerun-if-changed={}", path.display());
    }
    let code = match named.as_deref().map(fs::read) {
        Some(Ok(bytes)) => {
            fs::write(out.join("agent"), bytes).expect("OUT_DIR can be written");
            "Some(include_bytes!(concat!(env!(\"OUT_DIR\"), \"/agent\")))"
        }
        _ => "None",
    };
    fs::write(out.join("agent.rs"), code).expect("OUT_DIR can be written");
}

/// A line for each crate that is linked: name, version and licence, with tabs between. Empty where cargo cannot tell.
fn crates() -> String {
    let tree = Command::new(env::var_os("CARGO").expect("cargo sets it"))
        .args([
            "tree",
            "--offline",
            "--locked",
            "--package",
            "halfway",
            "--prefix",
            "none",
        ])
        .args(["--edges", "normal,no-proc-macro", "--format", "{p}|{l}"])
        .args(["--target", &env::var("TARGET").expect("cargo sets it")])
        .output();
    let told = match &tree {
        Ok(tree) if tree.status.success() => String::from_utf8_lossy(&tree.stdout),
        _ => {
            println!("cargo::warning=the licences of the crates are not known: cargo tree failed");
            return String::new();
        }
    };
    let lines: BTreeSet<String> = told
        .lines()
        .filter_map(|line| {
            let (package, licence) = line.split_once('|')?;
            let mut words = package.split(' ');
            let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
            (!name.starts_with("halfway")).then(|| format!("{name}\t{version}\t{licence}\n"))
        })
        .collect();
    lines.into_iter().collect()
}

/// `&[("home.html", include_str!("…/home.html")), …]`; empty in a debug build.
fn templates() -> String {
    let mut list = String::from("&[");
    if env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo::rerun-if-changed=src/web/pages");
        let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("src/web/pages");
        list_templates(&root, &root, &mut list);
    }
    list.push(']');
    list
}

fn list_templates(root: &Path, folder: &Path, list: &mut String) {
    for entry in fs::read_dir(folder).expect("the pages are there") {
        let path = entry.expect("a folder can be listed").path();
        if path.is_dir() {
            list_templates(root, &path, list);
        } else if path.extension().is_some_and(|extension| extension == "html") {
            let name = path.strip_prefix(root).expect("it lies beneath");
            let name = name.to_str().expect("names are ASCII");
            let path = path.to_str().expect("the repository lies at a path in UTF-8");
            write!(list, "({name:?}, include_str!({path:?})),").expect("a string takes everything");
        }
    }
}
