//! Moments that can be had again.

use std::time::{Duration, SystemTime};

/// A small generator (SplitMix64): nothing but moments hang on it.
pub(crate) struct Random {
    seed: u64,
    state: u64,
}

impl Random {
    /// With `SHIPGATE_SEED`, else with another seed each time.
    pub(crate) fn new() -> Self {
        let seed = match std::env::var("SHIPGATE_SEED") {
            Ok(seed) => seed.parse().unwrap(),
            Err(_) => {
                let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
                u64::from(now.unwrap().subsec_nanos())
            }
        };
        Self { seed, state: seed }
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// A time from nothing to the longest.
    pub(crate) fn up_to(&mut self, longest: Duration) -> Duration {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        longest.mul_f64((mixed >> 11) as f64 / (1_u64 << 53) as f64)
    }
}
