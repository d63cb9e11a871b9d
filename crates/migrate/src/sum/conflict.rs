//! Conflict markers that a merge left in `atlas.sum`.

use std::fmt;

/// One conflict: the lines of its markers, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The line of `<<<<<<<`, or of the first marker that is there.
    pub first_line: usize,
    /// The line of `>>>>>>>`, or of the last marker that is there.
    pub last_line: usize,
    /// What the opening marker calls its side.
    pub ours: ConflictSide,
    /// What the closing marker calls its side.
    pub theirs: ConflictSide,
}

/// The name a marker gives its side: a branch, `HEAD`, a commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConflictSide(pub String);

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "atlas.sum has a git conflict in lines {} to {}",
            self.first_line, self.last_line
        )?;
        match (self.ours.0.as_str(), self.theirs.0.as_str()) {
            ("", "") => Ok(()),
            (ours, theirs) => write!(f, " ({ours} against {theirs})"),
        }
    }
}

/// The conflicts in a text, in order.
pub(super) fn find(content: &str) -> Vec<Conflict> {
    let mut conflicts: Vec<Conflict> = Vec::new();
    let mut open: Option<Conflict> = None;
    for (line, text) in (1..).zip(content.lines()) {
        let side = |marker: &str| {
            let rest = text.strip_prefix(marker)?;
            (rest.is_empty() || rest.starts_with(' ')).then(|| ConflictSide(rest.trim().to_owned()))
        };
        if let Some(ours) = side("<<<<<<<") {
            conflicts.extend(open.take());
            open = Some(Conflict {
                first_line: line,
                last_line: line,
                ours,
                theirs: ConflictSide::default(),
            });
        } else if side("=======").is_some() || side("|||||||").is_some() {
            open.get_or_insert_with(|| Conflict {
                first_line: line,
                last_line: line,
                ours: ConflictSide::default(),
                theirs: ConflictSide::default(),
            })
            .last_line = line;
        } else if let Some(theirs) = side(">>>>>>>") {
            let mut conflict = open.take().unwrap_or_else(|| Conflict {
                first_line: line,
                last_line: line,
                ours: ConflictSide::default(),
                theirs: ConflictSide::default(),
            });
            conflict.last_line = line;
            conflict.theirs = theirs;
            conflicts.push(conflict);
        }
    }
    conflicts.extend(open);
    conflicts
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn a_conflict_is_told_with_its_lines_and_sides() {
        let content = "<<<<<<< HEAD\nh1:a\n=======\nh1:b\n>>>>>>> feature\n1_a.sql h1:c\n";
        let conflicts = find(content);
        assert_eq!(conflicts.len(), 1);
        assert_eq!(
            conflicts[0].to_string(),
            "atlas.sum has a git conflict in lines 1 to 5 (HEAD against feature)"
        );
    }

    #[test]
    fn several_conflicts_and_leftover_markers_are_all_found() {
        let content = "<<<<<<< a\n=======\n>>>>>>> b\nx h1:\n<<<<<<< a\n||||||| base\n=======\n>>>>>>> b\n=======\n";
        let lines: Vec<_> = find(content)
            .iter()
            .map(|c| (c.first_line, c.last_line))
            .collect();
        assert_eq!(lines, [(1, 3), (5, 8), (9, 9)]);
    }
}
