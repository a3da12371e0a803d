use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn id(user: usize) -> UserId {
    UserId::new(format!("u{user}")).unwrap()
}

fn schedule(users: usize, min_interval: Duration) -> (Schedule, Instant) {
    let now = Instant::now();
    let mut schedule = Schedule::new(min_interval, now);
    for user in 0..users {
        schedule.add(&id(user), None);
    }
    (schedule, now)
}

fn take(schedule: &mut Schedule, now: Instant) -> Vec<UserId> {
    schedule.take(now, &Budget::default())
}

/// Reads whose turn it is, and says who was.
fn poll(schedule: &mut Schedule, now: Instant) -> Vec<UserId> {
    let users = take(schedule, now);
    for user in &users {
        schedule.learned(user, By::Poll { began: now }, false, now);
    }
    users
}

fn names(users: &[UserId]) -> Vec<&str> {
    users.iter().map(UserId::as_str).collect()
}

#[test]
fn who_was_not_read_for_longest_is_next() {
    let (mut schedule, now) = schedule(250, Duration::ZERO);
    let mut seen = Vec::new();
    for second in 0..5 {
        seen.extend(poll(&mut schedule, now + second * SECOND));
    }
    let expected: Vec<_> = (0..250).chain(0..250).map(id).collect();
    assert_eq!(seen, expected);
}

#[test]
fn nobody_is_read_again_before_the_least_interval_and_nobody_twice_at_once() {
    let (mut schedule, now) = schedule(3, 5 * SECOND);
    assert_eq!(take(&mut schedule, now).len(), 3);
    assert!(take(&mut schedule, now).is_empty() && schedule.due().is_none(), "all are being read");
    for user in 0..3 {
        schedule.learned(&id(user), By::Poll { began: now }, false, now);
    }
    assert_eq!(schedule.due(), Some(now + 5 * SECOND));
    assert!(take(&mut schedule, now + 4 * SECOND).is_empty());
    assert_eq!(take(&mut schedule, now + 5 * SECOND).len(), 3);
}

#[test]
fn those_who_are_due_wait_a_little_for_others() {
    let (mut schedule, now) = schedule(2, 8 * SECOND);
    for (user, later) in [(0, Duration::ZERO), (1, SECOND / 2)] {
        schedule.learned(&id(user), By::Poll { began: now }, false, now + later);
    }
    assert_eq!(schedule.due(), Some(now + 8 * SECOND + SECOND / 2), "all are due");
    let late = now + 100 * SECOND;
    schedule.learned(&id(1), By::Poll { began: now }, false, late);
    assert_eq!(schedule.due(), Some(now + 9 * SECOND), "an eighth of the interval at most");
    assert_eq!(names(&take(&mut schedule, now + 9 * SECOND)), ["u0"]);
}

#[test]
fn who_changed_is_read_again_at_growing_distances() {
    let (mut schedule, now) = schedule(1, 1_000 * SECOND);
    take(&mut schedule, now);
    schedule.learned(&id(0), By::Poll { began: now }, true, now);
    let mut at = now;
    for distance in [2, 4, 8, 16] {
        let due = schedule.due().unwrap();
        assert_eq!(due, at + distance * SECOND + HOT_LINGER);
        assert!(take(&mut schedule, at + distance * SECOND - SECOND / 2).is_empty());
        assert_eq!(poll(&mut schedule, due).len(), 1);
        at = due;
    }
    assert!(schedule.due().unwrap() > at + 900 * SECOND, "then like the others");
}

#[test]
fn those_who_changed_get_four_places_of_a_call_and_what_the_others_leave() {
    let (mut schedule, now) = schedule(300, Duration::ZERO);
    for _ in 0..3 {
        poll(&mut schedule, now);
    }
    for user in 200..220 {
        schedule.learned(&id(user), By::Callback, true, now);
    }
    let users = take(&mut schedule, now + 10 * SECOND);
    assert_eq!(users.len(), 100);
    assert_eq!(users.iter().filter(|user| (200..220).any(|n| **user == id(n))).count(), HOT_PLACES);

    let (mut schedule, now) = self::schedule(20, 1_000 * SECOND);
    poll(&mut schedule, now);
    for user in 0..20 {
        schedule.learned(&id(user), By::Callback, true, now);
    }
    assert_eq!(take(&mut schedule, now + 10 * SECOND).len(), 20, "nobody else is due");
}

