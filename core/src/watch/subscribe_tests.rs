use super::*;
use crate::model::Subscription;

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);
/// The service's clock at the beginning, which is not this machine's.
const THERE: u64 = 1_234_567_890;

fn id(user: usize) -> UserId {
    UserId::new(format!("u{user}")).unwrap()
}

/// A service that remembers ends, and a clock that jumps from one thing to do to the next.
struct Stage {
    keeping: Keeping,
    random: Random,
    begin: Instant,
    now: Instant,
    /// By the service's clock, in milliseconds.
    ends: HashMap<UserId, u64>,
    calls: Vec<usize>,
    least_left: Duration,
    ended: usize,
    lists: bool,
}

impl Stage {
    fn new(users: usize, ttl: Duration, seed: u64) -> Self {
        let begin = Instant::now();
        let mut keeping = Keeping::new(id(1_000_000), ttl, 0, begin);
        for user in 0..users {
            assert!(keeping.add(&id(user), begin).is_none());
        }
        let ends = HashMap::new();
        let mut stage = Self {
            keeping,
            random: Random::seeded(seed),
            begin,
            now: begin,
            ends,
            calls: vec![],
            least_left: Duration::MAX,
            ended: 0,
            lists: true,
        };
        stage.list();
        stage
    }

    fn there(&self) -> u64 {
        THERE * 1_000 + millis(self.now - self.begin)
    }

    fn list(&mut self) {
        let there = self.there();
        let own = self.ends.iter().filter(|(_, end)| **end > there);
        let list: Vec<_> = own
            .map(|(user, end)| Subscription::new(user.clone(), Moment::from_wire(Some(end / 1_000))))
            .collect();
        self.keeping.listed(&list, self.now, self.now, &self.random);
    }

    /// Subscribes whoever is due; how many.
    fn call(&mut self) -> usize {
        let asked = self.keeping.take(self.now, &Budget::default());
        if asked.is_empty() {
            return 0;
        }
        let began = self.now;
        self.now += SECOND / 25;
        let there = self.there();
        let end = there + millis(self.keeping.ttl);
        let mut made = HashMap::new();
        for user in &asked {
            if let Some(end) = self.ends.insert(user.clone(), end) {
                let left = Duration::from_millis(end.saturating_sub(there));
                self.least_left = self.least_left.min(left);
                self.ended += usize::from(left.is_zero());
            }
            made.insert(user.clone(), Some(Moment::from_wire(Some(end / 1_000))));
        }
        self.calls.push(asked.len());
        assert!(self.keeping.answered(&asked, &made, began, self.now, &self.random).is_empty());
        asked.len()
    }

    fn run(&mut self, until: Duration) {
        while self.now < self.begin + until {
            match self.keeping.due(self.now) {
                Some(due) if due <= self.now => {
                    if self.keeping.take_look(self.now) {
                        if self.lists {
                            self.list();
                        }
                    } else {
                        self.call();
                    }
                }
                Some(due) => self.now = due.min(self.begin + until),
                None => unreachable!("there is always another look at the list"),
            }
        }
    }
}

#[test]
fn three_thousand_are_kept_for_ninety_days_with_a_fifth_more_calls_than_the_least_at_most() {
    for (seed, ttl) in [(1, DAY), (2, 30 * DAY), (3, DAY / 24)] {
        let mut stage = Stage::new(3_000, ttl, seed);
        stage.lists = false;
        let days = if ttl < DAY { 1 } else { 90 };
        stage.run(days * DAY);
        let periods = (days * DAY).as_secs_f64() / (ttl / 2).as_secs_f64();
        let least = 30.0 * periods;
        #[expect(clippy::cast_precision_loss, reason = "a few thousand calls")]
        let more = stage.calls.len() as f64 / least;
        println!(
            "{} s: {} calls, least {least}, {more:.3} of it, least left {:.3} of the ttl",
            ttl.as_secs(),
            stage.calls.len(),
            stage.least_left.as_secs_f64() / ttl.as_secs_f64()
        );
        assert!(more <= 1.2 + 1.0 / periods, "{more}");
        assert_eq!(stage.ended, 0);
        assert!(stage.least_left > ttl.mul_f64(0.42), "{:?}", stage.least_left);
        assert_eq!(stage.keeping.len(), 3_000);
    }
}

