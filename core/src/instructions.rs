//! The hot paths, each by itself, for `make bench-guard`, which counts their instructions; built with
//! `--cfg instructions` only.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::HeaderMap;
use tokio::time::Instant;

use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::model::{Resource, Status, UserId};
use crate::operation::{Batch, Endpoint, GetMany, Operation, Set};
use crate::pipeline::limiter::{Limiter, Priority, RateLimits, Refused, Seen, Turn};
use crate::pipeline::transport::{Failure, Received, ToSend, Transport};
use crate::pipeline::{AppToken, Caller, Limits, Pipeline, Random, Source, Tokens};
use crate::wire;

/// A name, and what does one of it so many times.
pub type Path = (&'static str, fn(usize) -> Result<(), Error>);

/// Every path that is counted.
pub const PATHS: &[Path] = &[
    ("read the answer of a get of 100", read_get100),
    ("write the request of a get of 100", write_get100),
    ("a get of 100, from ids to presences, answered at once", whole_get100),
    ("write the request of a set", write_set),
    ("one set through the pipeline, answered at once", call),
    ("one turn in the limiter, taken and answered", turn),
    ("tell what a refusal is", classify),
];

const LIMITS: Limits = Limits {
    timeout: Duration::from_secs(30),
    attempt_timeout: Duration::from_secs(10),
    max_attempts: 4,
    priority: Priority::Normal,
    caller: Caller::Each,
};

/// So high that no call waits, with everything that the limiter does.
fn limiter() -> Result<Arc<Limiter>, Error> {
    Limiter::shared("instructions", &RateLimits::uniform(u32::MAX), 10_000)
}

fn ids() -> Vec<String> {
    (0..100).map(|number| format!("user{number:06}")).collect()
}

fn answer(ids: &[String]) -> Bytes {
    let row = |id: &String| {
        format!(
            r#"{{"uid":"{id}","last_time":"1644466063","ext":"in a meeting","status":{{"android_6b5610ac-{id}":"1","ios_4e114661":"0","web_82b3dee1":"104"}}}}"#
        )
    };
    format!(r#"{{"result":[{}]}}"#, ids.iter().map(row).collect::<Vec<_>>().join(",")).into()
}

fn user() -> Result<UserId, Error> {
    UserId::new("c1")
}

fn set() -> Result<Set, Error> {
    let resource = Resource::new("android_123423453246")?;
    Ok(Set { user: user()?, resource, status: Status::Online, ext: "busy".to_owned() })
}

fn read_get100(rounds: usize) -> Result<(), Error> {
    let (user, batch, body) = (user()?, Batch::collect(ids())?, answer(&ids()));
    for _ in 0..rounds {
        let mut get = GetMany { user: user.clone(), batch: batch.clone() };
        black_box(get.decode(black_box(body.clone()))?);
    }
    Ok(())
}

fn write_get100(rounds: usize) -> Result<(), Error> {
    let (user, ids) = (client(AtOnce(Bytes::new()))?.user("c1")?, ids());
    for _ in 0..rounds {
        black_box(user.get_many(black_box(&ids)).requests()?);
    }
    Ok(())
}

fn whole_get100(rounds: usize) -> Result<(), Error> {
    let ids = ids();
    let user = client(AtOnce(answer(&ids)))?.user("c1")?;
    block_on(async {
        for _ in 0..rounds {
            black_box(user.get_many(black_box(&ids)).await?);
        }
        Ok(())
    })
}

fn write_set(rounds: usize) -> Result<(), Error> {
    let set = set()?;
    for _ in 0..rounds {
        black_box(black_box(&set).request()?);
    }
    Ok(())
}

fn client(transport: AtOnce) -> Result<Client, Error> {
    Ok(Client::new(pipeline(transport)?, LIMITS))
}

fn pipeline(transport: AtOnce) -> Result<Pipeline, Error> {
    let transport: Arc<dyn Transport> = Arc::new(transport);
    let source = Source::Fixed(AppToken::new("token"));
    let tokens = Tokens::new(source, Arc::clone(&transport), LIMITS, LIMITS.timeout, Random::new())?;
    Ok(Pipeline::new(transport, tokens, limiter()?))
}

fn call(rounds: usize) -> Result<(), Error> {
    let pipeline = pipeline(AtOnce(Bytes::from_static(br#"{"result":"ok"}"#)))?;
    let set = set()?;
    block_on(async {
        for _ in 0..rounds {
            black_box(pipeline.execute(set.clone(), LIMITS).await?);
        }
        Ok(())
    })
}

fn turn(rounds: usize) -> Result<(), Error> {
    let limiter = limiter()?;
    block_on(async {
        for caller in 0..rounds as u64 {
            let now = Instant::now();
            let turn = Turn { caller, priority: Priority::Normal };
            let mut permit = limiter
                .acquire(Endpoint::Set, turn, now + LIMITS.timeout)
                .await
                .map_err(|refused| waited(&refused))?;
            permit.sending();
            permit.answered(Seen::Accepted);
        }
        Ok(())
    })
}

fn classify(rounds: usize) -> Result<(), Error> {
    let body = br#"{"error":"reach_limit","exception":"","timestamp":1700000000000,"duration":0,"error_description":"This request has reached api limit"}"#;
    for _ in 0..rounds {
        let error = wire::refused(429, black_box(body));
        if error.kind() != ErrorKind::RateLimited {
            return Err(error);
        }
    }
    Ok(())
}

fn waited(refused: &Refused) -> Error {
    Error::config(format!("a turn that should be there at once: {refused:?}"))
}

fn block_on<T>(future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.map_err(|error| Error::config("no runtime").with_source(error))?;
    runtime.block_on(future)
}

/// Has the answer before it was asked.
struct AtOnce(Bytes);

impl Transport for AtOnce {
    fn send(&self, _: ToSend) -> BoxFuture<'_, Result<Received, Failure>> {
        let body = self.0.clone();
        async { Ok(Received { status: 200, headers: HeaderMap::new(), body }) }.boxed()
    }
}