#[test]
fn added_users_come_first_and_removed_ones_not_at_all() {
    let (mut schedule, now) = schedule(300, Duration::ZERO);
    for _ in 0..3 {
        poll(&mut schedule, now);
    }
    schedule.add(&id(900), None);
    schedule.add(&id(901), None);
    schedule.remove(&id(901));
    schedule.remove(&id(0));
    let users = take(&mut schedule, now);
    assert_eq!(names(&users[..2]), ["u900", "u1"]);
    assert_eq!(schedule.len(), 300);
}

#[test]
fn a_failed_call_keeps_its_turn_once_and_then_lets_others_go() {
    let (mut schedule, now) = schedule(200, Duration::ZERO);
    let first = take(&mut schedule, now);
    schedule.failed(&first);
    assert_eq!(take(&mut schedule, now), first);
    schedule.failed(&first);
    let second = take(&mut schedule, now);
    assert_eq!(names(&second[..1]), ["u100"]);
    for user in &second {
        schedule.learned(user, By::Poll { began: now }, false, now);
    }
    assert_eq!(take(&mut schedule, now), first);
}

#[test]
fn a_user_taken_out_and_in_during_a_call_is_there_once() {
    let (mut schedule, now) = schedule(1, Duration::ZERO);
    let users = take(&mut schedule, now);
    schedule.remove(&id(0));
    schedule.add(&id(0), None);
    schedule.failed(&users);
    schedule.failed(&users);
    schedule.answered_in_vain(&id(0), false, now);
    assert_eq!(take(&mut schedule, now).len(), 1);
    assert!(take(&mut schedule, now).is_empty());
}

#[test]
fn a_callback_moves_a_user_back_once_until_it_is_read() {
    let (mut schedule, now) = schedule(3, Duration::ZERO);
    poll(&mut schedule, now);
    schedule.learned(&id(0), By::Callback, false, now + SECOND);
    schedule.learned(&id(1), By::Poll { began: now }, false, now + SECOND);
    schedule.learned(&id(0), By::Callback, false, now + 2 * SECOND);
    assert_eq!(names(&take(&mut schedule, now + 3 * SECOND)), ["u2", "u0", "u1"]);
}

#[test]
fn a_pass_is_over_when_everybody_was_read_by_a_call_that_began_in_it() {
    let (mut schedule, now) = schedule(3, Duration::ZERO);
    assert!(!schedule.round_is_over());
    poll(&mut schedule, now);
    assert!(schedule.round_is_over());
    schedule.begin_round(now + 10 * SECOND);
    let later = now + 20 * SECOND;
    schedule.learned(&id(0), By::Poll { began: now + 9 * SECOND }, false, later);
    schedule.learned(&id(0), By::Callback, true, later);
    schedule.learned(&id(1), By::Subscribing { began: now + 10 * SECOND }, false, later);
    schedule.remove(&id(2));
    assert!(!schedule.round_is_over());
    schedule.learned(&id(0), By::Poll { began: later }, false, later);
    schedule.learned(&id(0), By::Poll { began: later }, false, later);
    assert!(schedule.round_is_over());
    schedule.add(&id(7), None);
    assert!(!schedule.round_is_over());
}

#[test]
fn a_hundred_thousand_users_are_read_within_forty_two_seconds_however_many_change() {
    let (mut schedule, begin) = schedule(100_000, 5 * SECOND);
    let mut rng = fastrand::Rng::with_seed(1);
    for call in 0..6_000_u32 {
        let now = begin + call * SECOND / 25;
        let users = take(&mut schedule, now);
        assert_eq!(users.len(), 100);
        for user in &users {
            schedule.learned(user, By::Poll { began: now }, rng.f64() < 0.05, now);
        }
    }
    let mut intervals = schedule.intervals(begin + 6_000 * SECOND / 25);
    intervals.sort_unstable();
    let p99 = super::super::percentile(&intervals, 0.99).unwrap();
    assert!(p99 <= 42 * SECOND, "{p99:?}");
    assert_eq!(intervals.len(), 100_000);
}