#[test]
fn calls_stay_full_when_users_come_and_go() {
    let mut stage = Stage::new(2_000, DAY, 1);
    let mut rng = fastrand::Rng::with_seed(1);
    stage.lists = false;
    for (hour, next) in (1..=24 * 90).zip(2_000..) {
        stage.run(hour * DAY / 24);
        let gone = id(rng.usize(next - 2_000..next));
        stage.keeping.remove(&gone, stage.now);
        stage.keeping.add(&id(next), stage.now);
    }
    // Each user who comes costs a call of its own at worst.
    let (least, came) = (20.0 * 180.0, 24.0 * 90.0);
    #[expect(clippy::cast_precision_loss, reason = "a few thousand calls")]
    let calls = stage.calls.len() as f64;
    assert!(calls <= (least + came) * 1.2, "{calls}");
    assert_eq!(stage.ended, 0);
}

#[test]
fn what_exists_is_adopted_and_renewed_when_it_is_its_time_whatever_this_machines_clock_shows() {
    let mut stage = Stage::new(0, DAY, 1);
    // Three calls' worth, with 20, 21 and 22 hours left; one hundred that do not exist yet.
    for user in 0..300 {
        stage.ends.insert(id(user), stage.there() + 3_600_000 * (20 + user as u64 / 100));
    }
    for user in 0..400 {
        stage.keeping.add(&id(user), stage.now);
    }
    stage.list();
    stage.run(DAY / 24);
    assert_eq!(stage.calls, [100], "those who are new; their answer tells how the clock stands");
    stage.run(DAY / 24 * 7);
    assert_eq!(stage.calls.len(), 1);
    stage.run(DAY / 24 * 11);
    assert_eq!(stage.calls.len(), 4);
    assert_eq!(stage.ended, 0);
    assert!(stage.least_left > DAY.mul_f64(0.4));
}

#[test]
fn after_a_restart_with_nothing_new_one_call_tells_how_the_clock_stands() {
    let mut stage = Stage::new(0, DAY, 1);
    for user in 0..3_000 {
        stage.ends.insert(id(user), stage.there() + 3_600_000 * 15 + 1_000 * (user as u64 / 100));
    }
    for user in 0..3_000 {
        stage.keeping.add(&id(user), stage.now);
    }
    stage.keeping.starting = true;
    stage.list();
    assert!(stage.keeping.is_starting());
    stage.run(DAY / 24);
    assert_eq!(stage.calls, [100]);
    assert!(!stage.keeping.is_starting());
    stage.run(DAY / 3);
    assert_eq!(stage.ended, 0);
    assert_eq!(stage.calls.len(), 30);
}

#[test]
fn what_the_service_has_lost_is_made_again_and_what_the_list_does_not_show_yet_is_not_lost() {
    let mut stage = Stage::new(500, DAY, 1);
    stage.run(SECOND);
    assert_eq!(stage.calls.len(), 5);
    let before = std::mem::take(&mut stage.ends);
    stage.list();
    assert_eq!((stage.keeping.lost(), stage.keeping.len()), (0, 500), "the list lags");
    stage.ends = before.into_iter().take(450).collect();
    stage.now += 60 * SECOND;
    stage.list();
    assert_eq!((stage.keeping.lost(), stage.keeping.len()), (50, 450));
    assert_eq!(stage.call(), 50);
    assert_eq!(stage.keeping.len(), 500);
}

#[test]
fn a_subscription_that_somebody_else_made_shorter_is_renewed_in_time() {
    let mut stage = Stage::new(200, DAY, 1);
    stage.run(60 * SECOND);
    stage.ends.insert(id(7), stage.there() + 3_600_000);
    stage.list();
    assert_eq!((stage.keeping.len(), stage.keeping.lost()), (200, 0));
    assert_eq!(stage.call(), 1, "half of the ttl is not left");
    stage.list();
    assert_eq!(stage.call(), 0);
}

