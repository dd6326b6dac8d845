//! Two things timed in turns in one process, so that both have the same machine and the same neighbours.

use std::time::{Duration, Instant};

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
    let start = Instant::now();
    for _ in 0..runs {
        run();
    }
    start.elapsed()
}
