//! The cargo that the tour's shell and the example's build find first.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// What it does.
pub(crate) enum Cargo {
    /// As little as shows the same.
    Quick,
    /// What it is asked to, without its own lines.
    Real,
}

impl Cargo {
    /// Writes it into `directory`.
    pub(crate) fn write(&self, directory: &Path) {
        fs::create_dir(directory).expect("a directory");
        let path = directory.join("cargo");
        fs::write(&path, self.script()).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("its mode");
    }

    fn script(&self) -> String {
        let script = match self {
            Self::Quick => QUICK,
            Self::Real => REAL,
        };
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tour");
        script
            .replace("{cargo}", env!("CARGO"))
            .replace("{shipgate}", env!("CARGO_BIN_EXE_shipgate"))
            .replace("{target}", &target.display().to_string())
    }
}

const QUICK: &str = "\
#!/bin/sh
set -e
case \"$*\" in
'run --release -- '*)
    shift 3
    exec '{shipgate}' \"$@\" ;;
'run --quiet --release -- '*)
    shift 4
    exec '{shipgate}' \"$@\" ;;
'build --release -p notes --target-dir ../../target')
    '{cargo}' build --quiet -p notes --target-dir '{target}'
    mkdir -p ../../target/release
    cp '{target}/debug/notes' ../../target/release/notes ;;
*)
    echo \"the tour does not know: cargo $*\" >&2
    exit 1 ;;
esac
";

const REAL: &str = "\
#!/bin/sh
export CARGO_TERM_QUIET=true
exec '{cargo}' \"$@\"
";
