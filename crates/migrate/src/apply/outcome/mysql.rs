//! What MySQL and MariaDB tell of an object.

use shipgate_database::{ErrorKind, Session, StatementError};
use shipgate_sql::Dialect;

use super::Outcome;
use super::subject::{Subject, Thing, ThingKind};
use crate::apply::intent::text;

/// The definition of an object; `None` if it is not there.
pub(super) async fn look(
    session: &mut dyn Session,
    thing: &Thing,
) -> Result<Option<String>, StatementError> {
    let kind = match thing.kind {
        ThingKind::Trigger => "TRIGGER",
        ThingKind::Function => "FUNCTION",
        ThingKind::Procedure => "PROCEDURE",
        ThingKind::Event => "EVENT",
        ThingKind::Sequence => "SEQUENCE",
        ThingKind::Database => "DATABASE",
        _ => "TABLE",
    };
    let question = format!("SHOW CREATE {kind} {}", thing.name.quoted(Dialect::MySql));
    match session.query(&question, &[]).await {
        Ok(rows) => {
            let row = rows
                .first()
                .map(|row| row.iter().map(text).collect::<Vec<_>>());
            Ok(row.map(|row| without_counter(&row.join("\n"))))
        }
        Err(error) if error.kind == ErrorKind::Refused => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether a table that was to be emptied is empty.
pub(super) async fn emptied(
    session: &mut dyn Session,
    subject: &Subject,
) -> Result<Outcome, StatementError> {
    let Some(table) = subject.objects().first() else {
        return Ok(Outcome::Unknown("the table is not known".to_owned()));
    };
    let question = format!(
        "SELECT 1 FROM {} LIMIT 1",
        table.name.quoted(Dialect::MySql)
    );
    let rows = session.query(&question, &[]).await?;
    Ok(if rows.is_empty() {
        Outcome::Applied
    } else {
        Outcome::Unknown("the table has rows, which may have been added since".to_owned())
    })
}

/// A definition without the next number of `AUTO_INCREMENT`, which rows change.
fn without_counter(definition: &str) -> String {
    const COUNTER: &str = " AUTO_INCREMENT=";
    match definition.split_once(COUNTER) {
        None => definition.to_owned(),
        Some((before, after)) => {
            let rest = after.trim_start_matches(|digit: char| digit.is_ascii_digit());
            format!("{before}{rest}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::without_counter;

    #[test]
    fn the_next_number_of_a_counter_is_no_part_of_a_definition() {
        assert_eq!(
            without_counter(
                "t\nCREATE TABLE t (a int) ENGINE=InnoDB AUTO_INCREMENT=42 DEFAULT CHARSET=utf8mb4"
            ),
            "t\nCREATE TABLE t (a int) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4"
        );
    }
}
