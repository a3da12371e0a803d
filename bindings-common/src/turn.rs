use std::future::poll_fn;
use std::task::Poll;

/// Goes to the end of the line of ready tasks, once.
///
/// Who rings a mailbox's reader does it behind the tasks that are ready now: answers that came together then wake the
/// reader together, not one by one. tokio's own `yield_now` waits longer, until no task is ready.
pub async fn behind_others() {
    let mut waited = false;
    poll_fn(|context| {
        if std::mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use std::task::{Context, Waker};

    use super::*;

    #[test]
    fn it_waits_one_turn_and_no_more() {
        let mut turn = Box::pin(behind_others());
        let mut context = Context::from_waker(Waker::noop());
        assert!(turn.as_mut().poll(&mut context).is_pending());
        assert!(turn.as_mut().poll(&mut context).is_ready());
    }
}
