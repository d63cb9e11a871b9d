//! Whether and when a command is started again.

use std::time::Duration;

use shipgate_release::machine::{ExitCause, RestartPolicy};

/// Before the first restart in a row; doubled for each further one.
const FIRST_DELAY: Duration = Duration::from_millis(100);

/// No restart waits longer.
const LONGEST_DELAY: Duration = Duration::from_secs(30);

/// A command that ran this long had started well: the row begins anew.
const STABLE_AFTER: Duration = Duration::from_secs(60);

/// Counts restarts in a row.
#[derive(Debug)]
pub(crate) struct Restarts {
    policy: RestartPolicy,
    in_a_row: u32,
}

impl Restarts {
    pub(crate) fn new(policy: RestartPolicy) -> Self {
        Self {
            policy,
            in_a_row: 0,
        }
    }

    /// After a run of length `ran` ended by `cause`: how long to wait before
    /// the next one; `None` when there is none.
    pub(crate) fn after(&mut self, cause: ExitCause, ran: Duration) -> Option<Duration> {
        if ran >= STABLE_AFTER {
            self.in_a_row = 0;
        }
        let again = match self.policy {
            _ if cause == ExitCause::Stopped => false,
            RestartPolicy::No => false,
            RestartPolicy::OnFailure { max_retries } => {
                !cause.success() && max_retries.is_none_or(|most| self.in_a_row < most)
            }
            RestartPolicy::Always => true,
        };
        again.then(|| {
            let delay = FIRST_DELAY.saturating_mul(2_u32.saturating_pow(self.in_a_row));
            self.in_a_row = self.in_a_row.saturating_add(1);
            delay.min(LONGEST_DELAY)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAILED: ExitCause = ExitCause::Code(1);

    fn delays(restarts: &mut Restarts, count: usize) -> Vec<Option<u128>> {
        (0..count)
            .map(|_| Some(restarts.after(FAILED, Duration::ZERO)?.as_millis()))
            .collect()
    }

    #[test]
    fn the_delay_doubles_up_to_half_a_minute() {
        let mut restarts = Restarts::new(RestartPolicy::Always);
        let expected = [
            100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000,
        ];
        assert_eq!(delays(&mut restarts, 11), expected.map(Some));
        assert_eq!(delays(&mut restarts, 40).last(), Some(&Some(30000)));
    }

    #[test]
    fn a_minute_of_running_begins_a_new_row() {
        let mut restarts = Restarts::new(RestartPolicy::OnFailure {
            max_retries: Some(2),
        });
        assert_eq!(delays(&mut restarts, 2), [Some(100), Some(200)]);
        let long = restarts.after(FAILED, Duration::from_secs(60));
        assert_eq!(long, Some(Duration::from_millis(100)));
    }

    #[test]
    fn failures_are_retried_no_more_often_than_allowed() {
        let mut restarts = Restarts::new(RestartPolicy::OnFailure {
            max_retries: Some(2),
        });
        assert_eq!(delays(&mut restarts, 3), [Some(100), Some(200), None]);
    }

    #[test]
    fn success_ends_a_machine_that_restarts_on_failure_only() {
        let once = |policy, cause| Restarts::new(policy).after(cause, Duration::ZERO).is_some();
        let on_failure = RestartPolicy::OnFailure { max_retries: None };
        assert!(!once(on_failure, ExitCause::Code(0)));
        assert!(once(on_failure, ExitCause::OutOfMemory));
        assert!(once(on_failure, ExitCause::Timeout));
        assert!(once(RestartPolicy::Always, ExitCause::Code(0)));
        assert!(!once(RestartPolicy::No, FAILED));
    }

    #[test]
    fn what_was_asked_to_stop_stays_stopped() {
        let mut restarts = Restarts::new(RestartPolicy::Always);
        assert_eq!(restarts.after(ExitCause::Stopped, Duration::ZERO), None);
    }
}
