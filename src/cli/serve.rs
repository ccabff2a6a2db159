//! `halfway serve`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::app;
use crate::app::config::Config;

/// Serve the course.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Address and port; port 0 picks a free one [default: 127.0.0.1:8420]
    #[arg(long, value_name = "ADDR", env = "HALFWAY_LISTEN")]
    listen: Option<SocketAddr>,
    /// A name by which the server may be reached besides those of loopback; may be given several times
    #[arg(
        long = "allow-host",
        value_name = "NAME",
        env = "HALFWAY_ALLOWED_HOSTS",
        value_delimiter = ','
    )]
    allow_hosts: Vec<String>,
    /// Reload content and templates when their files change, for those who write them
    #[arg(long, env = "HALFWAY_DEV", value_parser = clap::builder::BoolishValueParser::new())]
    dev: bool,
    /// Folder of the templates, with --dev [default: src/web/pages]
    #[arg(long, value_name = "DIR", env = "HALFWAY_TEMPLATES", hide = true)]
    templates: Option<PathBuf>,
}

impl Serve {
    pub(super) async fn run(self, mut config: Config) -> anyhow::Result<ExitCode> {
        if let Some(listen) = self.listen {
            config.listen = listen;
        }
        config.allowed_hosts.extend(self.allow_hosts);
        if self.dev {
            app::develop(&self.templates.unwrap_or_else(|| "src/web/pages".into()))?;
        }
        app::serve(config).await?;
        Ok(ExitCode::SUCCESS)
    }
}
