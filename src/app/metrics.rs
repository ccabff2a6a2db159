//! Installs the recorder that every room's figures go to.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use metrics_process::Collector;

use super::config::MetricsConfig;
use crate::web::metrics::Metrics;

/// Bounds of histograms in seconds: from a page out of the cache to a lab whose environment is built first.
const SECONDS: &[f64] = &[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1200.0,
];

/// How often the recorder tidies what it holds.
const UPKEEP: Duration = Duration::from_secs(5);

/// Fewest bytes of a token: 128 bits as hexadecimal digits or more.
const TOKEN: usize = 32;

/// The figures, where the configuration asks for them.
///
/// # Errors
/// When the listener would be open to others without a token, or the token cannot be used; with the way out.
pub(super) fn start(config: &MetricsConfig) -> anyhow::Result<Option<Metrics>> {
    let token = match &config.token_file {
        None => None,
        Some(path) => {
            let text = std::fs::read_to_string(path).with_context(|| {
                format!(
                    "metrics: the token file {} cannot be read; make one with: openssl rand -hex 32 > {0}",
                    path.display()
                )
            })?;
            let token = text.trim();
            if token.len() < TOKEN {
                bail!(
                    "metrics: the token in {} has {} characters, at least {TOKEN} are needed: openssl rand -hex 32 > {0}",
                    path.display(),
                    token.len()
                );
            }
            Some(token.to_owned())
        }
    };
    match config.listen {
        None if token.is_none() => return Ok(None),
        Some(address) if !address.ip().is_loopback() && token.is_none() => bail!(
            "metrics: listening on {address} without a token is refused, as everybody who reaches it could read who uses \
             this server and when. Name a token-file, or listen on 127.0.0.1:{}.",
            address.port()
        ),
        _ => {}
    }
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), SECONDS)
        .context("metrics: the bounds of histograms")?
        .build_recorder();
    let handle = recorder.handle();
    // A second server in one process, as in tests, keeps the first recorder.
    let _ = metrics::set_global_recorder(recorder);
    let process = Collector::new("halfway_");
    process.describe();
    crate::web::metrics::describe();
    crate::lab::metrics::describe();
    metrics::gauge!("halfway_build_info", "version" => crate::web::VERSION).set(1.0);
    let upkeep = handle.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(UPKEEP).await;
            upkeep.run_upkeep();
        }
    });
    let render = move || {
        process.collect();
        handle.render()
    };
    Ok(Some(Metrics::new(Arc::new(render), token.as_deref())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(listen: Option<&str>, token_file: Option<&std::path::Path>) -> MetricsConfig {
        MetricsConfig {
            listen: listen.map(|text| text.parse().unwrap()),
            token_file: token_file.map(Into::into),
        }
    }

    #[tokio::test]
    async fn nothing_is_served_unless_it_is_asked_for() {
        assert!(start(&config(None, None)).unwrap().is_none());
        assert!(start(&config(Some("127.0.0.1:0"), None)).unwrap().is_some());
    }

    #[tokio::test]
    async fn an_open_listener_needs_a_token_that_cannot_be_guessed() {
        let error = start(&config(Some("0.0.0.0:9420"), None)).err().unwrap().to_string();
        assert!(
            error.contains("token-file") && error.contains("127.0.0.1:9420"),
            "{error}"
        );
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        let error = start(&config(None, Some(&file))).err().unwrap().to_string();
        assert!(error.contains("openssl rand"), "{error}");
        std::fs::write(&file, "short\n").unwrap();
        let error = start(&config(None, Some(&file))).err().unwrap().to_string();
        assert!(error.contains("5 characters"), "{error}");
        std::fs::write(&file, "0123456789abcdef0123456789abcdef\n").unwrap();
        assert!(start(&config(Some("0.0.0.0:9420"), Some(&file))).unwrap().is_some());
    }
}
