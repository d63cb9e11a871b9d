//! What a run of a command leaves behind: its end, and every line it wrote.

use crate::support::{Yard, example, within};
use shipgate_release::machine::ExitCause;
use shipgate_runtime::log::Stream;
use shipgate_runtime::process::{EventKind, Machines, State};

#[tokio::test]
async fn the_exit_code_is_kept() {
    let yard = Yard::new();
    let spec = yard.script("exit 7");
    yard.machines.launch(&spec).await.expect("launched");
    let exit = within(yard.machines.wait(&spec.id)).await.expect("ended");
    assert_eq!(exit.cause, ExitCause::Code(7));
    assert_eq!(
        yard.machines.state(&spec.id).expect("readable"),
        State::Exited(exit)
    );
}

#[tokio::test]
async fn the_signal_that_killed_it_is_kept() {
    let yard = Yard::new();
    let spec = yard.script("kill -SEGV $$");
    yard.machines.launch(&spec).await.expect("launched");
    let exit = within(yard.machines.wait(&spec.id)).await.expect("ended");
    assert_eq!(exit.cause, ExitCause::Signal(11));
}

#[tokio::test]
async fn both_streams_are_logged_with_their_names() {
    let yard = Yard::new();
    let spec = yard.script("echo one; echo two >&2; printf three");
    yard.machines.launch(&spec).await.expect("launched");
    within(yard.machines.wait(&spec.id)).await.expect("ended");
    let mut lines: Vec<_> = yard
        .machines
        .log(&spec.id)
        .read_all()
        .expect("readable")
        .iter()
        .map(|line| (line.stream, line.text().into_owned(), line.partial))
        .collect();
    lines.sort_by_key(|(stream, ..)| *stream == Stream::Err);
    assert_eq!(
        lines,
        [
            (Stream::Out, "one".to_owned(), false),
            (Stream::Out, "three".to_owned(), true),
            (Stream::Err, "two".to_owned(), false),
        ]
    );
}

#[tokio::test]
async fn secrets_are_masked_in_the_log() {
    let yard = Yard::new();
    let mut spec = yard.script("echo the token is $TOKEN; echo $TOKEN >&2");
    spec.env
        .insert("TOKEN".to_owned(), "correct-horse".to_owned());
    spec.secrets = shipgate_release::Secrets::new(["correct-horse".to_owned()]);
    yard.machines.launch(&spec).await.expect("launched");
    within(yard.machines.wait(&spec.id)).await.expect("ended");
    let log = yard.machines.log(&spec.id);
    let mut lines: Vec<_> = log
        .read_all()
        .expect("readable")
        .iter()
        .map(|line| line.text().into_owned())
        .collect();
    lines.sort();
    assert_eq!(lines, ["***", "the token is ***"]);
}

#[tokio::test]
async fn a_line_of_a_megabyte_is_kept_whole_in_pieces() {
    let yard = Yard::new();
    let app = example("app");
    let spec = yard.spec(&[&app.to_string_lossy(), "flood", "1000000"]);
    yard.machines.launch(&spec).await.expect("launched");
    within(yard.machines.wait(&spec.id)).await.expect("ended");
    let lines = yard.machines.log(&spec.id).read_all().expect("readable");
    let (last, pieces) = lines.split_last().expect("lines");
    assert_eq!(last.bytes, b"end");
    let whole: Vec<u8> = pieces.iter().flat_map(|line| line.bytes.clone()).collect();
    assert_eq!(whole, vec![b'x'; 1_000_000]);
    let ends = pieces.iter().filter(|line| !line.partial).count();
    assert_eq!(ends, 1);
}

#[tokio::test]
async fn binary_output_and_broken_utf8_come_back_to_the_byte() {
    let yard = Yard::new();
    let bytes: Vec<u8> = (0..=255_u8).filter(|byte| *byte != b'\n').collect();
    yard.file("binary", &bytes, 0o644);
    let spec = yard.script("cat binary; echo");
    yard.machines.launch(&spec).await.expect("launched");
    within(yard.machines.wait(&spec.id)).await.expect("ended");
    let lines = yard.machines.log(&spec.id).read_all().expect("readable");
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].bytes, bytes);
}

