//! Colours of the text reports.

/// Whether a text report has colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Palette {
    /// None.
    #[default]
    Plain,
    /// As terminals show them.
    Ansi,
}

impl Palette {
    pub(crate) fn cyan(self, text: &str) -> String {
        self.paint("36", text)
    }

    pub(crate) fn yellow(self, text: &str) -> String {
        self.paint("33", text)
    }

    pub(crate) fn bright_green(self, text: &str) -> String {
        self.paint("92", text)
    }

    pub(crate) fn bright_red(self, text: &str) -> String {
        self.paint("91", text)
    }

    pub(crate) fn white_on_red(self, text: &str) -> String {
        self.paint("97;101", text)
    }

    fn paint(self, codes: &str, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Ansi => format!("\x1b[{codes}m{text}\x1b[0m"),
        }
    }
}
