//! The part of a script that is at hand.

/// A text, and whether anything comes after it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window<'t> {
    pub(crate) text: &'t str,
    /// Whether the script ends with this text.
    pub(crate) complete: bool,
}

impl<'t> Window<'t> {
    /// Bytes that have to follow a token before it is taken: more than any
    /// token looks ahead of its own end.
    pub(crate) const AHEAD: usize = 16;

    pub(crate) fn whole(text: &'t str) -> Self {
        Self {
            text,
            complete: true,
        }
    }

    pub(crate) fn bytes(&self) -> &'t [u8] {
        self.text.as_bytes()
    }

    /// Up to here the text can be judged without what follows the window.
    pub(crate) fn sure(&self) -> usize {
        if self.complete {
            self.text.len()
        } else {
            self.text.len().saturating_sub(Self::AHEAD)
        }
    }
}
