use std::time::{Duration, UNIX_EPOCH};

use super::*;
use crate::watch::event::EventKind;

const C2: &str = "c2";

fn id(id: &str) -> UserId {
    UserId::new(id).unwrap()
}

fn presence(devices: &[(&str, u32)], ext: &str) -> Presence {
    let devices = devices.iter().map(|(resource, status)| (*resource, Status::from(*status)));
    Presence::of(id(C2), ext, Moment::default(), devices)
}

/// A view of one user, and a clock that stands at each step's second.
struct Stage {
    view: View,
    begin: Instant,
}

impl Stage {
    fn new() -> Self {
        let (mut view, begin) = (View::default(), Instant::now());
        assert!(view.add(id(C2), None, begin));
        Self { view, begin }
    }

    fn at(&self, second: u64) -> Instant {
        self.begin + Duration::from_secs(second)
    }

    fn read(&mut self, began: u64, now: u64, devices: &[(&str, u32)]) -> Reading {
        let (began, now) = (self.at(began), self.at(now));
        self.view.read(&presence(devices, ""), began, now, Source::Poll)
    }

    fn feed(&mut self, resource: &str, online: bool, timestamp: u64, now: u64) -> Fed {
        let user_id = id("C2");
        let timestamp = UNIX_EPOCH + Duration::from_secs(1_000 + timestamp);
        // A clock that is known exactly: what happened at second n has the timestamp 1,000 + n.
        let happened =
            self.at(0) + timestamp.duration_since(UNIX_EPOCH + Duration::from_secs(1_000)).unwrap();
        let report = Report { user_id: &user_id, resource, online, timestamp };
        self.view.feed(report, happened, self.at(now))
    }

    fn online(&self) -> bool {
        self.view.get(&id(C2)).is_some_and(Presence::is_online)
    }
}

fn kind(reading: Reading) -> Option<EventKind> {
    match reading {
        Reading::Changed(change) => Some(event(change).kind()),
        _ => None,
    }
}

fn fed_kind(fed: Fed) -> Option<EventKind> {
    match fed {
        Fed::Changed(change) => Some(event(change).kind()),
        _ => None,
    }
}

#[test]
fn the_first_device_enters_the_last_one_leaves_and_the_rest_are_updates() {
    let mut stage = Stage::new();
    let mut second = 0;
    for (devices, told) in [
        (&[("ios_1", 1)][..], Some(EventKind::Enter)),
        (&[("ios_1", 1)], None),
        (&[("ios_1", 1), ("web_1", 0)], Some(EventKind::Update)),
        (&[("web_1", 0), ("ios_1", 1)], None),
        (&[("ios_1", 100), ("web_1", 0)], Some(EventKind::Update)),
        (&[("ios_1", 0), ("web_1", 1)], Some(EventKind::Update)),
        (&[("ios_1", 0), ("web_1", 0)], Some(EventKind::Leave)),
        (&[("ios_1", 0)], Some(EventKind::Update)),
        (&[], Some(EventKind::Update)),
        (&[("ios_1", 1)], Some(EventKind::Enter)),
    ] {
        second += 1;
        assert_eq!(kind(stage.read(second, second, devices)), told, "{devices:?}");
    }
}

#[test]
fn the_first_reading_of_a_user_who_is_offline_is_no_event_and_of_one_online_is_initial() {
    let mut stage = Stage::new();
    assert!(matches!(stage.read(0, 0, &[("ios_1", 0)]), Reading::Same));
    let Reading::Changed(change) = stage.read(1, 1, &[("ios_1", 1)]) else { panic!("an event") };
    assert!(!change.initial && change.previous.is_some());
    let Reading::Changed(change) = Stage::new().read(0, 0, &[("ios_1", 1)]) else { panic!("an event") };
    assert!(change.initial && change.previous.is_none());
}

#[test]
fn when_a_user_was_last_seen_is_kept_and_is_no_event() {
    let mut stage = Stage::new();
    stage.read(0, 0, &[("ios_1", 1)]);
    let seen = Moment::from_wire(Some(1_700_000_000));
    let later = Presence::of(id(C2), "", seen, [("ios_1", Status::Online)].into_iter());
    let now = stage.at(1);
    assert!(matches!(stage.view.read(&later, now, now, Source::Poll), Reading::Same));
    assert_eq!(stage.view.get(&id(C2)).unwrap().last_seen(), seen.time());
}

#[test]
fn the_users_own_text_is_an_update() {
    let mut stage = Stage::new();
    stage.read(0, 0, &[]);
    let now = stage.at(1);
    assert_eq!(
        kind(stage.view.read(&presence(&[], "busy"), now, now, Source::Poll)),
        Some(EventKind::Update)
    );
}

#[test]
fn of_two_readings_that_overlap_the_one_taken_in_first_counts() {
    let mut stage = Stage::new();
    stage.read(1, 5, &[("ios_1", 1)]);
    for began in [0, 2, 4] {
        assert!(matches!(stage.read(began, 6, &[]), Reading::Outdated { fed: false }));
    }
    assert!(stage.online());
    assert_eq!(kind(stage.read(5, 6, &[])), Some(EventKind::Leave));
}

#[test]
fn a_callback_counts_at_once_and_a_poll_that_began_before_does_not_undo_it() {
    let mut stage = Stage::new();
    stage.read(0, 0, &[("ios_1", 0)]);
    assert_eq!(fed_kind(stage.feed("ios_1", true, 10, 10)), Some(EventKind::Enter));
    assert!(matches!(stage.read(9, 11, &[("ios_1", 0)]), Reading::Outdated { fed: true }));
    assert!(stage.online());
    assert_eq!(kind(stage.read(11, 12, &[("ios_1", 0)])), Some(EventKind::Leave));
}

