//! The tape of one call: between the guest and what answers it. While recording, it keeps each question with its
//! answer; while replaying, it answers each question by what was kept, and notes what is asked otherwise.
//!
//! A question is answered by the first step that is the same and was not used yet, so that what comes in another order
//! still has its answer. Without such a step, the next unused one answers if it is about the same thing, such as another
//! value under the same key. Anything else has no answer: the call ends there rather than go on from an invented one.
//! Clocks and randomness are asked wherever a toolchain likes: they are no part of the order, and what is read beyond
//! the recorded readings is made up from the last one.

use std::collections::BTreeMap;
use std::future::pending;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use super::step::{Asked, Kind, Likeness, Step};
use super::{Deviation, LARGEST, RecordingError};
use crate::sandbox::Breach;

/// The most that is told of one call.
const TOLD: usize = 50;

/// One call's tape. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Tape(Arc<Mutex<State>>);

#[derive(Debug)]
enum State {
    Recording(Recorder),
    Replaying(Player),
}

#[derive(Debug)]
struct Recorder {
    steps: Vec<Step>,
    /// Bytes that may still be kept; none once there were too many.
    left: Option<usize>,
}

#[derive(Debug)]
struct Player {
    steps: Vec<Step>,
    used: Vec<bool>,
    /// All steps before it were used, or are readings.
    next: usize,
    /// The furthest step that was used.
    furthest: usize,
    found: Vec<Deviation>,
    /// The readings of clocks and of randomness, by what was done.
    readings: BTreeMap<String, Readings>,
    /// Something had no answer: what comes after it is not compared.
    over: bool,
}

/// The readings of one kind.
#[derive(Debug, Default)]
struct Readings {
    /// The steps that have them.
    steps: Vec<usize>,
    /// How many were asked for.
    asked: usize,
}

/// What the tape says to a question.
pub(crate) enum Heard<Q: Kind> {
    /// Nothing: it records, and the true answer goes there.
    Live(Slot<Q>),
    /// The recorded answer; none if there never was one.
    Recorded(Place, Option<Q::Answer>),
    /// There is no answer.
    Unrecorded,
}

/// A step that waits for its answer.
pub(crate) struct Slot<Q> {
    tape: Tape,
    index: usize,
    kind: PhantomData<fn() -> Q>,
}

/// A step that answered.
pub(crate) struct Place {
    tape: Tape,
    index: usize,
}

/// What a replay came to.
pub(crate) struct Played {
    pub(crate) found: Vec<Deviation>,
    /// Whether it could not go on to its end.
    pub(crate) over: bool,
}

impl Tape {
    /// An empty tape.
    pub(crate) fn recording() -> Self {
        Self(Arc::new(Mutex::new(State::Recording(Recorder { steps: Vec::new(), left: Some(LARGEST) }))))
    }

