//! Notices gateways that hang: they run, so their supervisor is content, and say nothing.
//!
//! A silent gateway is looked at twice, some time apart, before it is taken to hang: after Postgres, the API or the
//! operator itself was away, all are silent for a moment. While not one of several is heard, it is the platform that
//! does not listen, and no gateway is to blame.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use openclaw_platform::agents::Wanted;
use time::OffsetDateTime;

/// Whether a gateway that was last heard of at `heartbeat_at` was so within `silence`.
pub(crate) fn is_heard(heartbeat_at: Option<OffsetDateTime>, silence: Duration) -> bool {
    heartbeat_at.is_some_and(|at| OffsetDateTime::now_utc() - at < silence)
}

/// A live agent, as one look finds it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    pub(crate) wanted: Wanted,
    /// Whether it was heard of lately.
    pub(crate) heard: bool,
    /// Tells its process from others; none when nothing runs, or what ran is about to be started again.
    pub(crate) which: Option<u64>,
}

/// One silence of one process: another heartbeat or another process is another silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Silence {
    pub(crate) wanted: Wanted,
    which: u64,
}

#[derive(Debug, Clone, Copy)]
struct Noticed {
    at: Instant,
    settled: bool,
}

/// The silences of the last look.
#[derive(Debug, Default)]
pub(crate) struct Silences(HashMap<Silence, Noticed>);

impl Silences {
    /// Takes a look at all `live` agents. Gives those that hang, in their order, without the settled ones.
    pub(crate) fn look(&mut self, live: &[Seen], now: Instant, second_look: Duration) -> Vec<Silence> {
        if live.len() > 1 && !live.iter().any(|seen| seen.heard) {
            self.0.clear();
            return Vec::new();
        }
        let silent = live.iter().filter(|seen| !seen.heard);
        let silent: Vec<Silence> =
            silent.filter_map(|seen| Some(Silence { wanted: seen.wanted, which: seen.which? })).collect();
        let first = Noticed { at: now, settled: false };
        self.0 = silent.iter().map(|silence| (*silence, *self.0.get(silence).unwrap_or(&first))).collect();
        let hangs = |silence: &Silence| {
            let noticed = self.0[silence];
            !noticed.settled && now.duration_since(noticed.at) >= second_look
        };
        silent.into_iter().filter(hangs).collect()
    }

    /// Somebody sees to this one.
    pub(crate) fn settle(&mut self, silence: &Silence) {
        if let Some(noticed) = self.0.get_mut(silence) {
            noticed.settled = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use openclaw_platform::{AgentId, CustomerId};

    use super::*;

    const SECOND_LOOK: Duration = Duration::from_secs(45);

    fn seen(heard: bool) -> Seen {
        let heartbeat_at = Some(OffsetDateTime::UNIX_EPOCH);
        Seen {
            wanted: Wanted { agent: AgentId::new(), customer: CustomerId::new(), heartbeat_at, adopted: false },
            heard,
            which: Some(1),
        }
    }

    #[test]
    fn a_silent_gateway_hangs_at_the_second_look_and_is_told_of_until_somebody_sees_to_it() {
        let (live, start, mut silences) = ([seen(true), seen(false)], Instant::now(), Silences::default());
        let look =
            |silences: &mut Silences, after: u64| silences.look(&live, start + Duration::from_secs(after), SECOND_LOOK);
        assert!(look(&mut silences, 0).is_empty());
        assert!(look(&mut silences, 44).is_empty());
        let [hangs] = look(&mut silences, 45)[..] else { panic!("one hangs") };
        assert_eq!(hangs.wanted, live[1].wanted);
        assert_eq!(look(&mut silences, 50), [hangs]);
        silences.settle(&hangs);
        assert!(look(&mut silences, 500).is_empty());
    }

    #[test]
    fn another_process_or_another_heartbeat_begins_anew_and_what_does_not_run_is_the_supervisors() {
        let (mut live, start, mut silences) = ([seen(true), seen(false)], Instant::now(), Silences::default());
        silences.look(&live, start, SECOND_LOOK);
        live[1].which = Some(2);
        assert!(silences.look(&live, start + SECOND_LOOK, SECOND_LOOK).is_empty());
        live[1].wanted.heartbeat_at = Some(OffsetDateTime::UNIX_EPOCH + SECOND_LOOK);
        assert!(silences.look(&live, start + 2 * SECOND_LOOK, SECOND_LOOK).is_empty());
        live[1].which = None;
        assert!(silences.look(&live, start + 9 * SECOND_LOOK, SECOND_LOOK).is_empty());
    }

    #[test]
    fn while_none_of_several_is_heard_none_hangs_and_each_has_its_time_afterwards() {
        let (mut live, start, mut silences) = ([seen(false), seen(false)], Instant::now(), Silences::default());
        let at = |looks: u32| start + looks * SECOND_LOOK;
        for looks in 0..4 {
            assert!(silences.look(&live, at(looks), SECOND_LOOK).is_empty());
        }
        live[0].heard = true;
        assert!(silences.look(&live, at(4), SECOND_LOOK).is_empty(), "the other may be about to speak");
        assert_eq!(silences.look(&live, at(5), SECOND_LOOK).len(), 1);
        // A single one has nobody to be compared with.
        assert!(silences.look(&[seen(false)], at(6), SECOND_LOOK).is_empty());
    }
}
