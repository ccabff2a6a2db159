//! What others do on this machine: a raw pseudo-terminal, a bare bubblewrap.

use std::path::Path;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Bytes a second of `cat FILE` on a pseudo-terminal that is read as fast as it goes.
pub async fn raw_throughput(file: &Path) -> f64 {
    let (mut pty, pts) = pty_process::open().unwrap();
    let mut child = pty_process::Command::new("cat").arg(file).spawn(pts).unwrap();
    let mut buffer = vec![0; 64 << 10];
    let from = Instant::now();
    let mut bytes = 0_u64;
    // The end of a pseudo-terminal is an error, EIO.
    while let Ok(read @ 1..) = pty.read(&mut buffer).await {
        bytes += read as u64;
    }
    let took = from.elapsed();
    child.wait().await.unwrap();
    super::per_second(bytes, took)
}

/// Seconds from a keystroke to its echo on a raw pseudo-terminal.
pub async fn raw_echo(keystrokes: usize) -> Vec<f64> {
    let (mut pty, pts) = pty_process::open().unwrap();
    let mut child = pty_process::Command::new("cat").kill_on_drop(true).spawn(pts).unwrap();
    let mut buffer = [0; 1024];
    let mut samples = Vec::with_capacity(keystrokes);
    for stroke in 0..keystrokes {
        let from = Instant::now();
        pty.write_all(b"x").await.unwrap();
        let read = pty.read(&mut buffer).await.unwrap();
        samples.push(from.elapsed().as_secs_f64());
        assert!(buffer[..read].contains(&b'x'));
        if stroke % 60 == 59 {
            // A line of canonical input ends before it grows too long.
            pty.write_all(b"\n").await.unwrap();
            let mut seen = 0;
            while seen < 2 {
                let read = pty.read(&mut buffer).await.unwrap();
                seen += buffer[..read].split(|byte| *byte == b'\n').count() - 1;
            }
        }
    }
    child.kill().await.unwrap();
    samples
}

/// Seconds from starting bubblewrap with a shell on a pseudo-terminal to the shell's first output.
pub async fn bare_bubblewrap() -> f64 {
    let (mut pty, pts) = pty_process::open().unwrap();
    let from = Instant::now();
    let mut child = pty_process::Command::new("bwrap")
        .args([
            "--unshare-all",
            "--ro-bind",
            "/usr",
            "/usr",
            "--symlink",
            "usr/bin",
            "/bin",
            "--symlink",
            "usr/lib",
            "/lib",
        ])
        .args([
            "--symlink",
            "usr/lib64",
            "/lib64",
            "--ro-bind",
            "/etc",
            "/etc",
            "--proc",
            "/proc",
            "--dev",
            "/dev",
        ])
        .args(["--tmpfs", "/tmp", "bash", "--norc", "-i"])
        .kill_on_drop(true)
        .spawn(pts)
        .unwrap();
    let mut buffer = [0; 1024];
    let read = tokio::time::timeout(Duration::from_secs(10), pty.read(&mut buffer))
        .await
        .unwrap()
        .unwrap();
    let took = from.elapsed().as_secs_f64();
    assert!(read > 0);
    child.kill().await.unwrap();
    took
}
