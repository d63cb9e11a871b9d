//! A file taken apart.

use std::ops::ControlFlow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use shipgate_sql::{Event, SplitMode};

use super::cursor::{Cursor, Window};
use super::error::{ScriptError, parts_error};
use super::held::Held;
use super::reading::{LineWatch, Reading};
use super::syntax::Syntax;
use super::unit::Unit;
use crate::directive::{self, FoundLine, LineSearch, Warning};
use crate::directory::File;
use crate::formats::{FOREIGN_MARKS, PartError};
use crate::sum::Proof;

/// A file that was taken apart and can be executed. Its statements are read by
/// a [`Cursor`]: one that stayed on disk is read anew each time.
#[derive(Clone, Debug)]
pub struct Script<'a> {
    pub(super) file: &'a File,
    pub(super) syntax: Syntax,
    pub(super) source: Source<'a>,
    mode: SplitMode,
    length: usize,
    warnings: Vec<Warning>,
}

#[derive(Clone, Debug)]
pub(super) enum Source<'a> {
    Held(Held<'a>),
    Stored,
}

impl<'a> Script<'a> {
    /// Takes a file apart.
    ///
    /// # Errors
    /// It is no text, something in it is opened and not closed, or it cannot
    /// be read.
    pub fn of(
        file: &'a File,
        syntax: impl Into<Syntax>,
        mode: SplitMode,
    ) -> Result<Self, ScriptError> {
        Self::seen(file, syntax, mode, &mut |_| {})
    }

    /// Takes a file apart and shows each statement on the way.
    ///
    /// # Errors
    /// As [`Script::of`].
    pub fn seen(
        file: &'a File,
        syntax: impl Into<Syntax>,
        mode: SplitMode,
        see: &mut dyn FnMut(&Unit<'_>),
    ) -> Result<Self, ScriptError> {
        let syntax = syntax.into();
        if file.held().is_none() && mode == SplitMode::Own {
            return Self::of_stored(file, syntax, see);
        }
        let held = Held::of(file, syntax, mode)?;
        (0..held.len())
            .filter_map(|index| held.unit(index))
            .for_each(|unit| see(&unit));
        Ok(Self {
            file,
            syntax,
            mode,
            length: held.len(),
            warnings: held_warnings(file),
            source: Source::Held(held),
        })
    }

    fn of_stored(
        file: &'a File,
        syntax: Syntax,
        see: &mut dyn FnMut(&Unit<'_>),
    ) -> Result<Self, ScriptError> {
        let mut reading = Reading::new(file, syntax, None)?;
        let known = file.format().known_directives();
        let mut warnings = Vec::new();
        let mut fault: Option<PartError> = None;
        let mut see_line = |line: &FoundLine<'_>| {
            warnings.extend(directive::warning(line, &known));
            if let Some(message) = file.format().line_fault(line.text)
                && fault.as_ref().is_none_or(|fault| line.number < fault.line)
            {
                let line = line.number;
                fault = Some(PartError { line, message });
            }
        };
        let mut words = directive::MARKS.to_vec();
        words.extend(FOREIGN_MARKS.map(|(mark, _)| mark));
        let mut lines = LineWatch {
            search: LineSearch::new(&words),
            see: &mut see_line,
        };
        let mut length = 0;
        let read = reading.read(Some(&mut lines), &mut |event| {
            if let Event::Statement(statement) = event {
                length += 1;
                see(&Unit::of(length, &statement));
            }
            ControlFlow::Continue(())
        });
        if let Some(fault) = fault {
            return Err(parts_error(file, fault));
        }
        // It reads to the end.
        let _ = read?;
        directive::in_order(&mut warnings);
        Ok(Self {
            file,
            syntax,
            mode: SplitMode::Own,
            source: Source::Stored,
            length,
            warnings,
        })
    }

    /// How the session has to read, so that it reads what was taken apart.
    pub(crate) fn syntax(&self) -> Syntax {
        self.syntax
    }

    /// Whether it was taken apart by the rules of the database, not Atlas's.
    pub(crate) fn is_own(&self) -> bool {
        self.mode == SplitMode::Own
    }

    /// How many statements there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Lines that look like directives and are none.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// A reading from the first statement to the last. With a proof its end
    /// is an error if the file is not the one whose checksum was computed.
    pub(crate) fn cursor(&self, proof: Option<Proof>) -> Result<Cursor<'_>, ScriptError> {
        Cursor::new(self, proof)
    }

