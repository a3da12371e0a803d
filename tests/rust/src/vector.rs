//! The cases of `tests/vectors`: one call against a canned answer.

mod answer;
mod request;

use std::collections::BTreeSet;
use std::io::ErrorKind::WouldBlock;
use std::time::Duration;

use answer::{Answer, Answers};
use easemob_presence::{Client, Error, RateLimits};
use request::{CLIENT_ID, CLIENT_SECRET, FIXED_TOKEN, RequestSpec};
use serde::Deserialize;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::Problem;
use crate::call::{Answered, Call};
use crate::canned::{Reply, Server};
use crate::expect::{self, ErrorSpec};
use crate::files::{self, Named, present};
use crate::report::Report;

const DIRECTORY: &str = "vectors";
const APP_KEY: &str = "vector-org#vector-app";
const PREFIX: &str = "/vector-org/vector-app";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    call: Call,
    request: Option<RequestSpec>,
    /// None: nothing may be sent.
    answer: Option<Answers>,
    /// The answers of `POST /token`, for a client with client id and secret; none: one with a fixed token.
    token: Option<Answers>,
    /// How many requests the call itself makes.
    sends: Option<usize>,
    /// How many requests for a token it makes.
    token_sends: Option<usize>,
    /// The client's setting of that name; 1 if not given.
    max_attempts: Option<u32>,
    #[serde(default, deserialize_with = "present")]
    expect: Option<Value>,
    error: Option<ErrorSpec>,
}

impl Named for Case {
    fn name(&self) -> &str {
        &self.name
    }
}

/// Runs all cases of one file.
pub async fn run_vectors(file: &str) -> Report {
    let cases: Vec<Case> = match files::cases(DIRECTORY, file) {
        Ok(cases) => cases,
        Err(problem) => return Report::unreadable(file, &problem),
    };
    let mut report = Report::new(file);
    for case in cases {
        report.add(&case.name, case.run().await);
    }
    report
}

/// How many cases all files hold together.
///
/// # Errors
/// If a file cannot be read, or two cases share a name.
pub fn vector_count() -> Result<usize, String> {
    let mut names = BTreeSet::new();
    for case in all_cases()? {
        if !names.insert(case.name.clone()) {
            return Err(format!("two cases are named {:?}", case.name));
        }
    }
    Ok(names.len())
}

/// The wire samples that some case answers with.
///
/// # Errors
/// If a file cannot be read.
pub fn wire_files_used() -> Result<BTreeSet<String>, String> {
    let answers = all_cases()?.into_iter().flat_map(|case| [case.answer, case.token]).flatten();
    Ok(answers.flat_map(Answers::into_list).filter_map(|answer| answer.body_file).collect())
}

fn all_cases() -> Result<Vec<Case>, Problem> {
    let mut all = Vec::new();
    for file in files::case_files(DIRECTORY)? {
        let cases: Vec<Case> =
            files::cases(DIRECTORY, &file).map_err(|problem| format!("{file}: {problem}"))?;
        all.extend(cases);
    }
    Ok(all)
}

impl Case {
    async fn run(&self) -> Result<(), Problem> {
        let outcome = match (&self.answer, &self.token) {
            (None, None) => self.run_alone().await?,
            _ => self.run_against_server().await?,
        };
        expect::check(&self.call, &outcome, self.expect.as_ref(), self.error.as_ref())?;
        self.check_raw(&outcome)?;
        match &outcome {
            Err(error) => check_secrets(error),
            Ok(_) => Ok(()),
        }
    }

    /// Makes the call with a port behind it that nothing may connect to.
    async fn run_alone(&self) -> Result<Result<Answered, Error>, Problem> {
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(text)?;
        let client = self.client(&format!("http://{}", listener.local_addr().map_err(text)?))?;
        call_alone(&self.call, &client, listener).await
    }

