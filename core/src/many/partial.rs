use std::fmt;

use super::engine::Piece;
use crate::error::{Error, ErrorKind};
use crate::model::{OnlineStates, Presences, UserId};
use crate::operation::Bulk;
use crate::pipeline::both;

/// What succeeded and what failed of a call on many users; see [`Error::partial`].
///
/// Every user asked for is in exactly one of [`succeeded`](Self::succeeded) and [`failed`](Self::failed).
///
/// ```
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// # use easemob_presence::Client;
/// # let emulator = easemob_presence_emulator::Emulator::start()?;
/// # let client = Client::builder().emulator(emulator.host()).build()?;
/// # let plan = r#"{"faults":[{"match":{"contains":"\"u150\""},"fault":{"type":"answer","status":400,"text":"{}"}}]}"#;
/// # emulator.faults().install(plan.parse()?);
/// let wzy = client.user("wzy")?;
/// let presences = match wzy.get_many((0..250).map(|n| format!("u{n}"))).await {
///     Ok(presences) => presences,
///     Err(error) => {
///         let Some(partial) = error.partial() else { return Err(error.into()) };
///         for (user_id, cause) in partial.failed() {
///             println!("{user_id}: {}", cause.kind());
///         }
/// #       assert_eq!((partial.succeeded().len(), partial.failed().len()), (150, 100));
///         partial.presences().cloned().ok_or(error)?
///     }
/// };
/// assert_eq!(presences.len(), 150);
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct PartialFailure {
    succeeded: Vec<UserId>,
    /// Users and why they failed, in the order asked; neighbours with one and the same cause stand together.
    failed: Vec<(Vec<UserId>, Error)>,
    pub(crate) presences: Option<Presences>,
    pub(crate) online_states: Option<OnlineStates>,
}

impl PartialFailure {
    /// The presences that were answered; of [`get_many`](crate::User::get_many),
    /// [`iter_many`](crate::User::iter_many) and [`subscribe`](crate::User::subscribe), if anything succeeded.
    #[must_use]
    pub fn presences(&self) -> Option<&Presences> {
        self.presences.as_ref()
    }

    /// The states that were answered; of [`online_states`](crate::Client::online_states), if anything succeeded.
    #[must_use]
    pub fn online_states(&self) -> Option<&OnlineStates> {
        self.online_states.as_ref()
    }

    /// The users for whom the call succeeded, in the order asked.
    #[must_use]
    pub fn succeeded(&self) -> &[UserId] {
        &self.succeeded
    }

    /// The users for whom it failed, in the order asked, each with the cause; users of one request share it.
    pub fn failed(&self) -> impl ExactSizeIterator<Item = (&UserId, &Error)> + Clone {
        let left = self.failed.iter().map(|(ids, _)| ids.len()).sum();
        Failures { requests: self.failed.iter(), current: None, left }
    }

    /// The failures by cause: the users of one request, or those whose requests were not begun for the same reason.
    pub fn causes(&self) -> impl ExactSizeIterator<Item = (&[UserId], &Error)> + Clone {
        self.failed.iter().map(|(ids, error)| (ids.as_slice(), error))
    }
}

impl fmt::Debug for PartialFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let causes: Vec<_> = self.causes().map(|(ids, error)| (ids.len(), error.kind())).collect();
        let mut out = f.debug_struct("PartialFailure");
        out.field("succeeded", &self.succeeded.len()).field("failed", &causes).finish_non_exhaustive()
    }
}

#[derive(Clone)]
struct Failures<'a> {
    requests: std::slice::Iter<'a, (Vec<UserId>, Error)>,
    current: Option<(std::slice::Iter<'a, UserId>, &'a Error)>,
    left: usize,
}

impl<'a> Iterator for Failures<'a> {
    type Item = (&'a UserId, &'a Error);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((ids, error)) = &mut self.current
                && let Some(id) = ids.next()
            {
                self.left -= 1;
                return Some((id, error));
            }
            let (ids, error) = self.requests.next()?;
            self.current = Some((ids.iter(), error));
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Failures<'_> {}

/// Whether an error that is one request's own tells its users too.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// The caller has the list, and with one request the cause says it all.
    IfSeveral,
    Always,
}

/// What the requests of a list come to together; they are in the order asked.
pub(super) fn outcome<O: Bulk>(pieces: Vec<Piece<O::Output>>, naming: Naming) -> Result<O::Output, Error> {
    let several = pieces.len() > 1;
    let mut partial = PartialFailure::default();
    let mut outputs = Vec::new();
    let all = pieces.iter().all(|piece| piece.outcome.is_ok());
    for Piece { ids, outcome } in pieces {
        match outcome {
            Ok(output) => {
                outputs.push(output);
                if !all {
                    partial.succeeded.extend_from_slice(&ids);
                }
            }
            Err(error) => match partial.failed.last_mut().filter(|(_, last)| last.is(&error)) {
                Some((users, _)) => users.extend_from_slice(&ids),
                None => partial.failed.push((ids.to_vec(), error)),
            },
        }
    }
    let Some((_, first)) = partial.failed.first().cloned() else {
        return Ok(match outputs.pop() {
            Some(only) if outputs.is_empty() => only,
            last => O::join(outputs.into_iter().chain(last).collect()),
        });
    };
    if !several && naming == Naming::IfSeveral {
        return Err(first);
    }
    let causes = || partial.failed.iter().map(|(_, error)| error);
    let attempts = causes().fold(0u32, |sum, cause| sum.saturating_add(cause.attempts()));
    let sent = causes().fold(None, |sent, cause| Some(both(sent, cause.sent()))).unwrap_or(first.sent());
    if outputs.is_empty() {
        return Err(first.with_sent(sent).with_attempts(attempts).with_partial(partial));
    }
    let failed = partial.failed().len();
    let message =
        format!("{failed} of {} users failed; the first: {first}", failed + partial.succeeded.len());
    // Something was answered, so the service received a part of the call.
    let sent = both(Some(crate::error::Sent::Yes), sent);
    let error = Error::new(ErrorKind::Partial, message)
        .with_sent(sent)
        .with_attempts(attempts)
        .with_retry(causes().all(Error::retryable), causes().filter_map(Error::retry_after).max())
        .with_source(first)
        .during(O::DESCRIPTOR);
    O::keep(O::join(outputs), &mut partial);
    Err(error.with_partial(partial))
}
