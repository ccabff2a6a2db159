//! Embeds the sandbox agent's executable that the environment variable `HALFWAY_AGENT_BINARY` names (`make` builds it
//! statically and sets the variable). Without it the server is built all the same, and looks for an agent at run time.

use std::path::PathBuf;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-env-changed=HALFWAY_AGENT_BINARY");
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
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
