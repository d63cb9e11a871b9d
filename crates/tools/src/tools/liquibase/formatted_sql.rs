//! Formatted SQL: `--liquibase formatted sql` and `--changeset author:id`.

use shipgate_migrate::formats::{ChangesetHeader, Ignored, LiquibaseMark as Mark};

use super::changelog::{Changeset, Property, Sql, Sums};
use super::parameters::{Filled, Parameters};
use crate::checksum::liquibase;

/// A line and what is wrong with it.
pub(super) type Fault = (usize, String);

/// The changesets of a text, with what parameters are worth at each; `None`
/// if it is no formatted SQL.
pub(super) fn read(
    text: &str,
    parameters: &mut Parameters,
) -> Option<Result<Vec<Changeset>, Fault>> {
    let text = text.trim_start_matches('\u{feff}');
    let first = text.lines().find(|line| !line.trim().is_empty())?;
    if Mark::of(first) != Mark::First {
        return None;
    }
    parameters.begin_file();
    Some(changesets(text, parameters))
}

/// A changeset whose lines are being read.
struct Open {
    line: usize,
    header: ChangesetHeader,
    /// The path of the changelog at its beginning.
    path: Option<String>,
    text: String,
    /// Its SQL alone.
    sql: String,
    comment: String,
    sums: Sums,
}

fn changesets(text: &str, parameters: &mut Parameters) -> Result<Vec<Changeset>, Fault> {
    let mut done = Vec::new();
    let mut open: Option<Open> = None;
    let mut path = None;
    let mut passed_over = 0;
    let mut within = Within::Changelog;
    for (number, line) in (1..).zip(text.lines()) {
        if passed_over > 0 || within != Within::Changelog {
            passed_over = usize::saturating_sub(passed_over, 1);
            if within.ends_with(line) {
                within = Within::Changelog;
            }
            if let Some(open) = &mut open {
                open.text.push('\n');
            }
            continue;
        }
        let mark = Mark::of(line);
        match mark {
            Mark::Wrong(right) => return Err((number, right.to_owned())),
            Mark::First => path = attribute(line, "logicalFilePath"),
            Mark::Property(attributes) => {
                let (name, value) = Mark::property(attributes).ok_or_else(|| {
                    let right = "a property is '--property name:NAME value:VALUE'";
                    (number, right.to_owned())
                })?;
                parameters.add(Property {
                    name: name.to_owned(),
                    value: value.to_owned(),
                    dbms: attribute(attributes, "dbms").unwrap_or_default(),
                    is_global: attribute(attributes, "global").is_none_or(|said| said == "true"),
                });
            }
            Mark::Ignore(Ignored::UpToEnd) => within = Within::Ignored,
            Mark::Ignore(Ignored::Next(lines)) => passed_over = lines,
            Mark::Changeset(named) => {
                let right = "a changeset is named '--changeset author:id'";
                let header =
                    ChangesetHeader::parse(named).ok_or_else(|| (number, right.to_owned()))?;
                if let Some(open) = open.take() {
                    done.push(open.close(parameters)?);
                }
                open = Some(Open {
                    line: number,
                    header: filled(header, parameters),
                    path: path.clone(),
                    text: format!("{line}\n"),
                    sql: String::new(),
                    comment: String::new(),
                    sums: Sums::default(),
                });
                continue;
            }
            Mark::RollbackBlock if open.is_some() => within = Within::Rollback,
            Mark::Comment(_) if open.is_none() => {
                let fault = "there is no changeset before this comment, which liquibase refuses";
                return Err((number, fault.to_owned()));
            }
            Mark::Comment(_)
            | Mark::ValidCheckSum(_)
            | Mark::Rollback
            | Mark::RollbackBlock
            | Mark::Precondition(_)
            | Mark::Sql => {}
        }
        if let Some(open) = &mut open {
            open.add(line, mark);
        }
    }
    if let Some(open) = open {
        done.push(open.close(parameters)?);
    }
    Ok(done)
}

