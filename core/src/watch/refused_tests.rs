use super::*;
use crate::error::ErrorKind;

const SECOND: Duration = Duration::from_secs(1);

fn ids(users: impl IntoIterator<Item = usize>) -> Vec<UserId> {
    users.into_iter().map(|n| UserId::new(format!("u{n}")).unwrap()).collect()
}

fn error() -> Error {
    Error::new(ErrorKind::NotFound, "no such user")
}

/// Refuses a poll of these users and goes on until the search is over: how many polls that took, and its verdict.
fn search(refused: &mut Refused, asked: &[UserId], bad: &[UserId], now: Instant) -> (u32, Verdict) {
    let mut verdict = refused.refused(asked, error(), now);
    let mut polls = 0;
    while let Some(part) = refused.take(false, now) {
        polls += 1;
        verdict = if part.iter().any(|id| bad.contains(id)) {
            refused.refused(&part, error(), now)
        } else {
            refused.answered(&part, now)
        };
    }
    (polls, verdict)
}

fn found(verdict: Verdict) -> Vec<UserId> {
    let Verdict::Found(found) = verdict else { panic!("{verdict:?}") };
    assert!(found.iter().all(|(_, error)| error.kind() == ErrorKind::NotFound));
    found.into_iter().map(|(user_id, _)| user_id).collect()
}

#[test]
fn the_user_who_is_refused_is_found_among_a_hundred_by_fourteen_polls() {
    let (mut refused, now) = (Refused::default(), Instant::now());
    let (polls, verdict) = search(&mut refused, &ids(0..100), &ids([17]), now);
    assert_eq!(found(verdict), ids([17]));
    assert!(polls <= 14, "{polls}");
    assert!(ids(0..100).iter().all(|id| refused.holds(id) == (*id == ids([17])[0])));
}

#[test]
fn a_search_is_bounded_and_the_next_one_goes_on_without_those_who_were_found() {
    let (mut refused, now) = (Refused::default(), Instant::now());
    let bad = ids((0..100).step_by(10));
    let (mut rest, mut searches) = (ids(0..100), 0);
    while rest.iter().any(|id| bad.contains(id)) {
        let (polls, verdict) = search(&mut refused, &rest, &bad, now);
        assert!(polls <= MOST_POLLS, "{polls}");
        let found = found(verdict);
        assert!(found.iter().all(|id| bad.contains(id)));
        rest.retain(|id| !found.contains(id));
        assert!(rest.iter().all(|id| !refused.holds(id)), "they wait for the next pass");
        searches += 1;
    }
    assert!(searches <= 5, "{searches}");
}

#[test]
fn a_refusal_that_everybody_meets_sets_nobody_aside() {
    let (mut refused, now) = (Refused::default(), Instant::now());
    let asked = ids(0..100);
    let (polls, verdict) = search(&mut refused, &asked, &asked, now);
    assert!(matches!(verdict, Verdict::NotTheirs(users, _) if users.len() >= 99));
    assert_eq!(polls, MOST_UNANSWERED + 1);
    assert!(asked.iter().all(|id| !refused.holds(id)) && refused.due(now).is_none());
    assert!(matches!(refused.refused(&asked, error(), now), Verdict::NotTheirs(..)), "no new search");
    let later = now + FIRST_REST;
    assert!(matches!(refused.refused(&asked, error(), later), Verdict::Open), "but after a while");
    refused.answered(&asked, later);
    assert!(matches!(refused.refused(&asked, error(), now), Verdict::Open));
}

#[test]
fn who_is_set_aside_is_tried_ever_more_rarely_and_comes_back_when_answered() {
    let (mut refused, mut now) = (Refused::default(), Instant::now());
    search(&mut refused, &ids(0..2), &ids([1]), now);
    for pause in [300, 600, 1_200, 2_400, 3_600, 3_600] {
        assert_eq!(refused.due(now), Some(now + pause * SECOND));
        assert!(refused.take(false, now + pause * SECOND - SECOND).is_none());
        now += pause * SECOND;
        let asked = refused.take(false, now).unwrap();
        assert!(asked == ids([1]) && refused.is_try(&asked));
        refused.put_off(&asked, now);
    }
    now += 3_600 * SECOND;
    let asked = refused.take(false, now).unwrap();
    refused.answered(&asked, now);
    assert!(!refused.holds(&asked[0]) && refused.due(now).is_none());
}

#[test]
fn others_who_wait_get_every_second_poll_of_a_search_and_nearly_all_beside_tries() {
    let (mut refused, now) = (Refused::default(), Instant::now());
    refused.refused(&ids(0..100), error(), now);
    let turns: Vec<bool> = (0..4).map(|_| refused.take(true, now).is_some()).collect();
    assert_eq!(turns.iter().filter(|own| **own).count(), 2, "{turns:?}");

    let mut refused = Refused::default();
    search(&mut refused, &ids(0..2), &ids([1]), now);
    let later = now + 400 * SECOND;
    let polls = (1..100).take_while(|_| refused.take(true, later).is_none()).count();
    assert!((15..20).contains(&polls), "{polls}");
}

#[test]
fn removed_users_leave_no_trace_and_end_a_search_that_waited_for_them() {
    let (mut refused, now) = (Refused::default(), Instant::now());
    refused.refused(&ids(0..2), error(), now);
    let part = refused.take(false, now).unwrap();
    assert!(matches!(refused.refused(&part, error(), now), Verdict::Open));
    assert!(matches!(refused.remove(&ids([1]).into_iter().collect(), now), Verdict::Open));
    assert!(matches!(refused.alone(now), Verdict::NotTheirs(users, _) if users == ids([0])));
    refused.answered(&ids([7]), now);

    search(&mut refused, &ids(0..2), &ids([1]), now);
    refused.remove(&ids(0..2).into_iter().collect(), now);
    assert!(refused.due(now).is_none() && !refused.holds(&ids([1])[0]));
}
