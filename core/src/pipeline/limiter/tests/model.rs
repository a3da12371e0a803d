//! The lane under threads in random orders, with a clock that they move. A lost wake-up shows as a deadlock.
//!
//! Run by `make models`.

use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::Duration;

use shuttle::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use shuttle::sync::{Condvar, Mutex};
use shuttle::thread;
use tokio::time::Instant;

use super::super::Refused;
use super::super::lane::{Lane, Step};
use super::super::queue::{Priority, Turn};

const SCHEDULES: usize = 5_000;
const FAR: Duration = Duration::from_secs(3600);

/// The clock that all threads share. Whoever waits is told of every move and every wake-up.
struct World {
    lane: Lane,
    origin: Instant,
    passed: Mutex<Duration>,
    changed: Condvar,
    in_flight: AtomicUsize,
}

impl World {
    fn new(limit: f64) -> Arc<Self> {
        Arc::new(Self {
            lane: Lane::new(Some(limit), 100),
            origin: Instant::now(),
            passed: Mutex::new(Duration::ZERO),
            changed: Condvar::new(),
            in_flight: AtomicUsize::new(0),
        })
    }

    fn now(&self) -> Instant {
        self.origin + *self.passed.lock().unwrap()
    }

    fn pass(&self, time: Duration) {
        *self.passed.lock().unwrap() += time;
        self.changed.notify_all();
    }

    fn take(&self) {
        assert!(self.lane.try_take(self.now()));
        self.enter();
    }

    fn enter(&self) {
        assert_eq!(self.in_flight.fetch_add(1, Ordering::SeqCst), 0, "two calls have the only place");
    }

    /// The one in flight gives its place back, when the pace allows the next one.
    fn give_back(&self) {
        self.pass(Duration::from_secs(3));
        self.in_flight.fetch_sub(1, Ordering::SeqCst);
        self.lane.unused(self.now());
    }
}

/// One waiting call: a waker, and a timer on the world's clock.
struct Caller {
    world: Arc<World>,
    woken: AtomicBool,
    deadline: Mutex<Instant>,
}

impl Wake for Caller {
    fn wake(self: Arc<Self>) {
        // Under the clock's lock, so that it cannot fall between a look at the flag and the wait.
        let clock = self.world.passed.lock().unwrap();
        self.woken.store(true, Ordering::SeqCst);
        drop(clock);
        self.world.changed.notify_all();
    }
}

impl Caller {
    fn new(world: &Arc<World>) -> Arc<Self> {
        let deadline = Mutex::new(world.now() + FAR);
        Arc::new(Self { world: Arc::clone(world), woken: AtomicBool::new(false), deadline })
    }

    fn join(self: &Arc<Self>, caller: u64, wait: Duration) -> u64 {
        let now = self.world.now();
        let turn = Turn { caller, priority: Priority::Normal };
        *self.deadline.lock().unwrap() = now + wait;
        self.world.lane.join(now, turn, now + wait, &Waker::from(Arc::clone(self))).unwrap()
    }

    fn look(self: &Arc<Self>, key: u64) -> Step {
        self.world.lane.look(
            self.world.now(),
            key,
            *self.deadline.lock().unwrap(),
            &Waker::from(Arc::clone(self)),
        )
    }

    fn wait(self: &Arc<Self>, key: u64) -> Result<(), Refused> {
        loop {
            match self.look(key) {
                Step::Go => return Ok(()),
                Step::Refused(refused) => return Err(refused),
                Step::Wait(until) => self.sleep(until),
            }
        }
    }

    fn sleep(&self, until: Instant) {
        let mut passed = self.world.passed.lock().unwrap();
        while !self.woken.load(Ordering::SeqCst) && self.world.origin + *passed < until {
            passed = self.world.changed.wait(passed).unwrap();
        }
        self.woken.store(false, Ordering::SeqCst);
    }
}

/// In orders drawn evenly, and in orders that favour rare ones.
fn in_every_order(model: fn()) {
    shuttle::check_random(model, SCHEDULES);
    shuttle::check_pct(model, SCHEDULES, 3);
}

#[test]
fn a_place_that_comes_back_reaches_a_call_that_waits_whoever_gives_up_meanwhile() {
    in_every_order(|| {
        let world = World::new(1.0);
        world.take();
        let stays = |caller: u64| {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                let waits = Caller::new(&world);
                let key = waits.join(caller, FAR);
                assert_eq!(waits.wait(key), Ok(()));
                world.enter();
                world.give_back();
            })
        };
        let leaves = |caller: u64| {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                let waits = Caller::new(&world);
                let key = waits.join(caller, FAR);
                let went = matches!(waits.look(key), Step::Go);
                if went {
                    world.enter();
                    world.give_back();
                } else {
                    world.lane.leave(world.now(), key);
                }
            })
        };
        let threads = [stays(1), leaves(1), stays(2), leaves(3)];
        world.give_back();
        for thread in threads {
            thread.join().unwrap();
        }
        let numbers = world.lane.numbers(world.now());
        assert_eq!((numbers.waiting, numbers.in_flight), (0, 0));
    });
}

#[test]
fn a_pause_is_told_at_once_to_calls_that_it_leaves_no_time_and_ends_for_the_others() {
    in_every_order(|| {
        let world = World::new(1.0);
        world.take();
        let sent = world.now();
        let waits = |caller: u64, wait: Duration| {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                let waits = Caller::new(&world);
                let now = world.now();
                let turn = Turn { caller, priority: Priority::Normal };
                let waker = Waker::from(Arc::clone(&waits));
                *waits.deadline.lock().unwrap() = now + wait;
                let key = world.lane.join(now, turn, now + wait, &waker)?;
                waits.wait(key)
            })
        };
        let short = waits(1, Duration::from_secs(10));
        let long = waits(2, FAR);
        world.lane.rejected(world.now(), sent, Some(Duration::from_secs(60)));
        // No time has passed: only the wake-up can end it.
        assert!(matches!(short.join().unwrap(), Err(Refused::Deadline { .. })));
        world.pass(Duration::from_secs(61));
        assert_eq!(long.join().unwrap(), Ok(()));
    });
}

#[test]
fn a_head_that_is_kept_and_not_polled_is_passed() {
    in_every_order(|| {
        let world = World::new(1.0);
        world.take();
        let kept = Caller::new(&world);
        let key = kept.join(1, FAR);
        assert!(matches!(kept.look(key), Step::Wait(_)));
        let behind = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                let waits = Caller::new(&world);
                let key = waits.join(2, FAR);
                assert_eq!(waits.wait(key), Ok(()));
                world.enter();
                world.give_back();
            })
        };
        world.give_back();
        // Time goes on in steps until the one behind has gone.
        for _ in 0..20 {
            world.pass(Duration::from_secs(1));
            thread::yield_now();
        }
        behind.join().unwrap();
        assert_eq!(kept.wait(key), Ok(()));
        assert_eq!(world.lane.numbers(world.now()).waiting, 0);
    });
}
