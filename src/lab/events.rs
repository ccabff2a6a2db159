//! The event bus: what happens to a person's sessions, in order, kept for an hour.
//!
//! Events live in memory only: whoever missed some is told so and looks at the whole state again. A subscriber has no
//! queue of its own but a place in the person's ring, so a slow one costs nothing and at worst falls off its end.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::base::{Clock, PersonId, SessionId, Timestamp};

/// Events older than this are forgotten.
const KEPT: Duration = Duration::from_hours(1);
/// And so are the oldest beyond this number, per person.
const MOST: usize = 2048;
/// And the oldest beyond this many bytes of data, per person, as counted by [`weight`].
const HEAVIEST: usize = 4 << 20;

/// What an event is about; its `data` is described with each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// State or step changed: `{state, reason, step, steps}` (`step` from 1; 0 before the first).
    Session,
    /// Lines of a provisioning step: `{step, text}`.
    Output,
    /// A task's level changed: a [`crate::model::TaskLevel`] and `{edge: bool}`, true where the verdict itself changed.
    Task,
    /// A task was achieved: a [`crate::model::Award`].
    Award,
    /// A trial moved on: a [`super::TrialView`] with its `task`.
    Trial,
    /// The time changed or is running out: `{left, deadline, warning, extensions_left}` (seconds, RFC 3339, minutes).
    Time,
    /// Files changed that checks or the editor name: `{paths}`; empty means "look at all again".
    Files,
    /// Words for the person: `{text, level}` with level `info`, `warning` or `failure`.
    Notice,
    /// Never sent by the bus; what a page shows after a gap.
    Snapshot,
}

impl EventKind {
    /// The name on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Output => "output",
            Self::Task => "task",
            Self::Award => "award",
            Self::Trial => "trial",
            Self::Time => "time",
            Self::Files => "files",
            Self::Notice => "notice",
            Self::Snapshot => "snapshot",
        }
    }
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Greater than every earlier one of that person: microseconds of UTC, or one more than the last.
    pub id: i64,
    pub session: Option<SessionId>,
    pub kind: EventKind,
    pub data: serde_json::Value,
}

/// What a subscriber gets.
#[derive(Clone, Debug, PartialEq)]
pub enum Delivery {
    /// The next event.
    Event(Arc<Event>),
    /// Some were missed: look at the whole state; everything after this id follows.
    Gap(i64),
}

#[derive(Debug)]
struct Ring {
    events: VecDeque<Arc<Event>>,
    /// The newest id that was given, or where the ring began.
    last: i64,
    /// Everything up to this id is gone.
    gone: i64,
    weight: usize,
    changed: watch::Sender<i64>,
}

/// The bus; clones share it.
#[derive(Clone, Debug)]
pub struct Events {
    clock: Clock,
    rings: Arc<Mutex<HashMap<PersonId, Ring>>>,
}