#[test]
fn of_two_callbacks_of_one_device_the_later_by_its_timestamp_counts() {
    let mut stage = Stage::new();
    stage.read(0, 0, &[]);
    assert_eq!(fed_kind(stage.feed("ios_1", true, 20, 21)), Some(EventKind::Enter));
    assert!(matches!(stage.feed("ios_1", false, 19, 22), Fed::Old));
    assert!(matches!(stage.feed("ios_1", true, 20, 22), Fed::Same), "delivered again");
    assert_eq!(fed_kind(stage.feed("web_1", true, 18, 22)), Some(EventKind::Update), "another device");
    assert!(stage.online());
}

#[test]
fn a_callback_of_what_a_reading_has_shown_already_does_not_bring_the_past_back() {
    let mut stage = Stage::new();
    stage.read(0, 0, &[]);
    stage.read(30, 30, &[("ios_1", 0)]);
    // A login at second 10, delivered at 31; the logout after it was read and its callback lost.
    assert!(matches!(stage.feed("ios_1", true, 10, 31), Fed::Known));
    assert!(!stage.online());
}

#[test]
fn whether_a_reading_has_seen_what_happened_during_it_is_left_to_the_next_one() {
    let mut stage = Stage::new();
    stage.read(5, 9, &[("ios_1", 0)]);
    assert!(matches!(stage.feed("ios_1", true, 7, 10), Fed::Unknown));
    assert!(!stage.online());
    assert_eq!(fed_kind(stage.feed("ios_1", true, 9, 10)), Some(EventKind::Enter));
}

#[test]
fn a_callback_keeps_the_custom_status_of_a_device_and_finds_a_bare_platform() {
    let mut stage = Stage::new();
    stage.read(0, 0, &[("ios_1", 100), ("android", 0)]);
    assert!(matches!(stage.feed("ios_1", true, 1, 1), Fed::Same));
    assert_eq!(fed_kind(stage.feed("android_77", true, 2, 2)), Some(EventKind::Update));
    let devices: Vec<_> =
        stage.view.get(&id(C2)).unwrap().devices().map(|d| (d.resource.to_owned(), d.status)).collect();
    assert_eq!(devices, [("ios_1".to_owned(), Status::Custom(100)), ("android".to_owned(), Status::Online)]);
    assert!(matches!(stage.feed("web_9", false, 3, 3), Fed::Same), "a device that was never seen");
}

#[test]
fn a_login_makes_an_unknown_user_known_and_a_logout_does_not() {
    let mut stage = Stage::new();
    assert!(matches!(stage.feed("ios_1", false, 1, 1), Fed::Unknown));
    assert!(stage.view.get(&id(C2)).is_none());
    let Fed::Changed(change) = stage.feed("ios_1", true, 2, 2) else { panic!("an event") };
    assert!(change.initial && change.source == Source::Callback);
    let stranger = id("nobody");
    let report = Report { user_id: &stranger, resource: "ios_1", online: true, timestamp: UNIX_EPOCH };
    assert!(matches!(stage.view.feed(report, stage.at(3), stage.at(3)), Fed::Stranger));
}

#[test]
fn who_is_not_answered_for_keeps_what_is_known_and_is_warned_of_once() {
    let mut stage = Stage::new();
    stage.read(0, 0, &[("ios_1", 1)]);
    assert!(stage.view.not_answered(&id(C2)));
    assert!(!stage.view.not_answered(&id(C2)));
    assert!(stage.online());
    stage.read(1, 1, &[("ios_1", 1)]);
    assert!(stage.view.not_answered(&id(C2)), "it was answered in between");
    assert!(!stage.view.not_answered(&id("nobody")));
}

#[test]
fn occupancy_counts_users_and_each_platform_once_for_a_user() {
    let mut stage = Stage::new();
    let expect = |stage: &Stage, known: usize, online: usize, platforms: &[(&str, usize)]| {
        let occupancy = stage.view.occupancy();
        assert_eq!((occupancy.watched, occupancy.known, occupancy.online), (1, known, online));
        let found: Vec<_> = occupancy.by_platform.iter().map(|(name, n)| (name.as_str(), *n)).collect();
        assert_eq!(found, platforms);
    };
    expect(&stage, 0, 0, &[]);
    stage.read(0, 0, &[("ios_1", 1), ("ios_2", 100), ("web_1", 0)]);
    expect(&stage, 1, 1, &[("ios", 1)]);
    stage.read(1, 1, &[("ios_1", 0), ("ios_2", 0), ("web_1", 1)]);
    expect(&stage, 1, 1, &[("web", 1)]);
    stage.read(2, 2, &[]);
    expect(&stage, 1, 0, &[]);
    stage.read(3, 3, &[("web_1", 1)]);
    assert!(stage.view.remove(&id("C2")) && !stage.view.remove(&id(C2)));
    assert_eq!(stage.view.occupancy(), Occupancy::default());
}

#[test]
fn what_is_kept_holds_on_to_no_answer_and_is_spelled_as_watched() {
    let mut view = View::default();
    let now = Instant::now();
    view.add(id("C2"), None, now);
    let answer = format!(
        r#"{{"result":[{{"uid":"c2","ext":"busy","status":{{"ios_1":"1"}},"padding":"{}"}}]}}"#,
        "x".repeat(100_000)
    );
    let answered = crate::Presences::from_raw(["c2"], answer).unwrap();
    view.read(&answered.get("c2").unwrap(), now, now, Source::Poll);
    let kept = view.get(&id("c2")).unwrap();
    assert_eq!((kept.user_id().as_str(), kept.ext(), kept.is_online()), ("C2", "busy", true));
    assert!(kept.memory() < 200, "{}", kept.memory());
}