/// In what the lines are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Within {
    Changelog,
    /// A comment with statements that roll back.
    Rollback,
    /// Lines that are passed over.
    Ignored,
}

impl Within {
    fn ends_with(self, line: &str) -> bool {
        match self {
            Self::Changelog => false,
            Self::Rollback => line.trim_end().ends_with("*/"),
            Self::Ignored => line
                .strip_prefix("--")
                .is_some_and(|told| told.trim_start().eq_ignore_ascii_case("ignoreLines:end")),
        }
    }
}

/// A header with the values of its parameters.
fn filled(mut header: ChangesetHeader, parameters: &Parameters) -> ChangesetHeader {
    let fill = |text: &mut String| *text = parameters.fill(text).text;
    fill(&mut header.author);
    fill(&mut header.id);
    for attribute in [
        &mut header.dbms,
        &mut header.context,
        &mut header.labels,
        &mut header.logical_file_path,
    ]
    .into_iter()
    .flatten()
    {
        fill(attribute);
    }
    header
}

impl Open {
    fn add(&mut self, line: &str, mark: Mark<'_>) {
        match mark {
            Mark::Sql => {
                self.sql.push_str(line);
                self.sql.push('\n');
                self.text.push_str(line);
            }
            // It is refused where the changeset is executed.
            Mark::Precondition(_) => self.text.push_str(line),
            Mark::Comment(comment) => self.comment = comment.to_owned(),
            Mark::ValidCheckSum(sum) => self.sums.add_valid(sum),
            _ => {}
        }
        self.text.push('\n');
    }

    fn close(mut self, parameters: &Parameters) -> Result<Changeset, Fault> {
        let Filled { text: sql, unknown } = parameters.fill(&self.sql);
        if sql.trim().is_empty() {
            let (author, id) = (&self.header.author, &self.header.id);
            let fault = format!("changeset {author}:{id} holds no SQL, which liquibase refuses");
            return Err((self.line, fault));
        }
        self.sums.own = unknown.is_none().then(|| liquibase(&[sql.trim()]));
        Ok(Changeset {
            id: self.header.id.clone(),
            author: self.header.author.clone(),
            path: self.header.logical_file_path.clone().or(self.path),
            run_on_change: self.header.run_on_change,
            run_always: self.header.run_always,
            dbms: self.header.dbms.clone().unwrap_or_default(),
            is_ignored: self.header.ignore,
            sums: self.sums,
            sql: Some(Sql {
                line: self.line,
                header: self.header,
                text: parameters.fill(&self.text).text,
                unknown,
                comment: self.comment,
            }),
        })
    }
}

impl Sums {
    fn add_valid(&mut self, sum: &str) {
        let bare = sum.strip_prefix("1:").unwrap_or(sum);
        match ["any", "all", "*"]
            .iter()
            .any(|any| bare.eq_ignore_ascii_case(any))
        {
            true => self.any = true,
            false => self.valid.push(sum.to_owned()),
        }
    }
}

