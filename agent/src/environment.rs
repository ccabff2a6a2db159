//! The environment and directory of what the agent starts. Never passes on the agent's own environment.

use std::path::PathBuf;

use crate::options::Options;

/// For terminals.
pub fn terminal(options: &Options) -> Vec<(String, String)> {
    let mut variables = vec![
        ("TERM".to_owned(), "xterm-256color".to_owned()),
        ("COLORTERM".to_owned(), "truecolor".to_owned()),
        (
            "HISTFILE".to_owned(),
            options.home.join(".bash_history").display().to_string(),
        ),
    ];
    variables.extend(command(options));
    variables
}

/// For commands, which have no terminal. Later entries win.
pub fn command(options: &Options) -> Vec<(String, String)> {
    let mut variables = vec![
        ("LANG".to_owned(), "C.UTF-8".to_owned()),
        ("HOME".to_owned(), options.home.display().to_string()),
        ("PATH".to_owned(), options.path.clone()),
        ("SHELL".to_owned(), options.shell.clone()),
    ];
    if let Some(proxy) = &options.proxy {
        let address = format!("http://127.0.0.1:{}", proxy.port);
        for name in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"] {
            variables.push((name.to_owned(), address.clone()));
        }
        for name in ["no_proxy", "NO_PROXY"] {
            variables.push((name.to_owned(), "localhost,127.0.0.1,::1".to_owned()));
        }
    }
    variables.extend(options.env.iter().cloned());
    variables
}

/// Absolute as it is, relative to the workspace, or the workspace itself.
pub fn directory(options: &Options, wanted: Option<&str>) -> PathBuf {
    options.workspace.join(wanted.unwrap_or_default())
}
