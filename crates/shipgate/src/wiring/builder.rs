//! The release's Builder: its build and its machines, kept in its directory.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use shipgate_database::DatabaseUrl;
use shipgate_project::{CommandLine, Project};
use shipgate_release::machine::{MachineId, MachineSpec};
use shipgate_release::ports::{Builder, Built, Watch};
use shipgate_release::steps::backup::name_of;
use shipgate_release::store::Store;
use shipgate_release::{Cancel, Failure};
use shipgate_runtime::process::{Machines, Problem, locate};
use shipgate_server::ports_of;

use super::backup::copy_url;
use super::build::{self, Build, Keeper, KeptFile};
use super::migrations::{self, KeptDirectory};
use super::specs::{self, renamed};
use super::whole_file;
use crate::report::bytes;

/// Builds in the project directory, keeps in the release's.
pub(crate) struct ProjectBuilder {
    pub(crate) project: Project,
    /// Everything in the project that decides how the app is run.
    pub(crate) settings: Vec<u8>,
    pub(crate) database: Option<DatabaseUrl>,
    /// The command that migrates, if one does.
    pub(crate) command: Option<CommandLine>,
    /// The migrations that the built-in engine reads, if it does.
    pub(crate) migrations: Option<KeptDirectory>,
    pub(crate) store: Store,
    pub(crate) machines: Machines,
    pub(crate) rehearsals: PathBuf,
    /// The release that serves; its build may turn out to be the same.
    pub(crate) serving: Option<u64>,
}

#[async_trait]
impl Builder for ProjectBuilder {
    async fn build(
        &self,
        release: u64,
        watch: &dyn Watch,
        cancel: &Cancel,
    ) -> Result<Built, Failure> {
        let directory = self.store.directory(release);
        let keeper = Keeper::new(&directory);
        let build = match keeper.kept() {
            Some(build) => build,
            None => {
                self.make(&directory, watch, cancel).await?;
                let files = self.files()?;
                let build = keeper.keep(&files, &self.settings)?;
                self.check_programs(release, &keeper, &files).await?;
                build
            }
        };
        let same = self.serving_build()?.map(|serving| serving.fingerprint)
            == Some(build.fingerprint.clone());
        let what = format!(
            "{} file{}, {}",
            build.files,
            if build.files == 1 { "" } else { "s" },
            bytes(build.bytes)
        );
        Ok(Built {
            summary: match (same, self.serving) {
                (true, Some(serving)) => format!("{what}, the same as release {serving}"),
                _ => what,
            },
            same_as_serving: same,
        })
    }

    async fn machines(&self, release: u64, build_of: u64) -> Result<Vec<MachineSpec>, Failure> {
        let path = self.machines_path(release);
        if path.exists() {
            return read_machines(&path);
        }
        let mut taken = ports_of(&self.machines);
        let specs = if build_of == release {
            self.site(
                release,
                Keeper::new(&self.store.directory(release)).directory(),
            )
            .machines(&mut taken)?
        } else {
            read_machines(&self.machines_path(build_of))?
                .iter()
                .map(|spec| {
                    let number = number_of(&spec.id);
                    let id = MachineId::new(release, &spec.group, number);
                    renamed(spec, id, release, &mut taken, None)
                })
                .collect::<Result<_, _>>()?
        };
        write_machines(&path, &specs)?;
        Ok(specs)
    }

    async fn trial(&self, release: u64, serving: u64) -> Result<Vec<MachineSpec>, Failure> {
        let Some(live) = &self.database else {
            return Ok(Vec::new());
        };
        let copy = self.rehearsal_url(release)?;
        let mut taken = ports_of(&self.machines);
        let mut groups = BTreeSet::new();
        let mut specs = Vec::new();
        for spec in read_machines(&self.machines_path(serving))? {
            // A machine without checks proves nothing but that it starts, and
            // a worker might do its work twice.
            if spec.checks.is_empty() || !groups.insert(spec.group.clone()) {
                continue;
            }
            let id = MachineId::new(release, &format!("trial-{}", spec.group), 1);
            let mut spec = renamed(&spec, id, release, &mut taken, Some((live, &copy)))?;
            spec.routed = false;
            spec.restart = shipgate_release::machine::RestartPolicy::No;
            specs.push(spec);
        }
        Ok(specs)
    }
}

impl ProjectBuilder {
    async fn make(
        &self,
        directory: &Path,
        watch: &dyn Watch,
        cancel: &Cancel,
    ) -> Result<(), Failure> {
        let Some(command) = &self.project.build.command else {
            return Ok(());
        };
        build::run_command(
            &command.value,
            &self.project.directory,
            &directory.join("build.log"),
            self.project.build.limit(),
            watch,
            cancel,
        )
        .await
    }

    /// The app's files and the migrations, which land in `.migrations`: what a
    /// release applies does not change under it.
    fn files(&self) -> Result<Vec<KeptFile>, Failure> {
        let include = self.project.build.include.as_deref();
        let mut files = build::chosen(&self.project.directory, include)?;
        if let Some(directory) = &self.migrations {
            files.extend(migrations::files(&self.project, directory)?);
        }
        Ok(files)
    }