impl Events {
    /// An empty bus. Ids start at the present time, so that those of an earlier server lie before every one of it.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            rings: Arc::default(),
        }
    }

    /// Adds an event, wakes the person's subscribers, and gives its id.
    #[expect(clippy::must_use_candidate, reason = "it is called for its effect")]
    pub fn publish(
        &self,
        person: PersonId,
        session: Option<SessionId>,
        kind: EventKind,
        data: serde_json::Value,
    ) -> i64 {
        let now = self.clock.now();
        self.with(person, now, |ring| {
            ring.last = now.0.max(ring.last + 1);
            let event = Arc::new(Event {
                id: ring.last,
                session,
                kind,
                data,
            });
            ring.weight += weight(&event);
            ring.events.push_back(event);
            ring.forget(now);
            ring.changed.send_replace(ring.last);
            ring.last
        })
    }

    /// What happens after the event `after`; without one, or where it is no longer known what followed it, a
    /// [`Delivery::Gap`] comes first.
    #[must_use]
    pub fn subscribe(&self, person: PersonId, after: Option<i64>) -> Subscription {
        let now = self.clock.now();
        self.with(person, now, |ring| Subscription {
            events: self.clone(),
            person,
            changed: ring.changed.subscribe(),
            place: after.unwrap_or(i64::MIN),
        })
    }

    /// How many are subscribed to what happens to that person.
    #[must_use]
    pub fn looking(&self, person: PersonId) -> usize {
        self.rings
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&person)
            .map_or(0, |ring| ring.changed.receiver_count())
    }

    /// Forgets what is older than an hour, and people of whom nothing is left to tell.
    pub fn forget(&self) {
        let now = self.clock.now();
        let mut rings = self.rings.lock().unwrap_or_else(PoisonError::into_inner);
        for ring in rings.values_mut() {
            ring.forget(now);
        }
        // A person who comes back later starts with a gap: the new ring begins after every id of this one.
        rings.retain(|_, ring| !ring.events.is_empty() || ring.changed.receiver_count() > 0 || ring.last >= now.0);
    }

    fn with<T>(&self, person: PersonId, now: Timestamp, act: impl FnOnce(&mut Ring) -> T) -> T {
        let mut rings = self.rings.lock().unwrap_or_else(PoisonError::into_inner);
        act(rings.entry(person).or_insert_with(|| Ring {
            events: VecDeque::new(),
            last: now.0,
            gone: now.0,
            weight: 0,
            changed: watch::channel(now.0).0,
        }))
    }
}

impl Ring {
    fn forget(&mut self, now: Timestamp) {
        let oldest = now.before(KEPT).0;
        while let Some(first) = self.events.front() {
            if first.id >= oldest && self.events.len() <= MOST && self.weight <= HEAVIEST {
                break;
            }
            self.gone = first.id;
            self.weight = self.weight.saturating_sub(weight(first));
            self.events.pop_front();
        }
    }
}

/// About how many bytes an event holds.
fn weight(event: &Event) -> usize {
    fn of(value: &serde_json::Value) -> usize {
        match value {
            serde_json::Value::String(text) => text.len() + 24,
            serde_json::Value::Array(items) => items.iter().map(of).sum::<usize>() + 24,
            serde_json::Value::Object(map) => {
                map.iter().map(|(key, value)| key.len() + 24 + of(value)).sum::<usize>() + 24
            }
            _ => 24,
        }
    }
    of(&event.data) + 80
}

/// A place in a person's events.
#[derive(Debug)]
pub struct Subscription {
    events: Events,
    person: PersonId,
    changed: watch::Receiver<i64>,
    place: i64,
}

impl Subscription {
    /// The next delivery; waits for it. Cancel-safe.
    pub async fn next(&mut self) -> Delivery {
        loop {
            // Marked as seen before the look, so that nothing that comes between look and wait is missed.
            self.changed.borrow_and_update();
            if let Some(delivery) = self.ready() {
                return delivery;
            }
            if self.changed.changed().await.is_err() {
                // The ring was forgotten: take part in the one that follows it.
                *self = self.events.subscribe(self.person, Some(self.place));
            }
        }
    }