#[tokio::test]
async fn the_environment_is_the_one_given_and_nothing_else() {
    let yard = Yard::new();
    let mut spec = yard.spec(&["/usr/bin/env"]);
    spec.env = [("GREETING", "hello"), ("EMPTY", "")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    yard.machines.launch(&spec).await.expect("launched");
    within(yard.machines.wait(&spec.id)).await.expect("ended");
    let mut output = yard.output(&spec.id);
    output.sort();
    assert_eq!(output, ["EMPTY=", "GREETING=hello"]);
}

#[tokio::test]
async fn it_runs_in_its_directory_and_relative_programs_are_found_there() {
    let yard = Yard::new();
    std::fs::create_dir(yard.path("bin")).expect("created");
    yard.file("bin/where", "#!/bin/sh\npwd -P\necho \"$0\"\n", 0o755);
    let spec = yard.spec(&["bin/where"]);
    yard.machines.launch(&spec).await.expect("launched");
    within(yard.machines.wait(&spec.id)).await.expect("ended");
    let directory = yard.directory.path().canonicalize().expect("there");
    let output = yard.output(&spec.id);
    assert_eq!(output[0], directory.to_string_lossy());
}

#[tokio::test]
async fn standard_input_is_empty() {
    let yard = Yard::new();
    let spec = yard.spec(&["cat"]);
    yard.machines.launch(&spec).await.expect("launched");
    let exit = within(yard.machines.wait(&spec.id)).await.expect("ended");
    assert_eq!(exit.cause, ExitCause::Code(0));
}

#[tokio::test]
async fn no_file_its_starter_had_open_stays_open() {
    let yard = Yard::new();
    let keeper = format!(
        "#!/bin/sh\nexec 8> {}\nexec {} \"$@\"\n",
        yard.path("held").display(),
        example("keeper").display()
    );
    let wrapper = yard.file("keeper", keeper, 0o755);
    let machines = Machines::open(yard.machines.root(), [wrapper]).expect("opened");
    let spec = yard.script("readlink /proc/$$/fd/* /proc/$PPID/fd/*");
    machines.launch(&spec).await.expect("launched");
    within(machines.wait(&spec.id)).await.expect("ended");
    let open = yard.output(&spec.id);
    assert!(yard.path("held").exists());
    assert!(
        open.iter().any(|name| name.ends_with("/keeper.lock")),
        "{open:?}"
    );
    assert!(!open.iter().any(|name| name.ends_with("/held")), "{open:?}");
}

#[tokio::test]
async fn the_history_tells_start_and_end() {
    let yard = Yard::new();
    let spec = yard.script("exit 3");
    yard.machines.launch(&spec).await.expect("launched");
    let exit = within(yard.machines.wait(&spec.id)).await.expect("ended");
    let history = yard.machines.history(&spec.id).expect("readable");
    let kinds: Vec<_> = history.into_iter().map(|event| event.kind).collect();
    assert!(matches!(kinds[0], EventKind::Started { .. }));
    assert_eq!(kinds[1..], [EventKind::Exited { exit }]);
}

#[tokio::test]
async fn nothing_of_a_machine_may_be_read_by_others() {
    use std::os::unix::fs::PermissionsExt;
    let yard = Yard::new();
    let spec = yard.script("echo secret");
    yard.machines.launch(&spec).await.expect("launched");
    within(yard.machines.wait(&spec.id)).await.expect("ended");
    assert!(yard.machines.is_private().expect("readable"));
    let directory = yard.machines.root().join(spec.id.as_str());
    for entry in std::fs::read_dir(directory).expect("readable") {
        let entry = entry.expect("readable");
        let mode = entry.metadata().expect("there").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", entry.path().display());
    }
}

#[tokio::test]
async fn a_removed_machine_is_gone() {
    let yard = Yard::new();
    let spec = yard.script("true");
    yard.machines.launch(&spec).await.expect("launched");
    within(yard.machines.wait(&spec.id)).await.expect("ended");
    let listed = yard.machines.list().expect("readable");
    assert_eq!(listed, std::slice::from_ref(&spec.id));
    yard.machines.remove(&spec.id).await.expect("removed");
    assert_eq!(yard.machines.list().expect("readable"), []);
    assert_eq!(
        yard.machines.state(&spec.id).expect("readable"),
        State::Absent
    );
}
