//! Two things timed in turns in one process, so that both have the same machine and the same neighbours.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

const BATCHES: usize = 60;

/// The best batch of each, per run.
pub(crate) fn interleaved(runs: u32, mut one: impl FnMut(), mut other: impl FnMut()) -> (Duration, Duration) {
    let mut best = (Duration::MAX, Duration::MAX);
    for _ in 0..BATCHES {
        best.0 = best.0.min(batch(runs, &mut one));
        best.1 = best.1.min(batch(runs, &mut other));
    }
    (best.0 / runs, best.1 / runs)
}

fn batch(runs: u32, run: &mut impl FnMut()) -> Duration {
    let start = processor_time();
    for _ in 0..runs {
        run();
    }
    processor_time() - start
}

/// What this thread has used of a processor: the neighbours' share of the clock is no part of it.
fn processor_time() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().expect("a time that is not negative")
}
