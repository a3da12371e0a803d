//! What is told of a call; and every error in every form that it has, for who searches the log for secrets.

use std::error::Error as StdError;
use std::time::Instant;

use easemob_presence::Error;
use easemob_presence_faults_protocol::{Fate, Outcome};

pub(crate) fn ms(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1_000.0
}

pub(crate) fn outcome(item: u64, outcome: Fate, began: Instant) -> Outcome {
    Outcome {
        item,
        outcome,
        kind: None,
        status: None,
        sent: None,
        attempts: None,
        retry_after_ms: None,
        message: None,
        answer: None,
        ms: ms(began),
    }
}

pub(crate) fn failed(item: u64, began: Instant, error: &Error) -> Outcome {
    let ended = outcome(item, Fate::of_error(error.kind().name(), error.sent().name()), began);
    print(error);
    Outcome {
        kind: Some(error.kind().name().to_owned()),
        status: error.status(),
        sent: Some(error.sent().name().to_owned()),
        attempts: Some(error.attempts()),
        retry_after_ms: error.retry_after().map(|wait| wait.as_secs_f64() * 1_000.0),
        message: Some(error.to_string()),
        ..ended
    }
}

fn print(error: &Error) {
    eprintln!("{error}\n{error:?}\n{error:#?}\n{:?} {:?}", error.body(), error.message());
    let mut source: Option<&(dyn StdError + 'static)> = StdError::source(error);
    while let Some(cause) = source {
        eprintln!("  {cause}\n  {cause:?}\n  {cause:#?}");
        source = cause.source();
    }
}