    async fn run_against_server(&self) -> Result<Result<Answered, Error>, Problem> {
        let token_path = format!("{PREFIX}/token");
        let answers = self.answer.as_ref().map(Answers::replies).transpose()?;
        let tokens = self.token.as_ref().map(Answers::replies).transpose()?;
        let server = Server::start(move |request| {
            let replies = if request.target == token_path { &tokens } else { &answers };
            replies.as_ref().map_or(Reply::Close, |replies| Reply::Send(replies.next()))
        })
        .await
        .map_err(text)?;
        let client = self.client(&server.url())?;
        let outcome = self.call.make(&client).await?;
        self.check_requests(&server)?;
        Ok(outcome)
    }

    fn client(&self, url: &str) -> Result<Client, Problem> {
        let builder = Client::builder()
            .host(url)
            .app_key(APP_KEY)
            .max_attempts(self.max_attempts.unwrap_or(1))
            .rate_limits(RateLimits::off())
            .min_token_interval(Duration::ZERO);
        let builder = match self.token {
            Some(_) => builder.client_credentials(CLIENT_ID, CLIENT_SECRET),
            None => builder.app_token(FIXED_TOKEN),
        };
        builder.build().map_err(text)
    }

    fn check_requests(&self, server: &Server) -> Result<(), Problem> {
        let seen = server.seen();
        let (mut tokens, mut calls) = (0, 0);
        for request in &seen.requests {
            let path = request.target.strip_prefix(PREFIX);
            let path = path.ok_or_else(|| format!("the request went to {}", request.target))?;
            if path == "/token" {
                tokens += 1;
                request::check_token(request)?;
            } else {
                calls += 1;
                request::check_headers(request, self.token.is_none())?;
                self.request.as_ref().map_or(Ok(()), |spec| spec.check(request, path))?;
            }
        }
        match (self.answer.is_some(), calls) {
            (true, 0) => return Err("nothing was sent".into()),
            (false, 1..) => return Err("the call was sent, though there is no answer for it".into()),
            _ => {}
        }
        if self.token.is_some() && tokens == 0 {
            return Err("no token was asked for".into());
        }
        for (expected, got) in [(self.sends, calls), (self.token_sends, tokens)] {
            if let Some(expected) = expected.filter(|&expected| expected != got) {
                return Err(format!("expected {expected} requests, got {got}"));
            }
        }
        Ok(())
    }

    /// The answer's text is kept: whole beside a value, its first 2 KiB in an error.
    fn check_raw(&self, outcome: &Result<Answered, Error>) -> Result<(), Problem> {
        let Some(answer) = self.answer.as_ref().and_then(Answers::last) else { return Ok(()) };
        let body = answer.bytes()?;
        match outcome {
            Ok(Answered { raw: Some(raw), .. }) if raw.as_bytes() != body => {
                Err(format!("the raw text is {raw:?}"))
            }
            Err(error) if error.operation() == Some(self.call.operation()) => {
                let masked = self.error.as_ref().is_some_and(|spec| spec.body_contains.is_some());
                let kept = Answer::kept(&body);
                if masked || error.body() == Some(&kept) {
                    return Ok(());
                }
                Err(format!("the error's body is {:?}", error.body()))
            }
            _ => Ok(()),
        }
    }
}

async fn call_alone(
    call: &Call,
    client: &Client,
    listener: TcpListener,
) -> Result<Result<Answered, Error>, Problem> {
    let connected = || Err("something connected, though nothing may be sent".to_owned());
    let outcome = tokio::select! {
        biased;
        _ = listener.accept() => return connected(),
        outcome = call.make(client) => outcome?,
    };
    // A connection that waits in the queue counts too.
    match listener.into_std().map_err(text)?.accept() {
        Err(error) if error.kind() == WouldBlock => Ok(outcome),
        _ => connected(),
    }
}

/// Every case is one more proof that an error shows neither the token nor the client secret.
fn check_secrets(error: &Error) -> Result<(), Problem> {
    match [FIXED_TOKEN, CLIENT_SECRET].into_iter().find(|secret| expect::shows(error, secret)) {
        Some(secret) => Err(format!("the error shows {secret:?}")),
        None => Ok(()),
    }
}

fn text(error: impl std::fmt::Display) -> Problem {
    error.to_string()
}