#[test]
fn at_most_three_thousand_are_kept_and_a_place_that_is_free_again_is_given_on() {
    let mut stage = Stage::new(2_999, DAY, 1);
    assert_eq!(stage.keeping.add(&id(1_000_000), stage.now), Some(Without::Own));
    assert_eq!(stage.keeping.add(&id(5_000), stage.now), None);
    assert_eq!(stage.keeping.add(&id(5_001), stage.now), Some(Without::TooMany));
    assert!(!stage.keeping.remove(&id(5_001), stage.now));
    assert_eq!(stage.keeping.add(&id(5_002), stage.now), Some(Without::TooMany));
    stage.run(10 * SECOND);
    assert!(stage.keeping.remove(&id(7), stage.now));
    assert_eq!(stage.call(), 1);
    assert!(stage.keeping.is_settled(&id(5_002)) && stage.keeping.held().contains(&id(5_002)));
}

#[test]
fn a_refused_call_is_taken_apart_until_the_refused_are_found() {
    let mut stage = Stage::new(100, DAY, 1);
    let refuse = |stage: &mut Stage| {
        let (mut refused, mut calls) = (vec![], 0);
        loop {
            let asked = stage.keeping.take(stage.now, &Budget::default());
            if asked.is_empty() {
                refused.sort_unstable();
                return (refused, calls);
            }
            calls += 1;
            if asked.contains(&id(17)) || asked.contains(&id(71)) {
                refused.extend(stage.keeping.refused(asked, stage.now));
            } else {
                let made = asked.iter().map(|user| (user.clone(), None)).collect();
                stage.keeping.answered(&asked, &made, stage.now, stage.now, &stage.random);
            }
        }
    };
    let (refused, calls) = refuse(&mut stage);
    assert_eq!(refused, [id(17), id(71)]);
    assert!(calls <= 1 + 2 * 2 * 7, "{calls}");
    assert_eq!(stage.keeping.len(), 98);
    stage.now += DAY;
    let (refused, calls) = refuse(&mut stage);
    assert!(calls > 0 && refused.is_empty(), "tried again later, and told of once");
}

#[test]
fn where_all_are_refused_the_search_for_them_is_bounded() {
    let mut stage = Stage::new(100, DAY, 1);
    let (mut refused, mut calls) = (0, 0);
    loop {
        let asked = stage.keeping.take(stage.now, &Budget::default());
        if asked.is_empty() {
            break;
        }
        calls += 1;
        refused += stage.keeping.refused(asked, stage.now).len();
    }
    assert_eq!(refused, 100);
    assert!(calls <= 41, "{calls}");
}

#[test]
fn a_call_that_did_not_get_through_is_made_again_after_growing_pauses() {
    let mut stage = Stage::new(10, DAY, 1);
    let mut pauses = vec![];
    for failures in 1..=9 {
        let asked = stage.keeping.take(stage.now, &Budget::default());
        assert_eq!(asked.len(), 10);
        assert_eq!(stage.keeping.failed(&asked, stage.now, 0.0), failures);
        let due = stage.keeping.due(stage.now).unwrap();
        pauses.push(due - stage.now);
        stage.now = due;
    }
    assert_eq!(pauses[..3], [SECOND, 2 * SECOND, 4 * SECOND]);
    assert_eq!(pauses[8], LONGEST_PAUSE);
    assert_eq!(stage.call(), 10);
}

#[test]
fn ends_are_saved_by_the_services_clock() {
    let mut stage = Stage::new(1, DAY, 1);
    assert!(stage.keeping.until(&id(0)).is_none());
    stage.call();
    let saved = stage.keeping.until(&id(0)).unwrap().millis();
    assert!(saved.abs_diff(stage.ends[&id(0)]) <= 1_100, "{saved}");
    // The next watcher takes it over, though the list does not show it yet.
    let mut next = Stage::new(1, DAY, 2);
    next.keeping.restore(&id(0), Moment::from_wire(Some(saved)), next.now);
    next.list();
    assert_eq!((next.keeping.len(), next.keeping.lost()), (1, 0));
}
