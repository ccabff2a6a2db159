//! Handlers whose answer is a stream: live output, file events, raw connections. Each ends its work when
//! its client goes.

use std::{convert::Infallible, sync::Arc};

use axum::{
    Extension,
    body::Body as HttpBody,
    extract::{FromRequest as _, Request, State},
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use halfway_agent::protocol::{Command, CommandEvent, CommandStream, Dial, ErrorKind, STREAM_UPGRADE};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::{Agent, Body, Query, error::ApiError};
use crate::{
    command::{self, Event, Running, Text},
    dial,
    files::Watch,
    idle::Held,
};

/// Lines that may wait for a slow client.
const QUEUE: usize = 16;

/// Bytes copied at once in each direction of a dialled stream.
const PIECE: usize = 16 * 1024;

pub async fn command(
    State(agent): State<Arc<Agent>>,
    Extension(held): Extension<Arc<Held>>,
    Body(request): Body<Command>,
) -> Result<Response, ApiError> {
    let running = command::start(&agent.options, &request)?;
    let (sender, receiver) = mpsc::channel(QUEUE);
    tokio::spawn(async move {
        let gone = sender.clone();
        tokio::select! {
            () = tell(running, sender) => {}
            // Drops the running command, which kills it.
            () = gone.closed() => {}
        }
    });
    Ok(lines(receiver, held))
}

async fn tell(mut running: Running, events: mpsc::Sender<CommandEvent>) {
    let (mut stdout, mut stderr) = (Text::default(), Text::default());
    let output = async |stream, data: String| {
        data.is_empty() || events.send(CommandEvent::Output { stream, data }).await.is_ok()
    };
    loop {
        match running.next().await {
            Event::Output(stream, bytes) => {
                let text = match stream {
                    CommandStream::Stdout => stdout.push(&bytes),
                    CommandStream::Stderr => stderr.push(&bytes),
                };
                if !output(stream, text).await {
                    return;
                }
            }
            Event::Ended(exit) => {
                if output(CommandStream::Stdout, stdout.finish()).await
                    && output(CommandStream::Stderr, stderr.finish()).await
                {
                    // A client that is gone now has lost nothing but the end.
                    let _ = events.send(CommandEvent::Exit { exit }).await;
                }
                return;
            }
        }
    }
}

#[derive(Deserialize)]
pub struct Where {
    #[serde(default)]
    path: String,
    #[serde(default)]
    recursive: bool,
}

pub async fn files(
    State(agent): State<Arc<Agent>>,
    Extension(held): Extension<Arc<Held>>,
    Query(Where { path, recursive }): Query<Where>,
) -> Result<Response, ApiError> {
    let watch = Watch::new(&agent.options.workspace, &path, recursive)?;
    let (sender, receiver) = mpsc::channel(QUEUE);
    tokio::spawn(watch.run(sender));
    Ok(lines(receiver, held))
}

/// An NDJSON answer of everything that comes.
fn lines<T: Serialize + Send + 'static>(receiver: mpsc::Receiver<T>, held: Arc<Held>) -> Response {
    let stream = futures_util::stream::unfold(
        (receiver, held),
        async |(mut receiver, held): (mpsc::Receiver<T>, Arc<Held>)| {
            let item = receiver.recv().await?;
            let mut line = serde_json::to_vec(&item).expect("an event of plain fields is always JSON");
            line.push(b'\n');
            Some((Ok::<_, Infallible>(line), (receiver, held)))
        },
    );
    (
        [(header::CONTENT_TYPE, "application/x-ndjson")],
        HttpBody::from_stream(stream),
    )
        .into_response()
}

pub async fn dial(
    State(agent): State<Arc<Agent>>,
    Extension(held): Extension<Arc<Held>>,
    mut request: Request,
) -> Result<Response, ApiError> {
    let wanted = request
        .headers()
        .get(header::UPGRADE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.eq_ignore_ascii_case(STREAM_UPGRADE));
    let upgrade = request
        .extensions_mut()
        .remove::<hyper::upgrade::OnUpgrade>()
        .filter(|_| wanted)
        .ok_or_else(|| {
            ApiError::new(
                ErrorKind::BadRequest,
                format!("dial needs the headers Connection: Upgrade and Upgrade: {STREAM_UPGRADE}"),
            )
        })?;
    let Body(target) = Body::<Dial>::from_request(request, &agent).await?;
    let mut inside = dial::dial(&agent.options, &target).await?;
    tokio::spawn(async move {
        if let Ok(client) = upgrade.await {
            let mut client = TokioIo::new(client);
            // Either end may go at any time; there is nobody left to tell.
            let _ = tokio::io::copy_bidirectional_with_sizes(&mut client, &mut inside, PIECE, PIECE).await;
        }
        drop(held);
    });
    Ok((
        StatusCode::SWITCHING_PROTOCOLS,
        [(header::CONNECTION, "upgrade"), (header::UPGRADE, STREAM_UPGRADE)],
    )
        .into_response())
}
