//! Receives the service's callbacks with axum: who logs in and out, on which device, as it happens.
//!
//! ```sh
//! EASEMOB_WEBHOOK_SECRET=… PORT=8080 cargo run --package easemob-presence-example-axum
//! EASEMOB_WEBHOOK_SECRET=… TEAM=wzy,c2,c3 cargo run --package easemob-presence-example-axum
//! ```
//!
//! With `TEAM` the callbacks are fed into a watcher, which learns the rest by polling: the first user asks, the others are
//! watched. The environment then says for which app, too: see `Client::from_env`.
//!
//! In the service's console make a rule for login and logout, with the address of this server and the path `/callbacks`;
//! the rule's secret goes into the environment.

use std::env;
use std::error::Error;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::routing::post;
use easemob_presence::webhook::{Callback, Verifier};
use easemob_presence::{Client, ErrorKind, Event, Watcher};
use futures_util::StreamExt;
use tokio::net::TcpListener;

/// What the server does with a callback; an error if it could not be dealt with.
type Accept = Box<dyn Fn(&Callback) -> Result<(), Box<dyn Error>> + Send + Sync>;

struct Webhook {
    verifier: Verifier,
    accept: Accept,
}

/// The server. Each callback that is genuine goes to `accept`, once.
fn app(verifier: Verifier, accept: Accept) -> Router {
    Router::new()
        .route("/callbacks", post(receive))
        .layer(DefaultBodyLimit::max(Verifier::MAX_BODY_BYTES))
        .with_state(Arc::new(Webhook { verifier, accept }))
}

// The bytes as they came: what a parser made of the JSON could not be checked.
async fn receive(State(webhook): State<Arc<Webhook>>, body: Bytes) -> StatusCode {
    let callback = match webhook.verifier.parse(&body) {
        Ok(Some(callback)) => callback,
        Ok(None) => return StatusCode::OK, // a repeat
        Err(error) if error.kind() == ErrorKind::InvalidSignature => return StatusCode::UNAUTHORIZED,
        Err(_) => return StatusCode::BAD_REQUEST,
    };
    if let Err(error) = (webhook.accept)(&callback) {
        eprintln!("{}: {error}", callback.user_id());
        // Answered with 500, the service delivers it once more, and then it must not be taken for a repeat.
        webhook.verifier.forget(callback.call_id());
        return StatusCode::INTERNAL_SERVER_ERROR;
    }
    StatusCode::OK
}

/// What this server does with a callback.
fn show(callback: &Callback) -> String {
    let word = if callback.online() { "online" } else { "offline" };
    format!("{} is {word} on {} ({})", callback.user_id(), callback.resource(), callback.reason())
}

/// Watches a team, the first of which asks. What `Accept` takes in is seen at once.
async fn watch(client: &Client, team: &str) -> Result<(Watcher, Accept), easemob_presence::Error> {
    let (asking, ids) = team.split_once(',').unwrap_or((team, ""));
    let ids = ids.split(',').filter(|id| !id.is_empty());
    let watcher = client.user(asking)?.watch(ids).start().await?;
    let view = watcher.clone();
    let accept = move |callback: &Callback| {
        view.feed(callback);
        Ok(())
    };
    Ok((watcher, Box::new(accept)))
}

/// One line for each event.
fn line(event: &Event) -> String {
    let user = event.user_id().map(|id| format!(" {id}")).unwrap_or_default();
    let source = event.change().map(|change| format!(" ({})", change.source)).unwrap_or_default();
    format!("{}{user}{source}", event.kind())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let verifier = Verifier::new(env::var("EASEMOB_WEBHOOK_SECRET")?)?;
    let port = env::var("PORT").map_or(Ok(8080), |port| port.parse())?;
    let listener = TcpListener::bind(("0.0.0.0", port)).await?;
    println!("listening on port {}", listener.local_addr()?.port());
    let accept: Accept = if let Ok(team) = env::var("TEAM") {
        let (mut watcher, accept) = watch(&Client::from_env()?, &team).await?;
        tokio::spawn(async move {
            while let Some(event) = watcher.next().await {
                println!("{}", line(&event));
            }
        });
        accept
    } else {
        Box::new(|callback| {
            println!("{}", show(callback));
            Ok(())
        })
    };
    axum::serve(listener, app(verifier, accept)).await?;
    Ok(())
}

#[cfg(test)]
mod tests;