/// The value of the last `name:value` in a line.
fn attribute(line: &str, name: &str) -> Option<String> {
    let lower = line.to_ascii_lowercase();
    let mark = format!("{}:", name.to_ascii_lowercase());
    let at = lower.rfind(&mark)?;
    let value = line[at + mark.len()..].split_whitespace().next()?;
    Some(value.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::{Changeset, Fault, Parameters, read};

    fn changesets(text: &str) -> Result<Vec<Changeset>, Fault> {
        read(text, &mut Parameters::default()).unwrap()
    }

    fn only(body: &str) -> Changeset {
        let text = format!("--liquibase formatted sql\n--changeset a:1\n{body}");
        changesets(&text).unwrap().remove(0)
    }

    #[test]
    fn changesets_are_read_with_their_authors() {
        let found = changesets(
            "--liquibase formatted sql logicalFilePath:app.sql\n\n--changeset ann:create-users runOnChange:true\n\
             CREATE TABLE users (id int);\n--rollback DROP TABLE users;\n\n-- changeset \"bob b\":2 dbms:h2\nSELECT ${x};\n",
        )
        .unwrap();
        let [ann, bob] = found.as_slice() else {
            panic!("{found:?}")
        };
        assert_eq!(
            (ann.author.as_str(), ann.id.as_str()),
            ("ann", "create-users")
        );
        assert_eq!(ann.path.as_deref(), Some("app.sql"));
        assert!(ann.run_on_change);
        assert!(ann.sums.own.as_deref().unwrap().starts_with("9:"));
        assert_eq!((bob.author.as_str(), bob.id.as_str()), ("bob b", "2"));
        assert_eq!(bob.dbms, "h2");
        assert_eq!(bob.sums.own, None);
        assert_eq!(bob.sql.as_ref().unwrap().unknown.as_deref(), Some("x"));
    }

    #[test]
    fn blanks_rollbacks_and_ignored_lines_do_not_count() {
        let sum = |body: &str| only(body).sums.own.unwrap();
        let plain = sum("SELECT 1;\n");
        for same in [
            "SELECT\n   1;\n--rollback SELECT 2;\n",
            "--comment why\nSELECT 1;\r\n",
            "SELECT 1;\n/* liquibase rollback\nSELECT 2;\n*/\n",
            "--ignoreLines:1\nSELECT 3;\nSELECT 1;\n",
            "SELECT 1;\n--ignoreLines:start\nSELECT 3;\n--ignoreLines:end\n",
            "--validCheckSum: 9:0\n--property name:a value:b\nSELECT 1;\n",
        ] {
            assert_eq!(sum(same), plain, "{same}");
        }
        assert_ne!(plain, sum("SELECT 2;\n"));
        assert_ne!(plain, sum("SELECT 1; -- why\n"));
    }

    #[test]
    fn lines_keep_their_places_and_parameters_have_their_values() {
        let text = "--liquibase formatted sql\n--property name:t value:users\n--changeset a:1\n\
                    --rollback DROP TABLE ${t};\n--ignoreLines:1\nSELECT 3;\nSELECT * FROM ${t};\n";
        let found = changesets(text).unwrap().remove(0).sql.unwrap();
        assert_eq!(found.line, 3);
        assert_eq!(found.text, "--changeset a:1\n\n\n\nSELECT * FROM users;\n");
        assert_eq!(found.unknown, None);
    }

    #[test]
    fn valid_checksums_are_kept() {
        let found = only("--validCheckSum: 9:abc\n--validCheckSum: ANY\nSELECT 1;\n");
        assert_eq!(found.sums.valid, ["9:abc"]);
        assert!(found.sums.any);
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        for (body, line, fault) in [
            ("--changeset nobody\n", 2, "a changeset is named"),
            (
                "--changeset a:1\n\n--changeset a:2\nSELECT 1;\n",
                2,
                "changeset a:1 holds no SQL",
            ),
            ("--comment x\n", 2, "there is no changeset before"),
            ("--property name:x\n", 2, "a property is"),
        ] {
            let found = changesets(&format!("--liquibase formatted sql\n{body}")).unwrap_err();
            assert_eq!(found.0, line, "{body}");
            assert!(found.1.starts_with(fault), "{found:?}");
        }
    }

    #[test]
    fn other_sql_is_no_changelog() {
        let none = |text: &str| read(text, &mut Parameters::default()).is_none();
        assert!(none("CREATE TABLE a (id int);"));
        assert!(none(""));
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_panic(text in "(--\\s?(changeset|rollback|property|ignoreLines:|comment) ?[\":a-zé]{0,9}|\\PC{0,9}| |\n|\\$\\{){0,12}") {
            let _ = read(&format!("--liquibase formatted sql\n{text}"), &mut Parameters::default());
        }
    }
}