    /// The next delivery, if there is one already.
    pub fn ready(&mut self) -> Option<Delivery> {
        let now = self.events.clock.now();
        let place = self.place;
        let delivery = self.events.with(self.person, now, |ring| {
            if place < ring.gone || place > ring.last {
                return Some(Delivery::Gap(ring.last));
            }
            let next = ring.events.partition_point(|event| event.id <= place);
            ring.events.get(next).map(|event| Delivery::Event(event.clone()))
        })?;
        self.place = match &delivery {
            Delivery::Event(event) => event.id,
            Delivery::Gap(id) => *id,
        };
        Some(delivery)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Random;

    fn bus() -> (Clock, Events, PersonId) {
        let clock = Clock::manual(Timestamp(1_000_000_000));
        let person = PersonId::fresh(&clock, &Random::seeded(1));
        (clock.clone(), Events::new(clock), person)
    }

    fn notice(events: &Events, person: PersonId) -> i64 {
        events.publish(person, None, EventKind::Notice, serde_json::json!({ "text": "x" }))
    }

    fn id_of(delivery: Option<Delivery>) -> i64 {
        match delivery {
            Some(Delivery::Event(event)) => event.id,
            other => panic!("an event was expected, not {other:?}"),
        }
    }

    #[test]
    fn ids_rise_while_the_clock_stands() {
        let (clock, events, person) = bus();
        let first = notice(&events, person);
        let second = notice(&events, person);
        assert!(first < second);
        clock.advance(Duration::from_secs(1));
        assert_eq!(notice(&events, person), clock.now().0);
    }

    #[test]
    fn a_newcomer_and_one_from_an_earlier_server_begin_with_a_gap() {
        let (_, events, person) = bus();
        let id = notice(&events, person);
        assert_eq!(events.subscribe(person, None).ready(), Some(Delivery::Gap(id)));
        assert_eq!(events.subscribe(person, Some(5)).ready(), Some(Delivery::Gap(id)));
        assert_eq!(
            events.subscribe(person, Some(i64::MAX)).ready(),
            Some(Delivery::Gap(id))
        );
    }

    #[test]
    fn nothing_is_missed_and_nothing_comes_twice() {
        let (_, events, person) = bus();
        let first = notice(&events, person);
        let (second, third) = (notice(&events, person), notice(&events, person));
        let mut subscription = events.subscribe(person, Some(first));
        assert_eq!(id_of(subscription.ready()), second);
        assert_eq!(id_of(subscription.ready()), third);
        assert_eq!(subscription.ready(), None);
    }

    #[test]
    fn a_slow_subscriber_gets_a_gap_and_memory_stays_bounded() {
        let (_, events, person) = bus();
        let first = notice(&events, person);
        let mut slow = events.subscribe(person, Some(first));
        let mut last = first;
        for _ in 0..MOST + 10 {
            last = notice(&events, person);
        }
        assert_eq!(slow.ready(), Some(Delivery::Gap(last)));
        assert_eq!(slow.ready(), None);
        assert_eq!(events.rings.lock().unwrap()[&person].events.len(), MOST);
    }

    #[test]
    fn an_hour_is_kept() {
        let (clock, events, person) = bus();
        let first = notice(&events, person);
        clock.advance(Duration::from_mins(50));
        let second = notice(&events, person);
        clock.advance(Duration::from_secs(700));
        events.forget();
        let mut old = events.subscribe(person, Some(first - 1));
        assert_eq!(old.ready(), Some(Delivery::Gap(second)));
        clock.advance(Duration::from_hours(2));
        events.forget();
        drop(old);
        events.forget();
        assert!(events.rings.lock().unwrap().is_empty());
        assert!(matches!(
            events.subscribe(person, Some(second)).ready(),
            Some(Delivery::Gap(_))
        ));
    }

    #[test]
    fn people_hear_only_of_themselves() {
        let (clock, events, person) = bus();
        let other = PersonId::fresh(&clock, &Random::seeded(2));
        let mut subscription = events.subscribe(other, None);
        assert!(matches!(subscription.ready(), Some(Delivery::Gap(_))));
        notice(&events, person);
        assert_eq!(subscription.ready(), None);
        assert_eq!(events.looking(other), 1);
        assert_eq!(events.looking(person), 0);
    }

    #[tokio::test]
    async fn waiting_ends_with_the_event() {
        let (_, events, person) = bus();
        let id = notice(&events, person);
        let mut subscription = events.subscribe(person, Some(id));
        let waiting = tokio::spawn(async move { subscription.next().await });
        let next = notice(&events, person);
        assert_eq!(id_of(Some(waiting.await.unwrap())), next);
    }
}