    /// A tape that answers by `steps`.
    pub(crate) fn replaying(steps: Vec<Step>) -> Self {
        let mut readings: BTreeMap<String, Readings> = BTreeMap::new();
        for (index, step) in steps.iter().enumerate().filter(|(_, step)| step.is_reading()) {
            readings.entry(step.words()).or_default().steps.push(index);
        }
        let used = vec![false; steps.len()];
        let player = Player { steps, used, next: 0, furthest: 0, found: Vec::new(), readings, over: false };
        Self(Arc::new(Mutex::new(State::Replaying(player))))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing is left half done under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks, in the order in which the guest does.
    pub(crate) fn ask<Q: Kind>(&self, question: Q) -> Heard<Q> {
        match &mut *self.state() {
            State::Recording(recorder) => {
                let index = recorder.steps.len();
                recorder.keep(&question, |recorder| {
                    recorder.steps.push(Q::step(Asked { question: question.clone(), answer: None }));
                });
                Heard::Live(Slot { tape: self.clone(), index, kind: PhantomData })
            }
            State::Replaying(player) => match player.answer(&question) {
                Some((index, answer)) => Heard::Recorded(Place { tape: self.clone(), index }, answer),
                None => question.unrecorded().map_or(Heard::Unrecorded, |answer| {
                    Heard::Recorded(Place { tape: self.clone(), index: usize::MAX }, Some(answer))
                }),
            },
        }
    }

    /// Asks a clock or for randomness: `live` while recording, `beyond` the last answer when there are no more.
    pub(crate) fn read<Q: Kind>(
        &self,
        question: Q,
        live: impl FnOnce() -> Q::Answer,
        beyond: impl FnOnce(Option<&Q::Answer>, usize) -> Q::Answer,
    ) -> Q::Answer {
        match &mut *self.state() {
            State::Recording(recorder) => {
                let answer = live();
                let asked = Asked { question, answer: Some(answer.clone()) };
                recorder.keep(&asked, |recorder| recorder.steps.push(Q::step(asked.clone())));
                answer
            }
            State::Replaying(player) => {
                let readings = player.readings.entry(question.words()).or_default();
                readings.asked += 1;
                let (asked, steps) = (readings.asked, &player.steps);
                let answer = |index: &usize| Q::of(&steps[*index]).and_then(|asked| asked.answer.clone());
                match readings.steps.get(asked - 1).and_then(answer) {
                    Some(answer) => answer,
                    None => beyond(readings.steps.last().and_then(answer).as_ref(), asked),
                }
            }
        }
    }

    /// The steps of a call that was recorded.
    pub(crate) fn recorded(&self) -> Result<Vec<Step>, RecordingError> {
        match &mut *self.state() {
            State::Recording(recorder) => match recorder.left {
                Some(_) => Ok(std::mem::take(&mut recorder.steps)),
                None => Err(RecordingError::TooLarge { bytes: LARGEST + 1 }),
            },
            State::Replaying(player) => Ok(player.steps.clone()),
        }
    }

    /// What was other than recorded.
    pub(crate) fn played(&self) -> Played {
        match &mut *self.state() {
            State::Recording(_) => Played { found: vec![], over: false },
            State::Replaying(player) => {
                if !player.over {
                    player.end();
                }
                player.found.truncate(TOLD);
                Played { found: std::mem::take(&mut player.found), over: player.over }
            }
        }
    }
}

impl Recorder {
    /// Keeps `what`, if there is room for it. What has no room spoils the recording, which then takes no memory either.
    fn keep(&mut self, what: &impl Serialize, kept: impl FnOnce(&mut Self)) {
        let bytes = serde_json::to_vec(what).map_or(LARGEST, |json| json.len());
        self.keep_bytes(bytes, kept);
    }

    fn keep_bytes(&mut self, bytes: usize, kept: impl FnOnce(&mut Self)) {
        self.left = self.left.and_then(|left| left.checked_sub(bytes));
        match self.left {
            Some(_) => kept(self),
            None => self.steps = Vec::new(),
        }
    }
}

impl Player {
    /// The step that answers `question`, and its answer.
    fn answer<Q: Kind>(&mut self, question: &Q) -> Option<(usize, Option<Q::Answer>)> {
        if self.over {
            return None;
        }
        let is_used = |index: usize| self.used[index] || self.steps[index].is_reading();
        let mut unused = (self.next..self.steps.len()).filter(|index| !is_used(*index)).peekable();
        let first = unused.peek().copied();
        let likeness = |index: usize| Q::of(&self.steps[index]).map(|asked| question.like(&asked.question));
        let same = unused.find(|index| matches!(likeness(*index), Some(Likeness::Same)));
        let near = || match first.map(|index| (index, likeness(index))) {
            Some((index, Some(Likeness::Near(how)))) => Some((index, Some(how))),
            _ => None,
        };
        let Some((index, how)) = same.map(|index| (index, None)).or_else(near) else {
            match question.unrecorded() {
                Some(_) => self.found(Deviation::Added(question.words())),
                None => {
                    self.found(Deviation::Unrecorded(question.words()));
                    self.over = true;
                }
            }
            return None;
        };
        self.used[index] = true;
        self.next = first.unwrap_or(self.steps.len());
        if index < self.furthest {
            let (step, after) = (index + 1, self.furthest + 1);
            self.found(Deviation::Order { step, after, what: question.words() });
        }
        self.furthest = self.furthest.max(index);
        if let Some(how) = how {
            self.found(Deviation::Step { step: index + 1, how });
        }
        let answer = Q::of(&self.steps[index]).and_then(|asked| asked.answer.clone());
        Some((index, answer))
    }

