//! Finding a command's program, and saying exactly why it cannot run.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};
use shipgate_release::machine::MachineSpec;

use super::problem::Problem;

/// Where programs are looked for when the machine's environment has no PATH.
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// How much of a file is looked at to tell what it is (the kernel's own
/// limit for a `#!` line).
const HEAD: usize = 256;

/// The program of `spec`, as an absolute path, after everything that can be
/// known before the start was checked.
///
/// A name without a slash is looked up in the PATH of the machine's own
/// environment; relative paths mean the machine's directory.
///
/// # Errors
/// Why it could not be executed.
pub fn locate(spec: &MachineSpec) -> Result<PathBuf, Problem> {
    check_words(spec)?;
    check_directory(&spec.directory)?;
    let program = spec.command.first().ok_or(Problem::EmptyCommand)?;
    let path = if program.contains('/') {
        let path = spec.directory.join(program);
        check_file(&path)?;
        path
    } else {
        search(program, spec)?
    };
    check_format(&path)?;
    Ok(path)
}

/// Whether a file could be executed: it is there, it may be, and it says what
/// runs it.
///
/// # Errors
/// Why it could not.
pub fn check_program(path: &Path) -> Result<(), Problem> {
    check_file(path)?;
    check_format(path)
}

/// Translates the error of an exec of `path` that [`locate`] had found well.
pub(crate) fn explain(path: &Path, error: &io::Error) -> Problem {
    use rustix::io::Errno;
    let path = path.to_owned();
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::ACCESS | Errno::PERM) => Problem::PermissionDenied { path },
        Some(Errno::NOEXEC) => Problem::WrongFormat { path },
        Some(Errno::TOOBIG) => Problem::TooLong,
        Some(Errno::AGAIN) => Problem::TooManyProcesses,
        Some(Errno::NOENT) => match loader(&path) {
            Some(loader) => Problem::LoaderMissing { path, loader },
            None => Problem::NoSuchFile { path },
        },
        _ => Problem::System {
            path,
            error: error.to_string(),
        },
    }
}

fn check_words(spec: &MachineSpec) -> Result<(), Problem> {
    let nul = |what: String| Err(Problem::NulByte { what });
    if spec.command.first().is_none_or(String::is_empty) {
        return Err(Problem::EmptyCommand);
    }
    if spec.command.iter().any(|word| word.contains('\0')) {
        return nul("the command".to_owned());
    }
    match spec
        .env
        .iter()
        .find(|(name, value)| name.contains('\0') || value.contains('\0'))
    {
        Some((name, _)) => nul(format!("the variable `{}`", name.escape_debug())),
        None => Ok(()),
    }
}

fn check_directory(path: &Path) -> Result<(), Problem> {
    let path = path.to_owned();
    if !path.is_absolute() {
        return Err(Problem::RelativeDirectory { path });
    }
    match fs::metadata(&path) {
        Ok(found) if !found.is_dir() => Err(Problem::NotADirectory { path }),
        Ok(_) if access(&path, Access::EXEC_OK).is_err() => Err(Problem::PermissionDenied { path }),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(Problem::DirectoryMissing { path })
        }
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            Err(Problem::NotADirectory { path })
        }
        Err(error) => Err(explain(&path, &error)),
    }
}

fn check_file(path: &Path) -> Result<(), Problem> {
    let owned = || path.to_owned();
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(Problem::IsDirectory { path: owned() }),
        Ok(found) if found.permissions().mode() & 0o111 == 0 => {
            Err(Problem::NotExecutable { path: owned() })
        }
        Ok(_) if access(path, Access::EXEC_OK).is_err() => {
            Err(Problem::PermissionDenied { path: owned() })
        }
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Err(Problem::PermissionDenied { path: owned() })
        }
        Err(_) => Err(Problem::NoSuchFile { path: owned() }),
    }
}

fn search(program: &str, spec: &MachineSpec) -> Result<PathBuf, Problem> {
    let set = spec.env.get("PATH");
    let directories = set.map_or(DEFAULT_PATH, String::as_str);
    let mut best = None;
    for directory in directories.split(':') {
        // An empty entry means the working directory, as in every shell.
        let path = spec.directory.join(directory).join(program);
        match check_file(&path) {
            Ok(()) => return Ok(path),
            Err(Problem::NoSuchFile { .. } | Problem::IsDirectory { .. }) => {}
            Err(problem) => best = best.or(Some(problem)),
        }
    }
    Err(best.unwrap_or_else(|| Problem::NotInPath {
        program: program.to_owned(),
        searched: directories.split(':').map(str::to_owned).collect(),
        path_is_set: set.is_some(),
    }))
}

