//! Programs that stand for migration tools which are not installed here: they
//! refuse to be called in any other way than the tool is, and write the rows it writes.

use std::collections::BTreeSet;

use shipgate_testkit::{Manifest, TestProject, binary};

use crate::support::empty;

/// A project that migrates with a tool.
pub(crate) struct Case {
    /// The tool's title.
    pub(crate) title: &'static str,
    /// The command as its users write it.
    pub(crate) command: &'static str,
    /// The program of that command, in the project.
    pub(crate) program: &'static str,
    /// The project's files.
    pub(crate) files: &'static [(&'static str, &'static str)],
    /// What the tool makes when it applies everything.
    pub(crate) sql: &'static str,
    /// The version it is at then.
    pub(crate) version: &'static str,
}

impl Case {
    /// The words behind the program.
    fn arguments(&self) -> &'static str {
        self.command.split_once(' ').map_or("", |(_, rest)| rest)
    }

    /// The project with a project file that names what it needs.
    pub(crate) fn project(&self) -> TestProject {
        let project = empty();
        for (name, text) in self.files {
            project.file(name, text);
        }
        stand_in(&project, self.program, self.arguments(), self.sql);
        project.manifest(&self.manifest());
        project
    }

    /// A project file without a command.
    pub(crate) fn manifest(&self) -> Manifest {
        let tops = self.files.iter().map(|(name, _)| *name);
        let tops: BTreeSet<&str> = tops
            .chain([self.program, "fake-app"])
            .filter_map(|name| name.split('/').next())
            .collect();
        let tops: Vec<String> = tops.iter().map(|top| format!("{top:?}")).collect();
        Manifest::default()
            .without("database")
            .set("database", "url", "sqlite://data/app.db")
            .set_raw("build", "include", &format!("[{}]", tops.join(", ")))
    }
}

/// Writes a program that stands for a tool. Where a file `fails` is in the
/// project's `bin`, it ends with the code in it after its SQL.
pub(crate) fn stand_in(project: &TestProject, program: &str, arguments: &str, sql: &str) {
    let tool = binary("fake-tool");
    let name = program.rsplit('/').next().unwrap_or(program);
    project.file(&format!("{program}.sql"), sql).script(
        program,
        &format!(
            "#!/bin/sh\n\
             # Stands for {name}.\n\
             if [ \"$*\" != '{arguments}' ]; then\n\
             \techo \"$0: called with $*\" >&2\n\
             \texit 64\n\
             fi\n\
             echo \"VERSION is ${{VERSION-not set}}\"\n\
             {tool} --print '{name} migrates' --sql \"$(cat \"$0.sql\")\" || exit 1\n\
             if [ -e \"${{0%/*}}/fails\" ]; then exit \"$(cat \"${{0%/*}}/fails\")\"; fi\n",
            tool = tool.display()
        ),
    );
}
