//! Egress: copies every connection to a loopback port inside to the server's proxy socket. Never looks
//! at what passes, and decides nothing about it: the policy is the server's.

use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags};
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream, UnixStream},
};

use crate::dial;

/// Bytes copied at once in each direction.
const PIECE: usize = 16 * 1024;

/// Connections at once; more wait in the kernel's queue.
const MOST: usize = 256;

/// How long a program may go on talking after it was told that nobody is there.
const HEARING: std::time::Duration = std::time::Duration::from_secs(2);

/// What a program is told when the server is not there.
const AWAY: &[u8] = b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n\
The way out of this lab is closed at the moment: its server does not answer.\n";

/// Serves for ever.
pub async fn run(listener: TcpListener, socket: PathBuf) {
    let places = std::sync::Arc::new(tokio::sync::Semaphore::new(MOST));
    loop {
        let Ok(place) = std::sync::Arc::clone(&places).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((client, _)) => {
                let socket = socket.clone();
                tokio::spawn(async move {
                    copy(client, &socket).await;
                    drop(place);
                });
            }
            // Out of files: those that are open end some time.
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(100)).await,
        }
    }
}

async fn copy(mut client: TcpStream, socket: &Path) {
    let Ok(mut server) = connect(socket).await else {
        away(client).await;
        return;
    };
    let _ = client.set_nodelay(true);
    // Either end may go at any time; there is nobody left to tell.
    let _ = tokio::io::copy_bidirectional_with_sizes(&mut client, &mut server, PIECE, PIECE).await;
}

/// Says so, and hears the request out: closing on what was not read would take the answer back.
async fn away(mut client: TcpStream) {
    let said = async {
        client.write_all(AWAY).await?;
        client.shutdown().await?;
        tokio::io::copy(&mut client, &mut tokio::io::sink()).await
    };
    // Whoever goes on talking has had the answer.
    let _ = tokio::time::timeout(HEARING, said).await;
}

async fn connect(socket: &Path) -> std::io::Result<UnixStream> {
    // Opened anew each time: a server that starts again binds a new socket. By descriptor, as the path
    // may be longer than an address can be.
    let file = rustix::fs::openat(CWD, socket, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
    dial::connect(&file).await
}
