//! `halfway-agent`: starts, confines itself, serves, and ends everything it started. Never outlives the
//! interest of its clients: see [`idle`].

mod command;
mod confine;
mod dial;
mod environment;
mod files;
mod http;
mod idle;
mod once;
mod options;
mod ports;
mod process;
mod proxy;
mod readiness;
mod reaper;
mod ring;
mod terminal;

use std::{
    net::{Ipv4Addr, TcpListener},
    os::{fd::AsFd as _, unix::net::UnixListener},
    process::ExitCode,
    sync::Arc,
};

use options::{Options, Request};
use tokio::signal::unix::{SignalKind, signal};

/// Stack of the threads that look at `/proc`; they go deep nowhere.
const STACK: usize = 256 * 1024;

fn main() -> ExitCode {
    let options = match options::parse(std::env::args_os().skip(1)) {
        Ok(Request::Run(options)) => *options,
        Ok(Request::Once(options, argv)) => {
            return once::run(&options, &argv).unwrap_or_else(|error| {
                eprintln!("halfway-agent run: {error}");
                ExitCode::from(once::CANNOT_CONFINE)
            });
        }
        Ok(Request::Help) => {
            print!("{}", options::USAGE);
            return ExitCode::SUCCESS;
        }
        Ok(Request::Version) => {
            println!("halfway-agent {}", env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("halfway-agent: {error}\n\n{}", options::USAGE);
            return ExitCode::from(2);
        }
    };
    match run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("halfway-agent: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: Options) -> Result<(), String> {
    // What lies outside the walls is opened before they go up.
    let listener = listen(&options)?;
    let proxy = match &options.proxy {
        Some(proxy) => Some(
            TcpListener::bind((Ipv4Addr::LOCALHOST, proxy.port))
                .and_then(|listener| listener.set_nonblocking(true).map(|()| listener))
                .map_err(|error| format!("--proxy-port {}: {error}", proxy.port))?,
        ),
        None => None,
    };
    let confinement = confine::confine(&options)?;
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .thread_stack_size(STACK)
        .max_blocking_threads(2)
        .build()
        .map_err(|error| format!("cannot start its runtime: {error}"))?
        .block_on(serve(options, confinement, listener, proxy))
        .map_err(|error| error.to_string())
}

/// The socket from standard input, or one of its own; standard input is `/dev/null` afterwards, so that
/// nothing it starts can inherit the socket.
fn listen(options: &Options) -> Result<UnixListener, String> {
    let listener = match &options.socket {
        Some(path) => UnixListener::bind(path).map_err(|error| format!("--socket {}: {error}", path.display()))?,
        None => inherited()?,
    };
    std::fs::File::open("/dev/null")
        .and_then(|null| Ok(rustix::stdio::dup2_stdin(&null)?))
        .map_err(|error| format!("cannot close its standard input: {error}"))?;
    listener
        .set_nonblocking(true)
        .map_err(|error| format!("its socket: {error}"))?;
    Ok(listener)
}

fn inherited() -> Result<UnixListener, String> {
    let wrong = "standard input must be a listening unix socket (or give --socket PATH)";
    let input = std::io::stdin()
        .as_fd()
        .try_clone_to_owned()
        .map_err(|error| format!("{wrong}: {error}"))?;
    let listening = rustix::net::sockopt::socket_acceptconn(&input).unwrap_or(false);
    let listener = UnixListener::from(input);
    if !listening || listener.local_addr().is_err() {
        return Err(wrong.to_owned());
    }
    Ok(listener)
}

async fn serve(
    options: Options,
    confinement: confine::Confinement,
    listener: UnixListener,
    proxy: Option<TcpListener>,
) -> std::io::Result<()> {
    let listener = tokio::net::UnixListener::from_std(listener)?;
    let options = Arc::new(options);
    if let (Some(listener), Some(proxy)) = (proxy, &options.proxy) {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        tokio::spawn(proxy::run(listener, proxy.socket.clone()));
    }
    let agent = Arc::new(http::Agent {
        terminals: terminal::Terminals::new(Arc::clone(&options)),
        options: Arc::clone(&options),
        confinement,
        presence: idle::Presence::default(),
        shutdown: tokio::sync::Notify::new(),
        started: tokio::time::Instant::now(),
    });
    let mut terminate = signal(SignalKind::terminate())?;
    let idle = idle::wait(agent.presence.clone(), options.tick, options.idle_ticks);
    let router = http::router(Arc::clone(&agent));
    let outcome = tokio::select! {
        result = axum::serve(listener, router) => result,
        result = reaper::run() => result,
        _ = terminate.recv() => Ok(()),
        () = agent.shutdown.notified() => Ok(()),
        () = idle => Ok(()),
    };
    process::end_everything().await;
    outcome
}
