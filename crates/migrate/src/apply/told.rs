//! What of a run was told already.
//!
//! A transaction that is tried again repeats its files and statements. A
//! reader of the events or of the report shall see each of them once.

/// Counts what is told.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Told {
    /// Tellings up to here were heard.
    heard: usize,
    at: usize,
    /// Where the next attempt begins again.
    mark: usize,
}

impl Told {
    /// Counts one telling; whether it has not been heard before.
    pub(super) fn is_new(&mut self) -> bool {
        self.at += 1;
        let is_new = self.at > self.heard;
        self.heard = self.heard.max(self.at);
        is_new
    }

    /// What comes from here on may be repeated.
    pub(super) fn mark(&mut self) {
        self.mark = self.at;
    }

    /// Back to the mark.
    pub(super) fn rewind(&mut self) {
        self.at = self.mark;
    }
}

#[cfg(test)]
mod tests {
    use super::Told;

    #[test]
    fn what_is_repeated_is_not_new_until_it_goes_on() {
        let mut told = Told::default();
        assert!(told.is_new());
        told.mark();
        assert!(told.is_new());
        assert!(told.is_new());
        told.rewind();
        assert!(!told.is_new());
        assert!(!told.is_new());
        assert!(told.is_new());
    }
}
