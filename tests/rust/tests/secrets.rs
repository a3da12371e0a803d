//! Neither the client secret nor a token is ever shown, and tokens are asked for sparingly.

use std::fmt::Write;
use std::time::Duration;

use easemob_presence::{AppToken, Client, ClientBuilder, Error, ErrorKind, RateLimits, Status};
use easemob_presence_emulator::{Emulator, Operation, RateLimit};
use easemob_presence_tests::canned::{Recorded, Reply, Server, http};
use easemob_presence_tests::shows;
use futures_util::future::join_all;

/// In none of the shapes that tokens of the service have: what hides it must know it, not guess.
const SECRET: &str = "canary-client-secret";
const TOKEN: &str = "canary-app-token";

#[test]
fn nothing_that_can_be_printed_shows_a_secret() {
    let with_secret =
        || Client::builder().host("a1.easemob.com").app_key("org#app").client_credentials("id", SECRET);
    let with_token = || Client::builder().host("a1.easemob.com").app_key("org#app").app_token(TOKEN);
    let mut printed = format!("{:?} {:#?} {:?}", with_secret(), with_token(), AppToken::new(TOKEN));
    for client in [with_secret().build().unwrap(), with_token().build().unwrap()] {
        let user = client.user("wzy").unwrap();
        let (call, raw) = (user.set("android", Status::Online), user.get("c2").with_raw());
        write!(printed, "{client:?} {client:#?} {user:?} {call:?} {raw:?} {:?}", user.subscriptions())
            .unwrap();
    }
    assert!(!printed.contains("canary"), "{printed}");
}

#[test]
fn a_setting_that_is_refused_is_refused_unseen() {
    let builder = || Client::builder().app_key("org#app");
    for refused in [
        builder().host("a1.easemob.com").app_token("canary\r\nX-Injected: 1"),
        builder().host("a1.easemob.com").app_token("canary token"),
        builder().host("http://a1.easemob.com").client_credentials("id", SECRET),
        builder().host("https://user:canary@a1.easemob.com").client_credentials("id", "x"),
        builder().host("a1.easemob.com").app_token("x").proxy("http://user:canary@:x"),
    ] {
        let error = refused.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(!shows(&error, "canary"), "{error:?}");
    }
}

/// A client that keeps no distance between its calls, or between tokens.
fn unpaced() -> ClientBuilder {
    Client::builder().rate_limits(RateLimits::off()).min_token_interval(Duration::ZERO)
}

/// Answers with everything that it was sent, in every place that an error reads.
fn echo(status: u16, request: &Recorded) -> Reply {
    let authorization = request.header("authorization").unwrap_or_default().to_owned();
    let body = String::from_utf8_lossy(&request.body).replace('"', "'");
    let everything = format!("{authorization} {body}");
    let envelope = format!(
        r#"{{"error":"{everything}","error_description":"cannot read: {everything}","result":"{everything}"}}"#
    );
    let headers = [("X-Request-Id", authorization.as_str()), ("Location", authorization.as_str())];
    Reply::Send(http(status, headers, envelope.as_bytes()))
}

async fn echoed(status: u16, token_status: u16) -> Result<Vec<Error>, Box<dyn std::error::Error>> {
    let server = Server::start(move |request| match request.target.as_str() {
        "/org/app/token" if token_status == 200 => {
            Reply::Send(http(200, [], format!(r#"{{"access_token":"{TOKEN}"}}"#).as_bytes()))
        }
        "/org/app/token" => echo(token_status, request),
        _ => echo(status, request),
    })
    .await?;
    let builder = || unpaced().host(server.url()).app_key("org#app");
    let clients = [builder().client_credentials("id", SECRET).build()?, builder().app_token(TOKEN).build()?];
    let mut errors = Vec::new();
    for client in clients {
        errors.extend(client.user("wzy")?.get("c2").await.err());
        errors.extend(client.user("c1")?.set("android", Status::Online).await.err());
    }
    Ok(errors)
}

#[tokio::test]
async fn a_secret_that_the_service_echoes_is_masked() {
    let mut shown = Vec::new();
    for (status, token_status) in
        [(200, 200), (400, 200), (401, 200), (500, 200), (400, 400), (400, 401), (400, 503)]
    {
        for error in echoed(status, token_status).await.unwrap() {
            shown.extend(
                [SECRET, TOKEN]
                    .into_iter()
                    .filter(|secret| shows(&error, secret))
                    .map(|secret| format!("{secret} after {status}, token call {token_status}: {error}")),
            );
        }
    }
    assert!(shown.is_empty(), "{}", shown.join("\n"));
}

#[tokio::test]
async fn a_failure_of_the_connection_shows_no_secret() {
    let server = Server::start(|_| Reply::Close).await.unwrap();
    let builder = || unpaced().host(server.url()).app_key("org#app");
    for client in [builder().client_credentials("id", SECRET).build(), builder().app_token(TOKEN).build()] {
        let error = client.unwrap().user("wzy").unwrap().get("c2").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect);
        assert!(!shows(&error, "canary"), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_at_the_same_time_share_one_token_and_one_renewal() {
    let emulator =
        Emulator::builder().configure(|settings| settings.rate_limit = RateLimit::off()).start().unwrap();
    let client = unpaced().emulator(emulator.host()).build().unwrap();
    let all = || {
        let calls = (0..50).map(|i| {
            let user = client.user(format!("u{i}")).unwrap();
            tokio::spawn(async move { user.set("android", Status::Online).await })
        });
        join_all(calls)
    };
    for tokens in [1, 2] {
        for call in all().await {
            call.unwrap().unwrap();
        }
        assert_eq!(emulator.journal().count(Operation::Token), tokens);
        emulator.expire_tokens();
    }
}