    /// Whether every program of the release could be executed: better asked
    /// now than when the schema has changed.
    async fn check_programs(
        &self,
        release: u64,
        keeper: &Keeper<'_>,
        files: &[KeptFile],
    ) -> Result<(), Failure> {
        let mut specs = self.machines(release, release).await?;
        if let Some(command) = &self.command {
            let tag = MachineId::new(release, "migrate", 1);
            let site = self.site(release, keeper.directory());
            specs.push(site.release_command(&tag, command, &BTreeMap::new())?);
        }
        for spec in specs {
            if let Err(problem) = locate(&spec) {
                return Err(program_failure(&problem, &spec.group, keeper, files));
            }
        }
        Ok(())
    }

    fn site(&self, release: u64, build: PathBuf) -> specs::Site<'_> {
        specs::Site {
            project: &self.project,
            release,
            build,
            database: self.database.as_ref(),
        }
    }

    fn rehearsal_url(&self, release: u64) -> Result<DatabaseUrl, Failure> {
        self.database
            .as_ref()
            .ok_or_else(|| Failure::new("no-database", "there is no database to copy"))
            .and_then(|live| copy_url(live, &self.rehearsals, &name_of(release)))
    }

    fn serving_build(&self) -> Result<Option<Build>, Failure> {
        let Some(serving) = self.serving else {
            return Ok(None);
        };
        let origin = build_of(&self.store, serving)?;
        Ok(Keeper::new(&self.store.directory(origin)).kept())
    }

    fn machines_path(&self, release: u64) -> PathBuf {
        self.store.directory(release).join("machines.json")
    }
}

/// A program that cannot be executed, told in the project's paths: those of
/// the build are not where it is to be mended.
fn program_failure(
    problem: &Problem,
    group: &str,
    keeper: &Keeper<'_>,
    files: &[KeptFile],
) -> Failure {
    let build = keeper.directory();
    let in_project = |text: String| {
        let build = build.display();
        // A command may write `./server`; both are the same file.
        let text = text.replace(&format!("{build}/./"), &format!("{build}/"));
        files.iter().fold(text, |text, file| {
            let kept = format!("{build}/{}", file.to.display());
            replace_path(&text, &kept, &file.from.display().to_string())
        })
    };
    let message = in_project(format!("process group `{group}`: {problem}"));
    let failure = Failure::new("program", message);
    match (problem.hint(), problem) {
        (Some(hint), _) => failure.with_hint(in_project(hint)),
        (None, Problem::NoSuchFile { path }) if path.starts_with(&build) => {
            failure.with_hint("`[build] include` names the files a build keeps; is it among them?")
        }
        (None, _) => failure,
    }
}

/// `text` with `new` for the path `old`, but not for longer paths that begin with it.
fn replace_path(text: &str, old: &str, new: &str) -> String {
    let goes_on = |letter: char| letter.is_alphanumeric() || "-_./".contains(letter);
    let mut shown = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(old) {
        let (before, after) = (&rest[..at], &rest[at + old.len()..]);
        shown.push_str(before);
        shown.push_str(if after.starts_with(goes_on) { old } else { new });
        rest = after;
    }
    shown + rest
}

/// The release whose build a release promoted: its own, or for a rollback the
/// one it went back to.
pub(crate) fn build_of(store: &Store, release: u64) -> Result<u64, Failure> {
    use shipgate_release::journal::ReleaseKind;
    let mut release = release;
    loop {
        let recorded = store
            .read(release)
            .map_err(|error| Failure::new("journal", error.to_string()))?;
        match recorded.state.head().map(|head| &head.kind) {
            Some(ReleaseKind::Rollback { to, .. }) if *to < release => release = *to,
            _ => return Ok(release),
        }
    }
}

/// The number at the end of a machine's name.
fn number_of(id: &MachineId) -> usize {
    id.as_str()
        .rsplit('-')
        .next()
        .and_then(|number| number.parse().ok())
        .unwrap_or(1)
}

fn read_machines(path: &Path) -> Result<Vec<MachineSpec>, Failure> {
    let failed = |why: String| {
        Failure::new(
            "machines-file",
            format!("cannot read {}: {why}", path.display()),
        )
    };
    let bytes = fs::read(path).map_err(|error| failed(error.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|error| failed(error.to_string()))
}

/// Writes the specifications, which hold secrets: mode 0600.
fn write_machines(path: &Path, specs: &[MachineSpec]) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(
            "machines-file",
            format!("cannot write {}: {error}", path.display()),
        )
    };
    let bytes = serde_json::to_vec_pretty(specs).map_err(|error| failed(error.into()))?;
    whole_file::write(path, &bytes).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::replace_path;

    #[test]
    fn a_path_is_replaced_where_it_ends() {
        let shown = |text| replace_path(text, "/b/run", "/p/run");
        assert_eq!(shown("chmod +x /b/run"), "chmod +x /p/run");
        assert_eq!(shown("`/b/run` is empty"), "`/p/run` is empty");
        assert_eq!(
            shown("/b/run.sh and /b/run, both"),
            "/b/run.sh and /p/run, both"
        );
    }
}
