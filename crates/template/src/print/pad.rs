//! Flags, width and precision of a directive.

/// What stands between `%` and the verb.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flags {
    pub(super) width: Option<usize>,
    pub(super) precision: Option<usize>,
    pub(super) minus: bool,
    pub(super) plus: bool,
    pub(super) sharp: bool,
    pub(super) space: bool,
    pub(super) zero: bool,
    /// `%+v`: with the names of fields.
    pub(super) named: bool,
    /// `%#v`: as Go source.
    pub(super) as_source: bool,
}

impl Flags {
    /// `%+v` and `%#v` are not about signs and prefixes.
    pub(super) fn for_values(&mut self) {
        self.as_source = std::mem::take(&mut self.sharp);
        self.named = std::mem::take(&mut self.plus);
    }

    /// The text at the width that was asked for.
    pub(super) fn padded(&self, text: &str, output: &mut String) {
        let length = text.chars().count();
        let missing = self.width.unwrap_or(0).saturating_sub(length);
        if self.minus {
            output.push_str(text);
            output.extend(std::iter::repeat_n(' ', missing));
        } else {
            let filler = if self.zero { '0' } else { ' ' };
            output.extend(std::iter::repeat_n(filler, missing));
            output.push_str(text);
        }
    }

    /// The same, never with zeros.
    pub(super) fn padded_with_blanks(&self, text: &str, output: &mut String) {
        let blanks = Self {
            zero: false,
            ..*self
        };
        blanks.padded(text, output);
    }
}
