//! The program itself: what it says and how it ends.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};

fn notes() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_notes"));
    command.env_clear().stderr(Stdio::piped());
    command
}

#[test]
fn a_signal_stops_it_and_it_ends_well() {
    for name in ["INT", "TERM"] {
        let mut child = notes()
            .arg("serve")
            .env("PORT", "0")
            .env("DATABASE_URL", "sqlite://none.db")
            .spawn()
            .expect("it starts");
        let mut said = BufReader::new(child.stderr.take().expect("it is piped"));
        let mut line = String::new();
        said.read_line(&mut line).expect("a line");
        assert!(line.contains(" listens on http://127.0.0.1:"), "{line}");
        let kill = format!("kill -{name} {}", child.id());
        let killed = Command::new("sh")
            .args(["-c", &kill])
            .status()
            .expect("a shell");
        assert!(killed.success());
        let mut rest = String::new();
        said.read_to_string(&mut rest).expect("the rest");
        assert!(rest.ends_with("stopped\n"), "{rest}");
        assert_eq!(child.wait().expect("it ends").code(), Some(0));
    }
}

#[test]
fn wrong_arguments_end_with_the_usage_and_code_2() {
    let output = notes().arg("sevre").output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "usage: notes serve\n"
    );
}

#[test]
fn a_missing_database_url_ends_it_with_the_reason() {
    let output = notes().arg("serve").output().expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "error: DATABASE_URL is not set; write for example sqlite:///var/lib/notes.db\n"
    );
}