/// Looks for scripts that the kernel refuses, but which some C libraries hand
/// to a shell behind everyone's back.
fn check_format(path: &Path) -> Result<(), Problem> {
    let mut head = [0; HEAD];
    // What may be executed but not read can only be tried.
    let Ok(read) = File::open(path).and_then(|mut file| file.read(&mut head)) else {
        return Ok(());
    };
    let head = head.get(..read).unwrap_or_default();
    if let Some(line) = head.strip_prefix(b"#!") {
        return check_interpreter(path, line);
    }
    if head.is_empty() {
        return Err(Problem::EmptyFile {
            path: path.to_owned(),
        });
    }
    if head.starts_with(b"\x7fELF") {
        return check_processor(path, head);
    }
    if !head.contains(&0) {
        return Err(Problem::NoShebang {
            path: path.to_owned(),
        });
    }
    Ok(())
}

/// Compares the processor a program is for with the one this keeper is for.
fn check_processor(path: &Path, head: &[u8]) -> Result<(), Problem> {
    const I386: u16 = 3;
    const X86_64: u16 = 62;
    let processor = |head: &[u8]| Some(u16::from_le_bytes(head.get(18..20)?.try_into().ok()?));
    let mut own = [0; 20];
    let read = File::open("/proc/self/exe").and_then(|mut file| file.read_exact(&mut own));
    let (Ok(()), Some(wanted), Some(own)) = (read, processor(head), processor(&own)) else {
        return Ok(());
    };
    let runs = wanted == own || (own, wanted) == (X86_64, I386) || emulates();
    if runs {
        Ok(())
    } else {
        Err(Problem::WrongFormat {
            path: path.to_owned(),
        })
    }
}

/// Whether the kernel was told of interpreters for foreign formats.
fn emulates() -> bool {
    fs::read_dir("/proc/sys/fs/binfmt_misc").is_ok_and(|entries| {
        entries.flatten().any(|entry| {
            !["register", "status"]
                .iter()
                .any(|name| entry.file_name() == *name)
        })
    })
}

fn check_interpreter(path: &Path, line: &[u8]) -> Result<(), Problem> {
    let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let interpreter = String::from_utf8_lossy(line)
        .trim_matches([' ', '\t'])
        .split([' ', '\t'])
        .next()
        .unwrap_or_default()
        .to_owned();
    if interpreter.is_empty() {
        return Err(Problem::NoShebang {
            path: path.to_owned(),
        });
    }
    match fs::metadata(&interpreter) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Problem::InterpreterMissing {
            path: path.to_owned(),
            interpreter,
        }),
        _ => Ok(()),
    }
}

/// The dynamic loader a program asks for (`PT_INTERP`), if that is missing.
///
/// Format: elf(5), 64-bit little-endian, which is what this product runs on.
fn loader(path: &Path) -> Option<String> {
    const PT_INTERP: u32 = 3;
    const HEADER: usize = 56;
    let file = File::open(path).ok()?;
    let mut head = [0; 64];
    file.read_exact_at(&mut head, 0).ok()?;
    if !head.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let word =
        |bytes: &[u8], at: usize| Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
    let table = word(&head, 32)?;
    let count = u16::from_le_bytes(head.get(56..58)?.try_into().ok()?);
    for index in 0..u64::from(count) {
        let mut entry = [0; HEADER];
        file.read_exact_at(&mut entry, table + index * HEADER as u64)
            .ok()?;
        if u32::from_le_bytes(entry.get(..4)?.try_into().ok()?) != PT_INTERP {
            continue;
        }
        let size = usize::try_from(word(&entry, 32)?)
            .ok()
            .filter(|size| *size < 4096)?;
        let mut name = vec![0; size];
        file.read_exact_at(&mut name, word(&entry, 8)?).ok()?;
        let name = String::from_utf8_lossy(&name)
            .trim_end_matches('\0')
            .to_owned();
        return (!Path::new(&name).exists()).then_some(name);
    }
    None
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn what_the_kernel_says_is_told_in_words() {
        let told = |errno: Errno| explain(Path::new("/bin/true"), &errno.into()).to_string();
        assert_eq!(
            told(Errno::AGAIN),
            "no further process can be started: the limit of processes is reached"
        );
        assert_eq!(
            told(Errno::ACCESS),
            "permission denied: `/bin/true` may not be executed here"
        );
        assert_eq!(
            told(Errno::NOMEM),
            "cannot start `/bin/true`: Cannot allocate memory (os error 12)"
        );
    }
}
