//! One revision, read from its file as text.

use crate::project::{Project, ReadError, join};
use crate::text::python::Module;

/// A revision and what it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Revision {
    pub(super) id: String,
    /// What it comes after; several for a merge.
    pub(super) down: Vec<String>,
    pub(super) depends_on: Vec<String>,
    pub(super) labels: Vec<String>,
    /// The first line of the file's own text.
    pub(super) message: String,
    pub(super) file: String,
}

impl Revision {
    /// The revision of a file; `None` if it assigns no `revision`.
    pub(super) fn of(path: &str, text: &str) -> Result<Option<Self>, ReadError> {
        let module = Module::new(text);
        let Some(revision) = module.assigned("revision") else {
            return Ok(None);
        };
        let wrong = |line: usize, message: String| ReadError::Content {
            path: path.to_owned(),
            line,
            message,
        };
        let Some(id) = revision.value.text() else {
            return Err(wrong(
                revision.line,
                "revision is computed; it can only be read if it is a text".to_owned(),
            ));
        };
        let texts = |name: &str| {
            match module.assigned(name) {
            None => Ok(Vec::new()),
            Some(assigned) => assigned.value.texts().ok_or_else(|| {
                wrong(
                    assigned.line,
                    format!("{name} is computed; it can only be read if it is a text, a tuple of texts, or None"),
                )
            }),
        }
        };
        if module.assigned("down_revision").is_none() {
            return Err(wrong(
                revision.line,
                "down_revision is not assigned beside revision; the first revision has None"
                    .to_owned(),
            ));
        }
        Ok(Some(Self {
            id: id.to_owned(),
            down: texts("down_revision")?,
            depends_on: texts("depends_on")?,
            labels: texts("branch_labels")?,
            message: message(text),
            file: path.to_owned(),
        }))
    }
}

/// The revisions of a directory; those in directories below it too if asked for.
pub(super) fn read_all(
    project: &Project,
    directory: &str,
    recursive: bool,
    notes: &mut Vec<String>,
) -> Result<Vec<Revision>, ReadError> {
    let names = if recursive {
        project.files_below(directory)
    } else {
        project.files(directory)
    };
    let mut revisions = Vec::new();
    for name in names {
        let is_source = name.ends_with(".py") && !name.ends_with("__init__.py");
        if !is_source || name == "env.py" {
            continue;
        }
        let path = join(directory, &name);
        match Revision::of(&path, &project.read_text(&path)?)? {
            Some(revision) => revisions.push(revision),
            None => notes.push(format!("{path} assigns no revision and is left out")),
        }
    }
    Ok(revisions)
}

/// The first line of a module's own text.
fn message(text: &str) -> String {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let body = ["\"\"\"", "'''", "\"", "'"]
        .iter()
        .find_map(|quote| text.strip_prefix(quote));
    let line = body
        .unwrap_or_default()
        .lines()
        .find(|line| !line.trim().is_empty());
    line.unwrap_or_default()
        .trim()
        .trim_end_matches(['"', '\''])
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::Revision;

    #[test]
    fn a_generated_file_is_read() {
        let text = "\"\"\"add users\n\nRevision ID: 1975ea83b712\nRevises: ae1027a6acf\n\"\"\"\nfrom alembic import op\n\
            # revision identifiers, used by Alembic.\nrevision: str = '1975ea83b712'\n\
            down_revision: Union[str, Sequence[str], None] = 'ae1027a6acf'\n\
            branch_labels: Union[str, Sequence[str], None] = ('shop',)\ndepends_on = None\n";
        let found = Revision::of("x.py", text).unwrap().unwrap();
        assert_eq!(found.id, "1975ea83b712");
        assert_eq!(found.down, ["ae1027a6acf"]);
        assert_eq!(found.labels, ["shop"]);
        assert!(found.depends_on.is_empty());
        assert_eq!(found.message, "add users");
    }

    #[test]
    fn a_merge_names_several() {
        for down in [
            "('a', 'b')",
            "['a', \"b\"]",
            "'a', 'b'",
            "(\n  'a',\n  'b',\n)",
        ] {
            let text = format!("revision = 'm'\ndown_revision = {down}\n");
            let found = Revision::of("x.py", &text).unwrap().unwrap();
            assert_eq!(found.down, ["a", "b"], "{down}");
        }
    }

    #[test]
    fn a_revision_whose_place_is_unknown_is_named() {
        let text = "revision = 'a'\nif x:\n    down_revision = 'b'\n";
        let error = Revision::of("v/x.py", text).unwrap_err().to_string();
        assert_eq!(
            error,
            "v/x.py:1: down_revision is not assigned beside revision; the first revision has None"
        );
    }

    #[test]
    fn what_is_computed_is_named_with_its_line() {
        let error = Revision::of("v/x.py", "import a\nrevision = a.b\n").unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("v/x.py:2: revision is computed")
        );
        assert_eq!(Revision::of("x.py", "x = 1\n").unwrap(), None);
    }
}