    /// What the first statement is turned into for which `then` finds
    /// something, among those after the first `skipped`.
    pub(crate) fn find<T>(
        &self,
        skipped: usize,
        then: impl Fn(&Unit<'_>) -> Option<T>,
    ) -> Result<Option<T>, ScriptError> {
        let mut cursor = self.cursor(None)?;
        cursor.skip(skipped)?;
        let mut window = Window::default();
        loop {
            cursor.fill_one(&mut window)?;
            let Some(unit) = window.first() else {
                return Ok(None);
            };
            if let Some(found) = then(&unit) {
                return Ok(Some(found));
            }
        }
    }

    /// One hash for each of the first `most` statements over the texts of all
    /// statements up to it, as `partial_hashes` keeps them: `h1:<base64 SHA-256>`.
    ///
    /// # Errors
    /// The file cannot be read again.
    pub fn partial_hashes(&self, most: usize) -> Result<Vec<String>, ScriptError> {
        let mut running = Sha256::new();
        let mut hashes = Vec::with_capacity(self.length.min(most));
        let mut add = |text: &str| {
            running.update(text);
            hashes.push(format!(
                "h1:{}",
                STANDARD.encode(running.clone().finalize())
            ));
        };
        match &self.source {
            Source::Held(held) => (0..self.length.min(most))
                .filter_map(|index| held.unit(index))
                .for_each(|unit| add(unit.text)),
            Source::Stored => {
                let mut left = most;
                // It broke off if there are more.
                let _ = Reading::new(self.file, self.syntax, None)?.read(None, &mut |event| {
                    if let Event::Statement(statement) = event {
                        if left == 0 {
                            return ControlFlow::Break(());
                        }
                        left -= 1;
                        add(statement.text);
                    }
                    ControlFlow::Continue(())
                })?;
            }
        }
        Ok(hashes)
    }
}

/// What looks like a directive in a file that is held, with its lines on disk.
fn held_warnings(file: &File) -> Vec<Warning> {
    let known = file.format().known_directives();
    let mut warnings = directive::warnings(file.held().unwrap_or_default(), &known);
    for warning in &mut warnings {
        warning.line = file.line_on_disk(warning.line);
    }
    warnings
}

#[cfg(test)]
mod tests {
    use shipgate_sql::{Dialect, SplitMode};

    use super::{Script, Window};
    use crate::testing::files;

    #[test]
    fn partial_hashes_run_over_the_statement_texts() {
        let files = files(&[(
            "1_a.sql",
            "-- t2\nCREATE TABLE t2 (id int);\nINSERT INTO t2 VALUES (1);\n",
        )]);
        for mode in [SplitMode::Own, SplitMode::AtlasCompatible] {
            let script = Script::of(&files[0], Dialect::Sqlite, mode).unwrap();
            assert_eq!(
                script.partial_hashes(9).unwrap(),
                [
                    "h1:QDcoTFqEz0YCU+POC8UMX8pNYOUYvUS39IfDwzVpnmU=",
                    "h1:0PVTLqVgGtpUfjsQBuMMF7SYOnQ3Puw+jDdGlreBmc8=",
                ]
            );
        }
    }

    #[test]
    fn what_is_not_closed_is_named_with_its_place() {
        for (content, error) in [
            (
                "SELECT 'a;",
                r#"sql/migrate: scanning statements from "1_a.sql": 1:8: unclosed quote '\''"#,
            ),
            (
                "SELECT 1;\nSELECT \"\u{e9}\", \"b;",
                r#"sql/migrate: scanning statements from "1_a.sql": 2:14: unclosed quote '"'"#,
            ),
            (
                "-- atlas:delimiter \nSELECT 1",
                r#"sql/migrate: scanning statements from "1_a.sql": empty delimiter"#,
            ),
            (
                "-- atlas:delimiter X",
                r#"sql/migrate: scanning statements from "1_a.sql": 1:0: no input found after delimiter "X""#,
            ),
        ] {
            let files = files(&[("1_a.sql", content)]);
            let script = Script::of(&files[0], Dialect::Sqlite, SplitMode::Own);
            assert_eq!(script.unwrap_err().to_string(), error);
        }
    }

    #[test]
    fn of_an_archive_the_migration_alone_is_executed() {
        let content = "-- atlas:txtar\n\n-- migration.sql --\nCREATE TABLE t (a);\n\n-- down.sql --\nDROP TABLE t;\n";
        let files = files(&[("1_a.sql", content)]);
        let script = Script::of(&files[0], Dialect::Sqlite, SplitMode::Own).unwrap();
        let mut window = Window::default();
        let mut cursor = script.cursor(None).unwrap();
        cursor.fill(&mut window, 9, &|_| true).unwrap();
        let statements: Vec<_> = window
            .units()
            .map(|unit| (unit.text, unit.line, unit.offset))
            .collect();
        let start = content.find("CREATE").unwrap();
        assert_eq!(statements, [("CREATE TABLE t (a);", 4, start)]);
    }
}