    fn found(&mut self, deviation: Deviation) {
        if self.found.len() < TOLD {
            self.found.push(deviation);
        }
    }

    /// Notes what was left out.
    fn end(&mut self) {
        let left = |(index, step): (usize, &Step)| {
            let missing = !self.used[index] && !step.is_reading();
            missing.then(|| Deviation::Missing { step: index + 1, what: step.words() })
        };
        let missing: Vec<Deviation> = self.steps.iter().enumerate().filter_map(left).collect();
        missing.into_iter().for_each(|deviation| self.found(deviation));
        for (what, readings) in std::mem::take(&mut self.readings) {
            let (now, recorded) = (readings.asked, readings.steps.len());
            // How often a hash map is made is the toolchain's affair.
            if now != recorded && !what.contains(HASH_SEED) {
                self.found(Deviation::Readings { what, now, recorded });
            }
        }
    }
}

/// What the words of a question for a hash map's seed hold.
pub(super) const HASH_SEED: &str = "hash map";

impl<Q: Kind> Slot<Q> {
    /// Keeps the answer.
    pub(crate) fn keep(&self, answer: Q::Answer) {
        let size = serde_json::to_vec(&answer).map_or(LARGEST, |json| json.len());
        self.complete(size, |asked| asked.answer = Some(answer));
    }

    /// Completes the step, by `bytes` more.
    pub(crate) fn complete(&self, bytes: usize, change: impl FnOnce(&mut Asked<Q>)) {
        if let State::Recording(recorder) = &mut *self.tape.state() {
            recorder.keep_bytes(bytes, |recorder| {
                if let Some(asked) = recorder.steps.get_mut(self.index).and_then(Q::of_mut) {
                    change(asked);
                }
            });
        }
    }
}

impl Place {
    /// The recorded question.
    pub(crate) fn asked<Q: Kind>(&self) -> Option<Q> {
        match &*self.tape.state() {
            State::Replaying(player) => {
                player.steps.get(self.index).and_then(Q::of).map(|asked| asked.question.clone())
            }
            State::Recording(_) => None,
        }
    }

    /// Notes that the step differs.
    pub(crate) fn differs(&self, how: String) {
        if let State::Replaying(player) = &mut *self.tape.state()
            && !player.over
        {
            player.found(Deviation::Step { step: self.index + 1, how });
        }
    }

    /// Notes that the guest asks for more than the step has.
    pub(crate) fn has_no_more(&self, what: String) {
        if let State::Replaying(player) = &mut *self.tape.state()
            && !player.over
        {
            player.found(Deviation::Unrecorded(what));
            player.over = true;
        }
    }
}

/// A question that is about to be asked; none without a tape.
pub(crate) fn asking<Q: Kind>(tape: Option<&Tape>, question: impl FnOnce() -> Q) -> Option<(Tape, Q)> {
    tape.map(|tape| (tape.clone(), question()))
}

/// The answer to a question: of `live`, unless a tape has it.
pub(crate) async fn answered<Q, T>(asking: Option<(Tape, Q)>, live: impl Future<Output = T>) -> Result<T, Breach>
where
    Q: Kind,
    Q::Answer: From<T> + Into<T>,
{
    let Some((tape, question)) = asking else { return Ok(live.await) };
    match tape.ask(question) {
        Heard::Live(slot) => {
            let answer = Q::Answer::from(live.await);
            slot.keep(answer.clone());
            Ok(answer.into())
        }
        Heard::Recorded(_, Some(answer)) => Ok(answer.into()),
        // As when it was recorded: the call's time runs out.
        Heard::Recorded(_, None) => pending().await,
        Heard::Unrecorded => Err(Breach::Unrecorded),
    }
}

#[cfg(test)]
mod tests {
    use super::super::questions::{Clock, Get, Log, Set, Which};
    use super::super::{Blob, Said};
    use super::*;

