//! Whether a process has ended, for processes of this machine.

use std::fs;

/// This process, so that no other is ever taken for it: the machine's boot,
/// the process's namespace, its number and when it started. `None` where
/// `/proc` does not tell.
pub(super) fn this() -> Option<String> {
    let (boot, namespace) = place()?;
    let pid = std::process::id();
    Some(format!("{boot} {namespace} {pid} {}", started(pid)?))
}

/// Whether the process has surely ended: it was one of this machine's and is
/// not there any more.
pub(super) fn has_ended(process: &str) -> bool {
    let parts: Vec<&str> = process.split(' ').collect();
    let [boot, namespace, pid, start] = parts.as_slice() else {
        return false;
    };
    let (Some(here), Ok(pid)) = (place(), pid.parse()) else {
        return false;
    };
    here == ((*boot).to_owned(), (*namespace).to_owned())
        && started(pid).is_none_or(|now| now != *start)
}

/// The machine's boot and the namespace that process numbers are of.
fn place() -> Option<(String, String)> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = fs::read_link("/proc/self/ns/pid").ok()?;
    Some((
        boot.trim().to_owned(),
        namespace.to_string_lossy().into_owned(),
    ))
}

/// When a process started, in ticks since the boot: the 22nd field of its
/// `stat`, whose second is a name in brackets that may hold anything. `None`
/// if it does not run, also if its parent has not asked yet how it ended.
fn started(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace();
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    fields.nth(18).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_runs_has_not_ended() {
        assert!(!has_ended(&this().unwrap()));
    }

    #[test]
    fn a_process_whose_number_is_another_ones_now_has_ended() {
        let mut process = this().unwrap();
        process.push('0');
        assert!(has_ended(&process));
    }

    #[test]
    fn of_another_machine_s_process_nothing_is_known() {
        let process = this().unwrap();
        let (_, rest) = process.split_once(' ').unwrap();
        assert!(!has_ended(&format!("elsewhere {rest}")));
        assert!(!has_ended("nonsense"));
    }
}