    fn get(key: &str) -> Get {
        Get { key: key.into() }
    }

    fn set(key: &str, value: &str) -> Set {
        Set { key: key.into(), value: value.into() }
    }

    /// Reads `a`, writes `a` and `b`, reads the clock once.
    fn steps() -> Vec<Step> {
        let tape = Tape::recording();
        keep(&tape, get("a"), Said::Ok(Some(Blob(b"1".to_vec()))));
        keep(&tape, set("a", "2"), Said::Ok(()));
        keep(&tape, set("b", "3"), Said::Ok(()));
        tape.read(Clock { which: Which::Wall }, || 100, |_, _| 0);
        tape.recorded().unwrap()
    }

    fn keep<Q: Kind>(tape: &Tape, question: Q, answer: Q::Answer) {
        match tape.ask(question) {
            Heard::Live(slot) => slot.keep(answer),
            _ => panic!("it records"),
        }
    }

    fn hear<Q: Kind>(tape: &Tape, question: Q) -> Option<Q::Answer> {
        match tape.ask(question) {
            Heard::Recorded(_, answer) => answer,
            _ => None,
        }
    }

    fn clock(tape: &Tape) -> u64 {
        tape.read(Clock { which: Which::Wall }, || panic!("the clock is not asked"), |last, _| last.unwrap() + 1)
    }

    #[test]
    fn the_same_questions_have_the_same_answers_and_nothing_is_noted() {
        let tape = Tape::replaying(steps());
        assert_eq!(hear(&tape, get("a")), Some(Said::Ok(Some(Blob(b"1".to_vec())))));
        assert_eq!(clock(&tape), 100);
        assert_eq!((hear(&tape, set("a", "2")), hear(&tape, set("b", "3"))), (Some(Said::Ok(())), Some(Said::Ok(()))));
        assert_eq!(tape.played().found, []);
    }

    #[test]
    fn what_is_written_otherwise_left_out_or_moved_is_noted() {
        let tape = Tape::replaying(steps());
        hear(&tape, set("b", "3")).unwrap();
        hear(&tape, get("a")).unwrap();
        hear(&tape, set("a", "9")).unwrap();
        let order = Deviation::Order { step: 1, after: 3, what: "read `a`".into() };
        let again = Deviation::Order { step: 2, after: 3, what: "wrote `a` = 9".into() };
        let other = Deviation::Step { step: 2, how: "what is written under `a` is 9; recorded 2".into() };
        let readings = Deviation::Readings { what: "asked for the time of day".into(), now: 0, recorded: 1 };
        assert_eq!(tape.played().found, [order, again, other, readings]);

        let tape = Tape::replaying(steps());
        assert_eq!((clock(&tape), clock(&tape)), (100, 101));
        hear(&tape, get("a")).unwrap();
        let found = tape.played().found;
        assert_eq!(found[0], Deviation::Missing { step: 2, what: "wrote `a` = 2".into() });
        assert!(matches!(found[2], Deviation::Readings { now: 2, recorded: 1, .. }), "{found:?}");
    }

    #[test]
    fn what_was_not_recorded_ends_the_call_unless_nothing_follows_from_it() {
        let tape = Tape::replaying(steps());
        let line = Log { level: "info".into(), message: "hello".into() };
        assert!(hear(&tape, line).is_some());
        assert!(matches!(tape.ask(get("other")), Heard::Unrecorded));
        assert!(matches!(tape.ask(get("a")), Heard::Unrecorded), "nothing after it is answered");
        let played = tape.played();
        assert!(played.over);
        assert_eq!(
            played.found,
            [Deviation::Added("logged info hello".into()), Deviation::Unrecorded("read `other`".into())]
        );
    }

    #[test]
    fn a_tape_that_is_full_keeps_nothing() {
        let tape = Tape::recording();
        keep(&tape, set("a", &"x".repeat(LARGEST)), Said::Ok(()));
        keep(&tape, set("b", "y"), Said::Ok(()));
        assert!(matches!(tape.recorded(), Err(RecordingError::TooLarge { .. })));
    }
}
